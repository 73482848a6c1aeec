#include "api/telemetry.h"

#include "api/export.h"
#include "api/layout.h"
#include "base/line.h"
#include "format/telemetry_table.h"
#include "os/os.h"

namespace neap {
namespace {

constexpr struct neap_telemetry at_start() {
  struct neap_telemetry telemetry {};
  telemetry.layout = &heap_layout;
  return telemetry;
}

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
  for (const TelemetryFigure& figure : telemetry_table) {
    Line line;
    line.text("libneap:   ").text(figure.name).text(" ").number(figure.of(t)).text(" (").text(figure.help).text(")\n");
    os::print(line.data(), line.size());
  }
}

}  // namespace neap
