// Whether the library is healthy on this kernel and in this container: what `neap doctor` looks at first.
#pragma once
#include <vector>

#include "tool/checks/finding.h"
#include "tool/model/allocator.h"

namespace neap {

inline constexpr const char* preload_path = "/etc/ld.so.preload";

// Whether this is a container of Docker or Podman. What is changed in it is lost with it.
bool is_container_image();
std::vector<Finding> check_machine(const Allocator& allocator);

}  // namespace neap
