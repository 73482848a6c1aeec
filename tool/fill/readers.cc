#include "tool/fill/readers.h"

#include <algorithm>

#include "tool/fill/glibc_reader.h"
#include "tool/fill/mimalloc_reader.h"
#include "tool/fill/neap_reader.h"

namespace neap {
namespace {

using Reader = std::optional<HeapFill> (*)(AddressSpace&);

constexpr Reader readers[] = {read_neap, read_mimalloc, read_glibc};

struct Known {
  const char* in_file_name;  // of something mapped
  const char* name;
  const char* ask;
};

constexpr Known known[] = {
    {"libjemalloc", "jemalloc",
     "MALLOC_CONF=stats_print:true at its exit, or the program's own command (redis-cli memory stats)"},
    {"libtcmalloc", "tcmalloc", "MALLOCSTATS=1 at its exit"},
    {"libtbbmalloc", "tbbmalloc", ""},
    {"libmimalloc", "mimalloc", "MIMALLOC_SHOW_STATS=1 at its exit"},
    {"libscudo", "scudo", ""},
    {"libclang_rt.scudo", "scudo", ""},
    {"libjvm", "the Java heap", "jcmd PID VM.native_memory (with -XX:NativeMemoryTracking)"},
    {"libpython3", "Python's own arenas (objects up to 512 bytes)", "sys._debugmallocstats(), or PYTHONMALLOC=malloc"},
    {"python3", "Python's own arenas (objects up to 512 bytes)", "sys._debugmallocstats(), or PYTHONMALLOC=malloc"},
    {"node", "the JavaScript heap", "process.memoryUsage()"},
    {"libv8", "the JavaScript heap", "process.memoryUsage()"},
    {"libluajit", "LuaJIT's heap", "collectgarbage('count')"},
};

}  // namespace

std::vector<HeapFill> read_heaps(AddressSpace& space) {
  std::vector<HeapFill> heaps;
  for (const Reader read : readers)
    if (auto heap = read(space)) heaps.push_back(std::move(*heap));
  std::vector<std::pair<std::uint64_t, std::size_t>> order;
  for (std::size_t i = 0; i < heaps.size(); ++i) order.emplace_back(sum_of(heaps[i], space.page_size()).resident, i);
  std::sort(order.rbegin(), order.rend());
  std::vector<HeapFill> sorted;
  for (const auto& [resident, index] : order) sorted.push_back(std::move(heaps[index]));
  return sorted;
}

std::vector<Unread> unread_allocators(const AddressSpace& space, const std::vector<HeapFill>& heaps) {
  std::vector<Unread> found;
  const auto is_read = [&](const char* name) {
    return std::any_of(heaps.begin(), heaps.end(), [name](auto& heap) { return heap.allocator == name; });
  };
  for (const Mapping& mapping : space.mappings()) {
    if (!mapping.is_file() || !mapping.executable) continue;
    const std::string file = mapping.path.substr(mapping.path.rfind('/') + 1);
    for (const Known& row : known)
      if (file.starts_with(row.in_file_name) && !is_read(row.name) &&
          std::none_of(found.begin(), found.end(), [&](auto& unread) { return unread.name == row.name; }))
        found.push_back({row.name, row.ask});
  }
  return found;
}

}  // namespace neap
