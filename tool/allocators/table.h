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
}  // namespace table

inline constexpr std::array allocator_table = {
    AllocatorRow{"libc",
                 "the C library's own malloc (glibc ptmalloc)",
                 "libneap-libc",
                 table::libc,
                 "gnu_get_libc_version",
                 "part of the system",
                 {SettingStyle::one_variable, "GLIBC_TUNABLES", "glibc.malloc.", "=", ":"}},
    AllocatorRow{"neap",
                 "libneap: resident memory close to the live bytes",
                 "libneap",
                 table::neap,
                 "neap_version",
                 "cmake --build --preset release",
                 {SettingStyle::one_variable, "NEAP_OPTIONS", "", ":", ","}},
    AllocatorRow{"jemalloc",
                 "jemalloc: arenas, decay by time",
                 "libjemalloc",
                 table::jemalloc,
                 "mallctl",
                 "apt install libjemalloc2",
                 {SettingStyle::one_variable, "MALLOC_CONF", "", ":", ","}},
    AllocatorRow{"mimalloc",
                 "mimalloc: free-list sharding",
                 "libmimalloc",
                 table::mimalloc,
                 "mi_version",
                 "apt install libmimalloc2.0",
                 {SettingStyle::variable_each, "MIMALLOC_", "", "", ""}},
    AllocatorRow{"tcmalloc",
                 "gperftools' tcmalloc_minimal: thread caches",
                 "libtcmalloc",
                 table::tcmalloc,
                 "tc_version",
                 "apt install libtcmalloc-minimal4",
                 {SettingStyle::variable_each, "TCMALLOC_", "", "", ""}},
    AllocatorRow{"tbbmalloc",
                 "oneTBB's scalable allocator, by its proxy library",
                 "libtbbmalloc_proxy",
                 table::tbbmalloc,
                 "",
                 "apt install libtbbmalloc2",
                 {SettingStyle::variable_each, "TBB_MALLOC_", "", "", ""}},
    AllocatorRow{"scudo",
                 "LLVM's hardened scudo, standalone",
                 "libclang_rt.scudo",
                 table::scudo,
                 "",
                 "apt install libclang-rt-19-dev",
                 {SettingStyle::one_variable, "SCUDO_OPTIONS", "", "=", ":"}},
};

inline constexpr std::array preset_table = {
    PresetRow{"libc-arena1", "libc:arena_max=1", "glibc with one arena"},
    PresetRow{"libc-tuned", "libc:arena_max=1:mmap_threshold=131072:trim_threshold=131072",
              "glibc with one arena and fixed thresholds"},
    PresetRow{"jemalloc-decay0", "jemalloc:dirty_decay_ms=0:muzzy_decay_ms=0", "jemalloc, pages returned at once"},
};

}  // namespace neap
