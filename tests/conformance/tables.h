// The tables of `conformance`, one a file.
#pragma once
#include "row.h"

namespace conformance {

std::span<const Row> plain_rows();       // plain.cc
std::span<const Row> aligned_rows();     // aligned.cc
std::span<const Row> sized_free_rows();  // sized_free.cc
std::span<const Row> glibc_rows();       // glibc.cc
std::span<const Row> new_rows();         // new.cc
std::span<const Row> libc_rows();        // libc.cc

}  // namespace conformance
