// The allocator table: every name a user may give, where its library is looked for, and how its settings are written.
// `neap allocators`, the name resolution, the manual, bench/run and the error messages derive from it. Data only: a new
// allocator is a new row.
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <initializer_list>
#include <string_view>

namespace neap {

// How "NAME:key=value:key=value" becomes environment variables.
enum class SettingStyle {
  one_variable,   // VARIABLE=key<assign>value<join>key<assign>value
  variable_each,  // VARIABLE<KEY>=value, the key in capitals
};

struct SettingRule {
  SettingStyle style;
  std::string_view variable;
  std::string_view key_prefix;  // put before each key
  std::string_view assign;
  std::string_view join;
};

// A few names, written where they belong.
class Names {
 public:
  constexpr Names(std::initializer_list<std::string_view> names) : count_(names.size()) {
    std::copy(names.begin(), names.end(), names_.begin());  // more than there is room for do not compile
  }
  constexpr const std::string_view* begin() const { return names_.data(); }
  constexpr const std::string_view* end() const { return names_.data() + count_; }
  constexpr bool empty() const { return count_ == 0; }

 private:
  std::array<std::string_view, 13> names_{};
  std::size_t count_;
};

struct AllocatorRow {
  std::string_view name;
  std::string_view about;
  std::string_view stem;     // how the names of its files begin, whatever the version: library_name.h
  Names files;               // sonames, looked for in the library folders; the first found is taken
  std::string_view install;  // how to get it
  SettingRule settings;
  Names variables;  // of the environment that steer it: "NAME", "PREFIX*"
  Names keys = {};  // all its settings, numbers; empty where it complains itself
};

// A name for an allocator with settings.
struct PresetRow {
  std::string_view name;
  std::string_view stands_for;
  std::string_view about;
};

// glibc ignores what it does not know of glibc.malloc.* without a word, hence its keys. Of GLIBC_TUNABLES only the part
// that is the allocator's is its own: see environment.cc.
inline constexpr std::array allocator_table = {
    AllocatorRow{
        "libc",
        "the C library's own malloc (glibc ptmalloc)",
        "libneap-libc",
        {"libneap-libc.so"},
        "part of the system",
        {SettingStyle::one_variable, "GLIBC_TUNABLES", "glibc.malloc.", "=", ":"},
        {"GLIBC_TUNABLES", "MALLOC_ARENA_MAX", "MALLOC_ARENA_TEST", "MALLOC_CHECK_", "MALLOC_MMAP_MAX_", "MALLOC_TRACE",
         "MALLOC_MMAP_THRESHOLD_", "MALLOC_PERTURB_", "MALLOC_TOP_PAD_", "MALLOC_TRIM_THRESHOLD_"},
        {"arena_max", "arena_test", "check", "hugetlb", "mmap_max", "mmap_threshold", "mxfast", "perturb",
         "tcache_count", "tcache_max", "tcache_unsorted_limit", "top_pad", "trim_threshold"}},
    AllocatorRow{"neap",
                 "libneap: resident memory close to the live bytes",
                 "libneap",
                 {"libneap.so.0", "libneap.so"},
                 "cmake --build --preset release",
                 {SettingStyle::one_variable, "NEAP_OPTIONS", "", ":", ","},
                 {"NEAP_OPTIONS"}},
    AllocatorRow{"jemalloc",
                 "jemalloc: arenas, decay by time",
                 "libjemalloc",
                 {"libjemalloc.so.2", "libjemalloc.so"},
                 "apt install libjemalloc2",
                 {SettingStyle::one_variable, "MALLOC_CONF", "", ":", ","},
                 {"MALLOC_CONF", "_RJEM_MALLOC_CONF"}},
    AllocatorRow{"mimalloc",
                 "mimalloc: free-list sharding",
                 "libmimalloc",
                 {"libmimalloc.so.2", "libmimalloc.so.3", "libmimalloc.so"},
                 "apt install libmimalloc2.0",
                 {SettingStyle::variable_each, "MIMALLOC_", "", "", ""},
                 {"MIMALLOC_*"}},
    AllocatorRow{"tcmalloc",
                 "gperftools' tcmalloc_minimal: thread caches",
                 "libtcmalloc",
                 {"libtcmalloc_minimal.so.4", "libtcmalloc.so.4", "libtcmalloc_minimal.so"},
                 "apt install libtcmalloc-minimal4",
                 {SettingStyle::variable_each, "TCMALLOC_", "", "", ""},
                 {"TCMALLOC_*", "HEAPPROFILE", "HEAPCHECK"}},
    AllocatorRow{"tbbmalloc",
                 "oneTBB's scalable allocator, by its proxy library",
                 "libtbbmalloc_proxy",
                 {"libtbbmalloc_proxy.so.2"},
                 "apt install libtbbmalloc2",
                 {SettingStyle::variable_each, "TBB_MALLOC_", "", "", ""},
                 {"TBB_MALLOC_*"}},
    AllocatorRow{"scudo",
                 "LLVM's hardened scudo, standalone",
                 "libclang_rt.scudo",
                 {"libclang_rt.scudo_standalone-x86_64.so"},
                 "apt install libclang-rt-19-dev",
                 {SettingStyle::one_variable, "SCUDO_OPTIONS", "", "=", ":"},
                 {"SCUDO_OPTIONS"}},
};

inline constexpr std::array preset_table = {
    PresetRow{"libc-arena1", "libc:arena_max=1", "glibc with one arena"},
    PresetRow{"libc-tuned", "libc:arena_max=1:mmap_threshold=131072:trim_threshold=131072",
              "glibc with one arena and fixed thresholds"},
    PresetRow{"jemalloc-decay0", "jemalloc:dirty_decay_ms=0:muzzy_decay_ms=0", "jemalloc, pages returned at once"},
};

}  // namespace neap
