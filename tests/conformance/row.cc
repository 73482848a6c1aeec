#include "row.h"

#include <gnu/libc-version.h>

#include <cstdio>
#include <cstring>

extern "C" [[gnu::weak]] const char* neap_version();

namespace conformance {
namespace {

int failures = 0;
const char* playing = "";

bool is_on_neap() { return neap_version != nullptr; }

bool is_promised(Holds holds) {
  if (holds == Holds::everywhere || is_on_neap()) return true;
  return holds == Holds::since_glibc_2_38 && strverscmp(gnu_get_libc_version(), "2.38") >= 0;
}

bool is_asked_for(const char* name, int count, char** arguments) {
  for (int i = 1; i < count; ++i)
    if (std::strncmp(name, arguments[i], std::strlen(arguments[i])) == 0) return true;
  return count == 1;
}

}  // namespace

void expect(bool condition, const char* file, int line) {
  if (condition) return;
  ++failures;
  std::fprintf(stderr, "%s: %s:%d\n", playing, file, line);
}

int play(std::span<const std::span<const Row>> tables, int count, char** arguments) {
  const bool lists = count == 2 && std::strcmp(arguments[1], "--list") == 0;
  int played = 0;
  for (const std::span<const Row> table : tables)
    for (const Row& row : table) {
      if (lists) std::puts(row.name);
      if (lists || !is_asked_for(row.name, count, arguments) || !is_promised(row.holds)) continue;
      playing = row.name;
      row.check();
      ++played;
    }
  if (!lists) std::printf("%d rows, %d failures\n", played, failures);
  return failures == 0 && (lists || played > 0) ? 0 : 1;
}

}  // namespace conformance
