#include "api/telemetry.h"

#include "api/export.h"
#include "api/layout.h"
#include "base/line.h"
#include "os/os.h"

namespace neap {
namespace {

constexpr struct neap_telemetry at_start() {
  struct neap_telemetry telemetry {};
  telemetry.layout = &heap_layout;
  return telemetry;
}

struct Row {
  std::uint64_t neap_telemetry::*value;
  const char* name;
};

constexpr Row kRows[] = {
    {&neap_telemetry::small_bytes, "small objects, bytes"},
    {&neap_telemetry::large_bytes, "large objects, bytes"},
    {&neap_telemetry::large_objects, "large objects"},
    {&neap_telemetry::resident_bytes, "resident, bytes"},
    {&neap_telemetry::dirty_bytes, "of it free pages, bytes"},
    {&neap_telemetry::metadata_bytes, "metadata, bytes"},
    {&neap_telemetry::returned_bytes, "returned to the system so far, bytes"},
    {&neap_telemetry::return_calls, "calls to return it"},
};

}  // namespace
}  // namespace neap

extern "C" {
NEAP_EXPORT constinit struct neap_telemetry neap_telemetry = neap::at_start();
}

namespace neap {

void print_stats(const struct neap_telemetry& t) {
  Line head;
  head.text("libneap: served ").number(t.served).text(" objects\n");
  os::print(head.data(), head.size());
  for (const Row& row : kRows) {
    Line line;
    line.text("libneap:   ").text(row.name).text(": ").number(t.*row.value).text("\n");
    os::print(line.data(), line.size());
  }
}

}  // namespace neap
