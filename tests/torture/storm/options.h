// The library's options, each set to its least, its most and something between: one text for NEAP_OPTIONS a time.
#ifndef NEAP_TESTS_TORTURE_OPTIONS_H
#define NEAP_TESTS_TORTURE_OPTIONS_H

#include <cstdint>
#include <string>
#include <vector>

namespace torture {

// One option a text.
std::vector<std::string> each_option();

// All options, any of these values.
std::string any_options(std::uint64_t seed);

}  // namespace torture

#endif
