// Lock: one neap at a time changes the system. The kernel gives it back when its holder ends, however it ends.
#pragma once
#include <string>

#include "tool/model/units.h"

namespace neap {

class Lock {
 public:
  // Makes `folder` where it is missing. Waits for another neap that holds the lock, telling so, and throws Failure,
  // naming its pid, when it still does after `patience`.
  Lock(const std::string& folder, Seconds patience);
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;
  ~Lock();

 private:
  int file_ = -1;
};

}  // namespace neap
