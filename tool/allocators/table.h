// The allocator table: every name a user may give, where its library is looked for, and how its settings are written.
// `neap allocators`, the name resolution and the error messages derive from it. Data only.
#pragma once
#include <array>
#include <span>
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

struct AllocatorRow {
  std::string_view name;
  std::string_view about;
  std::string_view stem;                    // how the names of its files begin, whatever the version: library_name.h
  std::span<const std::string_view> files;  // sonames, looked for in the library folders; the first found is taken
  std::string_view version_call;            // exported function that tells the version: see commands/probe.cc
  std::string_view install;                 // how to get it
  SettingRule settings;
  std::span<const std::string_view> variables;  // of the environment that steer it: "NAME", "PREFIX*"
  std::span<const std::string_view> keys = {};  // all its settings, numbers; empty where it complains itself
};

// A name for an allocator with settings.
struct PresetRow {
  std::string_view name;
  std::string_view stands_for;
  std::string_view about;
};

namespace table {
inline constexpr std::array<std::string_view, 1> libc{"libneap-libc.so"};
inline constexpr std::array<std::string_view, 2> neap{"libneap.so.0", "libneap.so"};
inline constexpr std::array<std::string_view, 2> jemalloc{"libjemalloc.so.2", "libjemalloc.so"};
inline constexpr std::array<std::string_view, 3> mimalloc{"libmimalloc.so.2", "libmimalloc.so.3", "libmimalloc.so"};
inline constexpr std::array<std::string_view, 3> tcmalloc{"libtcmalloc_minimal.so.4", "libtcmalloc.so.4",
                                                          "libtcmalloc_minimal.so"};
inline constexpr std::array<std::string_view, 1> tbbmalloc{"libtbbmalloc_proxy.so.2"};
inline constexpr std::array<std::string_view, 1> scudo{"libclang_rt.scudo_standalone-x86_64.so"};

// glibc.malloc.*, of which glibc ignores what it does not know without a word.
inline constexpr std::array<std::string_view, 13> libc_keys{"arena_max",
                                                            "arena_test",
                                                            "check",
                                                            "hugetlb",
                                                            "mmap_max",
                                                            "mmap_threshold",
                                                            "mxfast",
                                                            "perturb",
                                                            "tcache_count",
                                                            "tcache_max",
                                                            "tcache_unsorted_limit",
                                                            "top_pad",
                                                            "trim_threshold"};

// Of GLIBC_TUNABLES only the part that is the allocator's: see environment.cc.
inline constexpr std::array<std::string_view, 10> libc_variables{
    "GLIBC_TUNABLES", "MALLOC_ARENA_MAX",       "MALLOC_ARENA_TEST", "MALLOC_CHECK_",   "MALLOC_MMAP_MAX_",
    "MALLOC_TRACE",   "MALLOC_MMAP_THRESHOLD_", "MALLOC_PERTURB_",   "MALLOC_TOP_PAD_", "MALLOC_TRIM_THRESHOLD_"};
inline constexpr std::array<std::string_view, 1> neap_variables{"NEAP_OPTIONS"};
inline constexpr std::array<std::string_view, 2> jemalloc_variables{"MALLOC_CONF", "_RJEM_MALLOC_CONF"};
inline constexpr std::array<std::string_view, 1> mimalloc_variables{"MIMALLOC_*"};
inline constexpr std::array<std::string_view, 3> tcmalloc_variables{"TCMALLOC_*", "HEAPPROFILE", "HEAPCHECK"};
inline constexpr std::array<std::string_view, 1> tbbmalloc_variables{"TBB_MALLOC_*"};
inline constexpr std::array<std::string_view, 1> scudo_variables{"SCUDO_OPTIONS"};
}  // namespace table

inline constexpr std::array allocator_table = {
    AllocatorRow{"libc",
                 "the C library's own malloc (glibc ptmalloc)",
                 "libneap-libc",
                 table::libc,
                 "gnu_get_libc_version",
                 "part of the system",
                 {SettingStyle::one_variable, "GLIBC_TUNABLES", "glibc.malloc.", "=", ":"},
                 table::libc_variables,
                 table::libc_keys},
    AllocatorRow{"neap",
                 "libneap: resident memory close to the live bytes",
                 "libneap",
                 table::neap,
                 "neap_version",
                 "cmake --build --preset release",
                 {SettingStyle::one_variable, "NEAP_OPTIONS", "", ":", ","},
                 table::neap_variables},
    AllocatorRow{"jemalloc",
                 "jemalloc: arenas, decay by time",
                 "libjemalloc",
                 table::jemalloc,
                 "mallctl",
                 "apt install libjemalloc2",
                 {SettingStyle::one_variable, "MALLOC_CONF", "", ":", ","},
                 table::jemalloc_variables},
    AllocatorRow{"mimalloc",
                 "mimalloc: free-list sharding",
                 "libmimalloc",
                 table::mimalloc,
                 "mi_version",
                 "apt install libmimalloc2.0",
                 {SettingStyle::variable_each, "MIMALLOC_", "", "", ""},
                 table::mimalloc_variables},
    AllocatorRow{"tcmalloc",
                 "gperftools' tcmalloc_minimal: thread caches",
                 "libtcmalloc",
                 table::tcmalloc,
                 "tc_version",
                 "apt install libtcmalloc-minimal4",
                 {SettingStyle::variable_each, "TCMALLOC_", "", "", ""},
                 table::tcmalloc_variables},
    AllocatorRow{"tbbmalloc",
                 "oneTBB's scalable allocator, by its proxy library",
                 "libtbbmalloc_proxy",
                 table::tbbmalloc,
                 "",
                 "apt install libtbbmalloc2",
                 {SettingStyle::variable_each, "TBB_MALLOC_", "", "", ""},
                 table::tbbmalloc_variables},
    AllocatorRow{"scudo",
                 "LLVM's hardened scudo, standalone",
                 "libclang_rt.scudo",
                 table::scudo,
                 "",
                 "apt install libclang-rt-19-dev",
                 {SettingStyle::one_variable, "SCUDO_OPTIONS", "", "=", ":"},
                 table::scudo_variables},
};

inline constexpr std::array preset_table = {
    PresetRow{"libc-arena1", "libc:arena_max=1", "glibc with one arena"},
    PresetRow{"libc-tuned", "libc:arena_max=1:mmap_threshold=131072:trim_threshold=131072",
              "glibc with one arena and fixed thresholds"},
    PresetRow{"jemalloc-decay0", "jemalloc:dirty_decay_ms=0:muzzy_decay_ms=0", "jemalloc, pages returned at once"},
};

}  // namespace neap
