"""A made fleet as OpenMetrics with times: hosts with relays in two groups, of known ratio, as node_exporter would have delivered them."""
import math
import random

MIB = 1 << 20
LOOKBACK_S = 600  # 300, and what is recorded of it as long again
COUNTERS = ("cpu_seconds", "restarts", "oom_kills", "returned_bytes", "return_calls", "objects_served")


class MadeFleet:
    """From `start` to `end`, a reading each `step` seconds. Before `switched` every relay runs on libc."""

    def __init__(self, start, end, hosts=8, relays=4, step=60, ratio=0.6, switched=None, seed=1):
        self.times = range(int(start), int(end), step)
        self.start, self.switched, self.ratio = int(start), int(switched or start), ratio
        self.random = random.Random(seed)
        self.series = {}  # family -> {labels: [(time, value)]}
        for number in range(1, hosts + 1):
            self.add_host(f"h{number}.internal:9100", relays)

    def add(self, family, labels, values):
        text = ",".join(f'{name}="{value}"' for name, value in labels.items())
        self.series.setdefault(family, {})[text] = values

    def add_host(self, instance, relays):
        weight = math.exp(self.random.gauss(0, 0.3))
        for number in range(relays):
            self.add_relay(instance, f"tor@relay{number}.service", "neap" if number % 2 else "libc", weight)
        node = {"instance": instance, "job": "node"}
        self.add("node_memory_MemAvailable_bytes", node, [(at, 2 << 30) for at in self.times])
        self.add("node_pressure_memory_waiting_seconds_total", node, [(at, (at - self.start) * 0.001) for at in self.times])
        self.add("node_vmstat_pswpin", node, [(at, 3 * (at - self.start)) for at in self.times])
        self.add("neap_scan_duration_seconds", node, [(at, 0.2) for at in self.times])
        self.add("neap_slice_oom_kills_total", {**node, "slice": "system-tor.slice"}, [(at, 0) for at in self.times])
        self.add("neap_switch_resident_before_bytes", {**node, "target": "tor@relay1.service"},
                 [(at, int(400 * MIB * weight)) for at in self.times if at >= self.switched])

    def add_relay(self, instance, unit, group, host_weight):
        labels = {"instance": instance, "job": "node", "unit": unit}
        weight = host_weight * math.exp(self.random.gauss(0, 0.15))
        after = [at for at in self.times if at >= self.switched]
        # A file knows no end of a series: Prometheus holds the last reading.
        before = [at for at in self.times if at < self.switched - LOOKBACK_S]
        for running, configured, times in (("libc", "", before), (group, group, after)):
            if times:
                self.add("neap_unit_info", {**labels, "template": "tor@.service", "unit_instance": unit[4:-8], "configured": configured,
                                            "running": running, "state": "on" if configured else "not-switched", "experiment": "guards",
                                            "group": group}, [(at, 1) for at in times])
        def figure(at):
            effect = self.ratio if group == "neap" and at >= self.switched else 1
            wave = 1 + 0.1 * math.sin((at - self.start) / 7000 + weight)
            return int(400 * MIB * weight * effect * wave * math.exp(self.random.gauss(0, 0.02)))
        used = [(at, figure(at)) for at in self.times]
        self.add("neap_unit_proportional_bytes", labels, used)
        self.add("neap_unit_resident_bytes", labels, [(at, value + 3 * MIB) for at, value in used])
        self.add("neap_unit_processes", labels, [(at, 1) for at in self.times])
        self.add("neap_unit_failed", labels, [(at, 0) for at in self.times])
        self.add("neap_unit_library_stale", labels, [(at, 0) for at in self.times])
        self.add("neap_unit_start_time_seconds", labels, [(at, self.switched) for at in after])
        self.add("neap_unit_switch_time_seconds", labels, [(at, self.switched) for at in after])
        for name in COUNTERS:
            rate = {"cpu_seconds": 0.08 if group == "libc" else 0.082, "returned_bytes": 1e5, "return_calls": 3, "objects_served": 2e4}.get(name, 0)
            self.add(f"neap_unit_{name}_total", labels, [(at, round(rate * (at - self.start), 3)) for at in self.times])
        if group == "neap":
            for name, share in (("live_bytes", 0.8), ("heap_resident_bytes", 0.9), ("dirty_bytes", 0.03), ("metadata_bytes", 0.015)):
                self.add(f"neap_unit_{name}", labels, [(at, int(value * share)) for at, value in used if at >= self.switched])

    def write(self, path):
        with open(path, "w") as file:
            for family, rows in self.series.items():
                kind = "counter" if family.endswith("_total") else "gauge"
                file.write(f"# TYPE {family.removesuffix('_total')} {kind}\n")
                for labels, values in rows.items():
                    file.writelines(f"{family}{{{labels}}} {value} {at}\n" for at, value in values)
            file.write("# EOF\n")
        return path
