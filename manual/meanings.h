// What the columns of a verb's tables mean, and which files it reads and writes. Columns that the command has in a
// table of its own come from there.
#pragma once
#include <string>
#include <vector>

namespace neap::manual {

struct Meaning {
  std::string name;
  std::string text;
};

// The columns of a verb, or of a verb and its part: "compare", "trace replay". Empty where nothing prints a table.
std::vector<Meaning> columns_of(const std::string& verb);
std::vector<Meaning> files_of(const std::string& verb);

}  // namespace neap::manual
