// Lock: one neap at a time changes the system. The kernel gives it back when its holder ends, however it ends.
#pragma once
#include <string>

namespace neap {

class Lock {
 public:
  // Makes `folder` where it is missing. Throws Failure at once when another neap holds the lock, naming its pid.
  explicit Lock(const std::string& folder);
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;
  ~Lock();

 private:
  int file_ = -1;
};

}  // namespace neap
