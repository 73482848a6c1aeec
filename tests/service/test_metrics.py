"""neap metrics on a real systemd: a row for each instance, nested control groups, names with escapes, the timer, a replaced library,
200 instances."""
import os
import re
import shutil
import subprocess
import unittest

from machine import MULTIARCH, MachineTest

PACKAGING = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../packaging/systemd")
PROMETHEUS = os.path.join(PACKAGING, "../prometheus")
TEXTFILE = "/var/lib/prometheus/node-exporter/neap.prom"
SERIES = re.compile(r'^(\w+)(?:\{(.*)\})? (\S+)$')
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
# A process of its own in the unit's control group, and one in a group below it.
NESTED = r"""[Service]
Delegate=yes
ExecStart=/bin/sh -c 'group=/sys/fs/cgroup$$(sed -n s/^0:://p /proc/self/cgroup); mkdir -p $$group/main $$group/inner; \
  echo $$$$ >$$group/main/cgroup.procs; sh -c "echo \$$\$$ >$$group/inner/cgroup.procs; exec sleep infinity" & exec sleep infinity'
"""
SLEEPER = "[Service]\nType=exec\nExecStart=/bin/sleep infinity\n"
METERED = """
import resource, subprocess
subprocess.run(["neap", "metrics", "-o", "/run/many.prom", "--units", "many@*"], check=True)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_utime + used.ru_stime, used.ru_maxrss)
"""


def samples(text):
    """{name: {labels of interest: value}}; the unit alone where there is one."""
    found = {}
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        name, labels, value = SERIES.match(line).groups()
        labels = {key: text.replace("\\\\", "\\") for key, text in LABEL.findall(labels or "")}
        found.setdefault(name, []).append((labels, float(value)))
    return found


def of_unit(found, name):
    return {labels["unit"]: value for labels, value in found.get(name, [])}


class Metrics(MachineTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for name in os.listdir(PACKAGING):
            shutil.copy(os.path.join(PACKAGING, name), os.path.join(cls.machine.upper, "etc/systemd/system"))
        cls.machine.run("mkdir", "-p", os.path.dirname(TEXTFILE))
        for name, text in (("nested", NESTED), ("many@", SLEEPER), (r"dash\x2ded", SLEEPER), ("plain", SLEEPER)):
            cls.machine.run("sh", "-c", 'cat >"$0"', f"/run/systemd/system/{name}.service", input=text)
        cls.machine.run("systemctl", "daemon-reload")

    def read(self, *arguments):
        return self.neap("metrics", *arguments)

    def start(self, *units):
        self.machine.run("systemctl", "start", *units)
        self.addCleanup(self.machine.run, "systemctl", "stop", *units)

    def test_each_instance_has_its_own_series(self):
        units = ["many@a.service", "many@b.service"]
        self.start(*units)
        self.neap("enable", "many@", "--restart", "--watch", "1")
        self.addCleanup(self.neap, "disable", "many@", "--restart")
        text = self.read()
        found = samples(text)
        info = {labels["unit"]: labels for labels, _ in found["neap_unit_info"]}
        self.assertEqual(sorted(info), units)
        self.assertEqual(info[units[0]], {"unit": units[0], "template": "many@.service", "unit_instance": "a", "configured": "neap",
                                          "running": "neap", "state": "on", "experiment": "", "group": ""})
        for name, least in (("resident_bytes", 1 << 17), ("proportional_bytes", 1), ("live_bytes", 1), ("heap_resident_bytes", 1),
                            ("metadata_bytes", 1), ("objects_served_total", 1), ("start_time_seconds", 1e9), ("switch_time_seconds", 1e9)):
            values = of_unit(found, "neap_unit_" + name)
            self.assertEqual(sorted(values), units, name)
            self.assertTrue(all(value >= least for value in values.values()), (name, values))
        self.assertLess(of_unit(found, "neap_unit_proportional_bytes")[units[0]], of_unit(found, "neap_unit_resident_bytes")[units[0]])
        self.assertEqual([labels["target"] for labels, _ in found["neap_switch_resident_before_bytes"]], ["many@.service"])
        self.machine.run("systemctl", "stop", units[1])
        states = {labels["unit"]: labels["state"] for labels, _ in samples(self.read())["neap_unit_info"]}
        self.assertEqual(states.pop(units[1], "stopped"), "stopped")  # systemd may have forgotten it
        self.assertEqual(states, {units[0]: "on"})
        checked = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
        self.assertEqual((checked.returncode, checked.stdout + checked.stderr), (0, ""))

    def test_nested_control_groups_and_escapes(self):
        units = ["nested.service", "dash\\x2ded.service"]
        self.start(*units)
        text = self.read("--units", ",".join(units))
        self.assertIn('unit="dash\\\\x2ded.service"', text)
        processes = of_unit(samples(text), "neap_unit_processes")
        self.assertEqual(processes, {units[0]: 2, units[1]: 1})
        self.assertEqual(sorted(of_unit(samples(text), "neap_unit_cpu_seconds_total")), sorted(units))

    def test_failed_is_not_stopped(self):
        self.machine.shell("printf '[Service]\nExecStart=/bin/false\n' >/run/systemd/system/broken.service && systemctl daemon-reload")
        self.machine.run("systemctl", "start", "broken", check=False)
        self.machine.run("systemctl", "start", "plain")
        self.machine.run("systemctl", "stop", "plain")
        self.addCleanup(self.machine.run, "systemctl", "reset-failed", "broken")
        failed = of_unit(samples(self.read("--units", "broken,plain")), "neap_unit_failed")
        self.assertEqual(failed, {"broken.service": 1, **({"plain.service": 0} if "plain.service" in failed else {})})

    def test_a_replaced_library_shows(self):
        self.start("plain.service")
        self.neap("enable", "plain", "--restart", "--watch", "1")
        self.addCleanup(self.neap, "disable", "plain", "--restart")
        stale = lambda: of_unit(samples(self.read()), "neap_unit_library_stale")["plain.service"]
        self.assertEqual(stale(), 0)
        self.machine.shell(f"cd /usr/lib/{MULTIARCH} && cp libneap.so new && mv new libneap.so")
        self.assertEqual(stale(), 1)
        self.machine.run("systemctl", "restart", "plain")
        self.assertEqual(stale(), 0)

    def test_the_timer_is_one_command(self):
        self.start("plain.service")
        self.machine.shell("echo NEAP_METRICS_OPTIONS=--units=plain >/etc/default/neap-metrics")
        self.machine.run("systemctl", "enable", "--now", "neap-metrics.timer")
        self.machine.run("systemctl", "start", "neap-metrics.service")  # what the timer starts
        self.assertIn('neap_unit_resident_bytes{unit="plain.service"}', self.machine.run("cat", TEXTFILE).stdout)
        self.assertEqual(self.machine.shell(f"stat -c %a {TEXTFILE}; ls -A $(dirname {TEXTFILE})").stdout.split(), ["644", "neap.prom"])
        self.machine.run("systemctl", "disable", "--now", "neap-metrics.timer")

    def test_200_instances_in_two_seconds_of_cpu_and_30_mib(self):
        units = [f"many@{number}.service" for number in range(200)]
        self.start(*units)
        self.machine.shell("mkdir -p /run/systemd/system/many@.service.d && printf '[Service]\\nEnvironment=LD_PRELOAD="
                           f"/usr/lib/{MULTIARCH}/libneap.so\\n' >/run/systemd/system/many@.service.d/50.conf && systemctl daemon-reload && "
                           "systemctl restart 'many@*'")
        seconds, kib = map(float, self.machine.run("python3", "-c", METERED).stdout.split())
        found = samples(self.machine.run("cat", "/run/many.prom").stdout)
        self.assertEqual(len(of_unit(found, "neap_unit_live_bytes")), 200)
        print(f"200 instances: {seconds:.2f} s of CPU, {kib / 1024:.1f} MiB, scan {found['neap_scan_duration_seconds'][0][1]:.2f} s")
        self.assertLess(seconds, 2)
        self.assertLess(kib, 30 * 1024)
        self.machine.run("rm", "-r", "/run/systemd/system/many@.service.d")

    def test_two_writers_at_once_and_what_a_killed_one_left(self):
        self.start("plain.service")
        self.machine.shell("touch /run/.out.prom.999999 /run/.out.prom.1 && for i in 1 2 3 4 5; do neap metrics -o /run/out.prom --units plain & "
                           "done; wait")
        text = self.machine.run("cat", "/run/out.prom").stdout
        self.assertTrue(text.startswith("# HELP neap_build_info"))
        self.assertIn("neap_scan_duration_seconds ", text.splitlines()[-1])
        self.assertEqual(self.machine.shell("ls -A /run | grep out.prom").stdout.split(), [".out.prom.1", "out.prom"])

    def test_pulled_through_exporter_exporter(self):
        if not self.machine.shell("command -v prometheus-exporter-exporter && command -v curl", check=False).stdout:
            self.skipTest("no prometheus-exporter-exporter or no curl")
        self.start("plain.service")
        self.neap("metrics", "-o", TEXTFILE, "--units", "plain")
        self.machine.take(os.path.join(PROMETHEUS, "exporter-exporter.yml"), "/run")
        self.machine.run("systemd-run", "--unit=exporter", "--property=User=prometheus", "prometheus-exporter-exporter", "-config.file",
                         "/run/exporter-exporter.yml", "-web.listen-address", "127.0.0.1:9999")
        self.addCleanup(self.machine.run, "systemctl", "stop", "exporter")
        pulled = self.machine.run("curl", "-sS", "--retry", "60", "--retry-connrefused", "--retry-delay", "1",
                                  "http://127.0.0.1:9999/proxy?module=neap").stdout
        self.assertEqual(of_unit(samples(pulled), "neap_unit_processes"), {"plain.service": 1})

    def test_bad_places(self):
        self.neap("metrics", "-o", "/no/such/neap.prom", code=2,
                  says="no folder '/no/such': install prometheus-node-exporter, or name the folder of its --collector.textfile.directory")
        self.neap("metrics", "-o", "/tmp", code=2, says="'/tmp' is a folder; name a file in it")

    def test_what_is_no_text_for_prometheus_stays(self):
        self.machine.run("neap", "record", "-o", "/run/kept.neap", "--", "/bin/true")
        self.neap("metrics", "-o", "/run/kept.neap", code=2, says="'/run/kept.neap' is a recording of neap and would be lost; choose another name")
        self.machine.run("neap", "report", "/run/kept.neap")
        self.neap("metrics", "-o", "/dev/null")
        self.assertEqual(self.machine.run("stat", "-c", "%F", "/dev/null").stdout, "character special file\n")


if __name__ == "__main__":
    unittest.main()
