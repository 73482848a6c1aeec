#include "tables.h"

int main(int count, char** arguments) {
  using namespace conformance;
  const std::span<const Row> tables[] = {plain_rows(), aligned_rows(), sized_free_rows(),
                                         glibc_rows(), new_rows(),     libc_rows()};
  return play(tables, count, arguments);
}
