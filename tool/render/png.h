// SVG to PNG by librsvg's rsvg-convert, which has to be on the PATH.
#pragma once
#include <string>

namespace neap {

// Throws Failure with how to install it where rsvg-convert is missing.
void require_png_converter();
void write_png(const std::string& svg, const std::string& path);

}  // namespace neap
