// What the C library allocates for its caller (POSIX 2024; glibc's manual): free takes it, realloc grows it.
#include <dirent.h>
#include <malloc.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <cwchar>
#include <string>

#include "tables.h"

namespace conformance {
namespace {

// The allocator that is under test knows it: as an object of at least that size, which grows and goes.
void expect_own(void* object, std::size_t size) {
  expect(object != nullptr && malloc_usable_size(opaque(object)) >= size);
  char first = 0;
  std::memcpy(&first, object, 1);
  auto* grown = static_cast<char*>(realloc(object, size * 5 + 100000));
  expect(grown != nullptr && grown[0] == first);
  free(grown);
}

void strings() {
  for (const std::size_t length :
       {std::size_t{0}, std::size_t{1}, std::size_t{23}, std::size_t{1000}, std::size_t{100000}}) {
    const std::string text(length, 'x');
    expect_own(strdup(text.c_str()), length + 1);
    expect_own(strndup(text.c_str(), length / 2), length / 2 + 1);
    expect_own(wcsdup(std::wstring(length, L'x').c_str()), (length + 1) * sizeof(wchar_t));
    char* printed = nullptr;
    expect(asprintf(&printed, "%s", text.c_str()) == static_cast<int>(length));
    expect_own(printed, length + 1);
  }
}

// They grow what the caller allocated, be it too small or nothing.
void lines() {
  FILE* file = tmpfile();
  for (const int length : {1, 100, 5000, 200000}) {
    for (int i = 0; i < length; ++i) std::fputc('y', file);
    std::fputs(";\n", file);
  }
  for (const bool by_line : {true, false}) {
    std::rewind(file);
    char* line = by_line ? static_cast<char*>(malloc(1)) : nullptr;
    std::size_t room = by_line ? 1 : 0;
    for (const int length : {1, 100, 5000, 200000}) {
      const ssize_t read = by_line ? getline(&line, &room, file) : getdelim(&line, &room, ';', file);
      expect(read >= length + 1 && room > static_cast<std::size_t>(read) && malloc_usable_size(line) >= room);
    }
    free(line);
  }
  std::fclose(file);
}

void streams() {
  char* text = nullptr;
  std::size_t length = 0;
  FILE* stream = open_memstream(&text, &length);
  for (int i = 0; i < 50000; ++i) std::fputc('z', stream);
  std::fclose(stream);
  expect(length == 50000);
  expect_own(text, 50001);
}

void paths() {
  expect_own(realpath("/", nullptr), 2);
  expect_own(getcwd(nullptr, 0), 2);
  dirent** entries = nullptr;
  const int count = scandir("/", &entries, nullptr, alphasort);
  expect(count > 2);
  for (int i = 0; i < count; ++i) free(entries[i]);
  free(entries);
}

constexpr Row rows[] = {
    {"libc.strings", strings},
    {"libc.lines", lines},
    {"libc.streams", streams},
    {"libc.paths", paths},
};

}  // namespace

std::span<const Row> libc_rows() { return rows; }

}  // namespace conformance
