#include "tool/inspect/elf.h"

#include <elf.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>
#include <span>

namespace neap {
namespace {

// A file mapped for reading; every access is checked against its end, so a truncated file is merely "not found".
class MappedElf {
 public:
  explicit MappedElf(const std::string& path) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) return;
    struct stat status {};
    if (::fstat(file, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0) {
      size_ = static_cast<std::size_t>(status.st_size);
      void* mapped = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file, 0);
      if (mapped == MAP_FAILED)
        size_ = 0;
      else
        data_ = static_cast<const char*>(mapped);
    }
    ::close(file);
  }
  MappedElf(const MappedElf&) = delete;
  MappedElf& operator=(const MappedElf&) = delete;
  ~MappedElf() {
    if (data_ != nullptr) ::munmap(const_cast<char*>(data_), size_);
  }

  template <class T>
  std::span<const T> array(std::uint64_t offset, std::uint64_t count) const {
    if (data_ == nullptr || offset > size_ || count > (size_ - offset) / sizeof(T) || offset % alignof(T) != 0)
      return {};
    return {static_cast<const T*>(static_cast<const void*>(data_ + offset)), count};
  }
  std::string text(std::uint64_t offset) const {
    if (offset >= size_) return {};
    return {data_ + offset, ::strnlen(data_ + offset, size_ - offset)};
  }
  bool text_is(std::uint64_t offset, const std::string& wanted) const {
    return offset < size_ && wanted.size() < size_ - offset && std::strcmp(data_ + offset, wanted.c_str()) == 0;
  }
  bool holds(const std::string& bytes) const {
    return data_ != nullptr && ::memmem(data_, size_, bytes.data(), bytes.size()) != nullptr;
  }
  const Elf64_Ehdr* header() const {
    const auto found = array<Elf64_Ehdr>(0, 1);
    if (found.empty() || std::memcmp(found[0].e_ident, ELFMAG, SELFMAG) != 0) return nullptr;
    if (found[0].e_ident[EI_CLASS] != ELFCLASS64 || found[0].e_ident[EI_DATA] != ELFDATA2LSB) return nullptr;
    return &found[0];
  }
  std::span<const Elf64_Phdr> segments() const {
    const Elf64_Ehdr* head = header();
    return head == nullptr ? std::span<const Elf64_Phdr>{} : array<Elf64_Phdr>(head->e_phoff, head->e_phnum);
  }
  std::span<const Elf64_Shdr> sections() const {
    const Elf64_Ehdr* head = header();
    return head == nullptr ? std::span<const Elf64_Shdr>{} : array<Elf64_Shdr>(head->e_shoff, head->e_shnum);
  }
  std::span<const Elf64_Dyn> dynamic() const {
    for (const Elf64_Phdr& segment : segments())
      if (segment.p_type == PT_DYNAMIC) return array<Elf64_Dyn>(segment.p_offset, segment.p_filesz / sizeof(Elf64_Dyn));
    return {};
  }
  std::uint64_t file_offset(std::uint64_t address) const {
    for (const Elf64_Phdr& segment : segments())
      if (segment.p_type == PT_LOAD && address >= segment.p_vaddr && address - segment.p_vaddr < segment.p_filesz)
        return address - segment.p_vaddr + segment.p_offset;
    return size_;
  }

 private:
  const char* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace

ElfFacts read_elf(const std::string& path) {
  const MappedElf elf(path);
  ElfFacts facts;
  if (elf.header() == nullptr) return facts;
  facts.is_elf = true;
  bool first = true;
  for (const Elf64_Phdr& segment : elf.segments()) {
    if (segment.p_type == PT_INTERP) {
      facts.has_interpreter = true;
      facts.interpreter = elf.text(segment.p_offset);
    }
    if (segment.p_type == PT_LOAD && first) {
      facts.first_load_address = segment.p_vaddr & ~std::uint64_t{4095};
      first = false;
    }
  }
  std::uint64_t strings = 0;
  for (const Elf64_Dyn& entry : elf.dynamic())
    if (entry.d_tag == DT_STRTAB) strings = elf.file_offset(entry.d_un.d_ptr);
  for (const Elf64_Dyn& entry : elf.dynamic()) {
    if (entry.d_tag == DT_NULL) break;
    if (entry.d_tag == DT_NEEDED) facts.needed.push_back(elf.text(strings + entry.d_un.d_val));
    if (entry.d_tag == DT_RUNPATH || entry.d_tag == DT_RPATH) facts.runpath = elf.text(strings + entry.d_un.d_val);
    if (entry.d_tag == DT_SONAME) facts.soname = elf.text(strings + entry.d_un.d_val);
  }
  return facts;
}

ElfTarget read_elf_target(const std::string& path) {
  const MappedElf elf(path);
  const auto start = elf.array<unsigned char>(0, offsetof(Elf64_Ehdr, e_version));  // up to here alike for 32 bits
  if (start.empty() || std::memcmp(start.data(), ELFMAG, SELFMAG) != 0) return {};
  const bool little = start[EI_DATA] == ELFDATA2LSB;
  const std::size_t machine = offsetof(Elf64_Ehdr, e_machine);
  const int low = start[machine + (little ? 0 : 1)], high = start[machine + (little ? 1 : 0)];
  return {true, start[EI_CLASS] == ELFCLASS64, static_cast<std::uint16_t>(high << 8 | low)};
}

bool file_holds(const std::string& path, const std::string& bytes) { return MappedElf(path).holds(bytes); }

std::optional<ElfSymbol> find_exported(const std::string& path, const std::string& name) {
  const MappedElf elf(path);
  const auto sections = elf.sections();
  for (const Elf64_Shdr& section : sections) {
    if (section.sh_type != SHT_DYNSYM || section.sh_link >= sections.size()) continue;
    const std::uint64_t strings = sections[section.sh_link].sh_offset;
    for (const Elf64_Sym& symbol : elf.array<Elf64_Sym>(section.sh_offset, section.sh_size / sizeof(Elf64_Sym)))
      if (symbol.st_shndx != SHN_UNDEF && elf.text_is(strings + symbol.st_name, name))
        return ElfSymbol{symbol.st_value, symbol.st_size};
  }
  return std::nullopt;
}

}  // namespace neap
