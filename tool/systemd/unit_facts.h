// The facts of a unit, read from its properties: which property fills which member is a table.
#pragma once
#include "tool/systemd/manager.h"
#include "tool/systemd/properties.h"

namespace neap {

// `object`: the path of the unit on the bus.
UnitFacts read_unit_facts(sd_bus* bus, const std::string& object);
UnitVitals read_vitals(sd_bus* bus, const std::string& object);
UnitState read_unit_state(sd_bus* bus, const std::string& object);

}  // namespace neap
