// The log of misuse: the checker in the program (misuse/) writes it, and `neap run --find-misuse` reads it. It is one
// sparse file in memory, mapped by both and by every process that the program starts. So a report takes no system call,
// and it is there when its process is gone.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace neap::misuse {

inline constexpr char kLogVariable[] = "NEAP_FIND_MISUSE";  // path of the file; any other word: reports go to stderr
inline constexpr char kLeavesVariable[] = "NEAP_FIND_MISUSE_LEAVES";  // what is not to be looked for
inline constexpr char kLeavesLeaks[] = "leaks", kLeavesMismatches[] = "mismatches";
inline constexpr char kMapName[] = "neap-misuse";          // in the file's name
inline constexpr uint64_t kMagic = 0x3273756d7070656eull;  // "nppmus2": a version
inline constexpr size_t kReports = 1024, kModules = 1024, kDepth = 30, kPath = 244, kName = 24;

enum class Kind : uint32_t { overflow, use_after_free, double_free, bad_free, mismatch, wrong_size, leak };
inline constexpr size_t kKinds = 7;
// The kinds of misuse, by the names that users of AddressSanitizer know.
inline constexpr const char* kKindNames[kKinds] = {
    "heap-buffer-overflow",   "heap-use-after-free",      "double-free", "bad-free",
    "alloc-dealloc-mismatch", "new-delete-type-mismatch", "memory-leak"};

// The functions that make and end objects.
enum class Call : uint8_t {
  none,
  malloc,
  calloc,
  realloc,
  aligned_alloc,
  memalign,
  posix_memalign,
  make,
  make_array,
  free,
  end,
  end_array
};
inline constexpr const char* kCallNames[] = {"",
                                             "malloc",
                                             "calloc",
                                             "realloc",
                                             "aligned_alloc",
                                             "memalign",
                                             "posix_memalign",
                                             "operator new",
                                             "operator new []",
                                             "free",
                                             "operator delete",
                                             "operator delete []"};
inline constexpr size_t kCalls = sizeof kCallNames / sizeof *kCallNames;

inline constexpr char kAtEnd[] = "the program's end";  // no call found it, but the look at all when the program ended

enum class Access : uint32_t { none, read, write };

struct Frame {
  uint64_t pc, offset;  // a return address; where in its file, as symbols count
  uint32_t module;      // kModules: of no file
  uint32_t reserved;
};

struct Stack {
  uint32_t depth, reserved;
  Frame frame[kDepth];  // innermost first
};

struct Object {
  uint64_t begin, size;        // begin 0: there is none
  uint32_t made_by, ended_by;  // Call; ended_by 0: it lives
  uint32_t made_in, ended_in;  // threads, counted from 0
  Stack made, ended;
};

struct Report {
  std::atomic<uint32_t> ready;  // stored last
  Kind kind;
  int32_t pid;
  uint32_t thread;
  Access access;
  uint32_t is_least;  // `bytes` are those that are known
  uint64_t address, bytes;
  uint64_t leaked_bytes, leaked_objects;
  uint32_t is_indirect, reserved;
  char call[kName];  // that found it; empty: none did, the address was touched
  Stack here;
  Object object, beside;  // the one concerned; another whose neighbour the address is
};

struct Module {
  std::atomic<uint32_t> ready;
  uint32_t reserved;
  char path[kPath + 4];
};

struct Log {
  uint64_t magic;
  std::atomic<uint32_t> reports, modules;  // taken; there may be more than fit
  std::atomic<uint32_t> processes;         // that were looked at
  std::atomic<uint32_t> unsearched;        // of them, those in which leaks could not be looked for
  Module module[kModules];
  Report report[kReports];
};

}  // namespace neap::misuse
