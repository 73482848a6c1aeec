// Which Debian package would bring the names that a file lacks.
#pragma once
#include <string>

namespace neap {

// "redis-server-dbgsym"; empty where dpkg knows no such file.
std::string debug_package_of(const std::string& file, const std::string& lists = "/var/lib/dpkg/info");

}  // namespace neap
