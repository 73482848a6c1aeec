// What glibc's manual says of the calls that look into an allocator or steer it: 3.2.3.7 (mallopt), 3.2.3.10
// (mallinfo), and malloc_usable_size(3), malloc_info(3), malloc_stats(3), malloc_trim(3), cfree(3).
#include <malloc.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "tables.h"

extern "C" [[gnu::weak]] void cfree(void* object);

namespace conformance {
namespace {

std::size_t in_use(const struct mallinfo2& info) { return info.uordblks + info.hblkhd; }

void usable_size_of_null() {
  errno = 12345;
  expect(malloc_usable_size(opaque(static_cast<void*>(nullptr))) == 0 && errno == 12345);
}

// What is told may be written, and realloc to it keeps all of it.
void usable_size_is_usable() {
  for (std::size_t size = 0; size < 200000; size += 1 + size / 6) {
    auto* object = static_cast<unsigned char*>(malloc(size));
    const std::size_t usable = malloc_usable_size(opaque(object));
    expect(usable >= size);
    std::memset(object, 0x42, usable);
    object = static_cast<unsigned char*>(realloc(object, usable * 2 + 1));
    for (std::size_t i = 0; i < usable; ++i) expect(object[i] == 0x42);
    free(object);
  }
}

// arena = what is used of it + what is free in it; keepcost is of what is free.
void expect_consistent() {
  const struct mallinfo2 info = mallinfo2();
  expect(info.arena == info.uordblks + info.fordblks);
  expect(info.keepcost <= info.fordblks);
  expect((info.hblks == 0) == (info.hblkhd == 0));
}

void mallinfo_counts_small() {
  enum { count = 20000, size = 200 };
  static void* objects[count];
  expect_consistent();
  const std::size_t before = in_use(mallinfo2());
  for (void*& object : objects) object = std::memset(malloc(size), 1, size);
  expect_consistent();
  const std::size_t grown = in_use(mallinfo2()) - before;
  expect(grown >= count * size && grown < count * size * 5 / 4);
  for (void* object : objects) free(object);
  expect_consistent();
  expect(in_use(mallinfo2()) < before + count * size / 10);
}

// Touched or not: a large object counts whole, and the sums stay true.
void mallinfo_counts_large() {
  constexpr std::size_t size = std::size_t{64} << 20;
  const struct mallinfo2 before = mallinfo2();
  void* objects[3];
  for (void*& object : objects) object = malloc(size);
  std::memset(opaque(objects[0]), 1, size);
  expect_consistent();
  const std::size_t grown = in_use(mallinfo2()) - in_use(before);
  expect(grown >= 3 * size && grown < 3 * size + (1 << 20));
  expect(mallinfo2().hblks == before.hblks + 3);
  for (void* object : objects) free(object);
  expect_consistent();
  expect(mallinfo2().hblks == before.hblks);
}

// Its fields are ints; the heap is small here, so that they are the same figures.
void old_mallinfo_agrees() {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
  const struct mallinfo old = mallinfo();
#pragma GCC diagnostic pop
  const struct mallinfo2 now = mallinfo2();
  expect(now.arena < INT_MAX && static_cast<std::size_t>(old.arena) == now.arena);
  expect(static_cast<std::size_t>(old.uordblks) == now.uordblks && static_cast<std::size_t>(old.hblkhd) == now.hblkhd);
}

std::string text_of_malloc_info() {
  char* text = nullptr;
  std::size_t length = 0;
  FILE* memory = open_memstream(&text, &length);
  expect(malloc_info(0, memory) == 0);
  std::fclose(memory);
  std::string copy(text, length);
  free(text);
  return copy;
}

void malloc_info_options() {
  for (const int options : {1, -1, INT_MAX}) expect(malloc_info(options, stderr) == EINVAL);
}

// Python's parser is the judge; where there is none its shell's exit code is 127.
void malloc_info_is_xml() {
  void* large = malloc(opaque(std::size_t{8} << 20));
  const std::string text = text_of_malloc_info();
  free(large);
  FILE* parser = popen(
      "command -v python3 >/dev/null || exit 127; python3 -c 'import sys, xml.etree.ElementTree as tree; root = "
      "tree.parse(sys.stdin).getroot(); assert (root.tag, root.get(\"version\")) == (\"malloc\", \"1\"); "
      "assert all(int(each.get(\"size\", 0)) >= 0 and int(each.get(\"count\", 0)) >= 0 for each in root.iter()); "
      "assert root.find(\"system\").get(\"type\") == \"current\" and root.find(\"aspace\") is not None; "
      "assert sum(int(each.get(\"size\")) for each in root.findall(\"total\")) > 0'",
      "w");
  std::fwrite(text.data(), 1, text.size(), parser);
  const int status = pclose(parser);
  expect(WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 127));
}

void malloc_stats_speaks_on_stderr() {
  int ends[2];
  expect(pipe(ends) == 0);
  const int kept = dup(STDERR_FILENO);
  dup2(ends[1], STDERR_FILENO);
  malloc_stats();
  dup2(kept, STDERR_FILENO);
  close(ends[1]);
  close(kept);
  char said[4096];
  expect(read(ends[0], said, sizeof said) > 20);
  close(ends[0]);
}

// 1 where memory went back, 0 where there was none to go; live objects keep what is in them.
void trim_answers() {
  enum { count = 2000, size = 5000 };
  static unsigned char* objects[count];
  for (auto*& object : objects) object = static_cast<unsigned char*>(std::memset(malloc(size), 0x11, size));
  for (int i = 0; i < count; ++i)
    if (i % 50 != 0) free(objects[i]);
  const int first = malloc_trim(0);
  expect(first == 0 || first == 1);
  for (int i = 0; i < count; i += 50) {
    expect(objects[i][0] == 0x11 && objects[i][size - 1] == 0x11);
    free(objects[i]);
  }
  const int second = malloc_trim(opaque(SIZE_MAX / 2));
  expect(second == 0 || second == 1);
}

void mallopt_answers() {
  expect(mallopt(M_MMAP_THRESHOLD, 1 << 20) == 1);
  expect(mallopt(M_MXFAST, 64) == 1 && mallopt(M_MXFAST, 161) == 0 && mallopt(M_MXFAST, -1) == 0);
  expect(mallopt(M_ARENA_MAX, 2) == 1 && mallopt(M_ARENA_TEST, 1) == 1);
  expect(mallopt(M_ARENA_MAX, 0) == 1 && mallopt(M_ARENA_TEST, 0) == 1);  // 0: as without the call
  expect(mallopt(M_TOP_PAD, 4096) == 1 && mallopt(M_MMAP_MAX, 1000) == 1 && mallopt(M_PERTURB, 0) == 1);
  expect(mallopt(M_CHECK_ACTION, 0) == 1 && mallopt(opaque(-100), 1) == 1);  // what it does not know it accepts
  expect(mallopt(M_TRIM_THRESHOLD, 128 * 1024) == 1 && mallopt(M_TRIM_THRESHOLD, -1) == 1);
  expect(mallopt(M_TRIM_THRESHOLD, 128 * 1024) == 1);
}

// For programs that were linked before glibc 2.26: theirs alone find glibc's.
void cfree_frees() {
  cfree(nullptr);
  for (const std::size_t size : sizes) cfree(malloc(size));
}

constexpr Row rows[] = {
    {"malloc_usable_size.null", usable_size_of_null},
    {"malloc_usable_size.usable", usable_size_is_usable},
    {"mallinfo2.small", mallinfo_counts_small},
    {"mallinfo2.large", mallinfo_counts_large},
    {"mallinfo.agrees", old_mallinfo_agrees},
    {"malloc_info.options", malloc_info_options},
    {"malloc_info.xml", malloc_info_is_xml},
    {"malloc_stats.stderr", malloc_stats_speaks_on_stderr},
    {"malloc_trim.answers", trim_answers},
    {"mallopt.answers", mallopt_answers},
    {"cfree.frees", cfree_frees, Holds::on_neap},
};

}  // namespace

std::span<const Row> glibc_rows() { return rows; }

}  // namespace conformance
