// Files built into neap so that a report needs nothing beside itself. Made from tool/render/assets and Debian's
// libjs-dygraphs by tool/render/embed.cmake.
#pragma once
#include <string_view>

namespace neap::embedded {

extern const std::string_view dygraph_js;
extern const std::string_view dygraph_css;
extern const std::string_view report_js;
extern const std::string_view report_css;
extern const std::string_view flame_js;
extern const std::string_view flame_css;

}  // namespace neap::embedded
