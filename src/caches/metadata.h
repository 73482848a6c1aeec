// Metadata: memory for what the heap knows of its threads and of owners. It reads as zeros, and is never given back:
// those who had it keep it for the next of their kind.
//
// Whoever takes some holds the registry's lock.
#pragma once

#include <cstddef>

#include "pages/accounts.h"

namespace neap {

class Metadata {
 public:
  // In whole cache lines, as `bytes` has to be. Null when memory is out.
  char* take(std::size_t bytes, Accounts& sums);

 private:
  char *begin_ = nullptr, *end_ = nullptr;  // what is left of the last step
};

}  // namespace neap
