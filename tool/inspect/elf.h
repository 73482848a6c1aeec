// What an ELF file on disk says of itself: enough to foresee whether a preload can work and to find a symbol in a live
// process. Reads 64-bit little-endian files; anything else is "not ELF" to it. No state.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace neap {

struct ElfSymbol {
  std::uint64_t address = 0;  // relative to the load address
  std::uint64_t size = 0;
};

struct ElfFacts {
  bool is_elf = false;
  bool has_interpreter = false;  // false for a program: static, no preload can reach it
  std::string interpreter;       // the dynamic loader it asks for
  std::string soname;
  std::vector<std::string> needed;
  std::string runpath;                   // DT_RUNPATH or DT_RPATH, as written
  std::uint64_t first_load_address = 0;  // p_vaddr of the first PT_LOAD, page-aligned
};

ElfFacts read_elf(const std::string& path);

// What the file was built for, read from its first bytes alone: also of files that read_elf does not read.
struct ElfTarget {
  bool is_elf = false;
  bool is_64_bit = false;
  std::uint16_t machine = 0;  // EM_X86_64, ...
};

ElfTarget read_elf_target(const std::string& path);

// Whether the bytes stand anywhere in the file.
bool file_holds(const std::string& path, const std::string& bytes);

// A symbol that the file defines and exports, if it does.
std::optional<ElfSymbol> find_exported(const std::string& path, const std::string& name);

}  // namespace neap
