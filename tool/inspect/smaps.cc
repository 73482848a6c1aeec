#include "tool/inspect/smaps.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace neap {
namespace {

struct Field {
  const char* name;
  std::uint64_t Mapping::*bytes;
};

constexpr std::array fields = {Field{"Rss:", &Mapping::resident}, Field{"Pss:", &Mapping::proportional},
                               Field{"Swap:", &Mapping::swapped}, Field{"Anonymous:", &Mapping::anonymous}};

// "55d0c0a00000-55d0c0a21000 rw-p 00000000 00:00 0    [heap]"
bool begins_mapping(const std::string& line, Mapping& mapping) {
  std::array<char, 5> rights{};
  unsigned long long start = 0, end = 0, offset = 0;
  int path = 0;
  if (std::sscanf(line.c_str(), "%llx-%llx %4s %llx %*s %*s %n", &start, &end, rights.data(), &offset, &path) < 4 ||
      path == 0 || end <= start)
    return false;
  mapping = {};
  mapping.start = start;
  mapping.end = end;
  mapping.offset = offset;
  mapping.readable = rights[0] == 'r';
  mapping.writable = rights[1] == 'w';
  mapping.executable = rights[2] == 'x';
  mapping.shared = rights[3] == 's';
  mapping.path = line.substr(static_cast<std::size_t>(path));
  return true;
}

}  // namespace

std::vector<Mapping> parse_smaps(std::istream& smaps) {
  std::vector<Mapping> mappings;
  Mapping begun;
  for (std::string line; std::getline(smaps, line);) {
    if (begins_mapping(line, begun)) {
      mappings.push_back(std::move(begun));
      continue;
    }
    if (mappings.empty()) continue;
    for (const Field& field : fields)
      if (line.starts_with(field.name))
        mappings.back().*field.bytes = std::strtoull(line.c_str() + std::strlen(field.name), nullptr, 10) << 10;
  }
  return mappings;
}

}  // namespace neap
