"""Four booted machines, four relays under load on each: an experiment and its report, a roll-out from libc to neap, a bad library on one host
that Prometheus' alerts stop and take back, and kill -9 of whatever takes part. Some fifteen minutes, which pass mostly in waiting."""
import json
import os
import random
import signal
import subprocess
import time
import unittest

from machines import RELAYS, Fleet, command, until

BUILD = os.environ["NEAP_BUILD"]
CRASHING = os.environ["NEAP_CRASHING"]
# But `broken`: no journal entry may be lost, whatever is killed.
KNOWN_STATES = {"on", "pending", "stopped", "interrupted", "restored", "edited", "drift", "failed", "flapping", "outdated"}
PLAY = """
- hosts: all
  gather_facts: false
  serial: [1, 1, "100%"]
  max_fail_percentage: 0
  ignore_unreachable: true
  roles:
    - role: rollout
      vars: {rollout_prometheus: "URL", rollout_units: [{name: tor@, allocator: neap}], rollout_soak_minutes: SOAK, rollout_poll_seconds: 2}
"""


def end_group(process):
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


class Machines(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.fleet = Fleet(4)
        cls.addClassCleanup(cls.fleet.end)
        cls.hosts = cls.fleet.hosts
        cls.fleet.wait_for_figures()

    def roll_out(self, soak, *arguments):
        playing = self.fleet.play(PLAY.replace("URL", self.fleet.prometheus.url).replace("SOAK", str(soak)), *arguments)
        self.addCleanup(end_group, playing)
        return playing

    def states(self):
        return [host.status().get("tor@.service", {}).get("state") for host in self.hosts]

    def neap(self, *arguments, code=0):
        result = subprocess.run([os.path.join(BUILD, "neap"), *arguments], capture_output=True, text=True, env={**os.environ, "NO_COLOR": "1"})
        self.assertEqual(result.returncode, code, result.stdout + result.stderr)
        return result.stdout

    def test_1_an_experiment_over_the_hosts(self):
        self.fleet.on_each(lambda host: host.run("neap", "experiment", "init", "relays", "--units", "tor@relay*", "-a", "libc,neap",
                                                 "--seed", "42", "--host", host.name))
        time.sleep(30)  # the memory before
        self.fleet.on_each(lambda host: host.run("neap", "experiment", "start", "relays", "--step", "0"))
        groups = lambda: {each["metric"]["running"]: int(each["value"][1]) for each in self.fleet.prometheus.query(
            'count by (running) (neap_unit_info{experiment="relays",state="on"})')}
        until(lambda: groups() == {"libc": 8, "neap": 8}, "eight relays of each group")
        until(lambda: self.fleet.prometheus.query("count(count_over_time(neap_unit_switch_time_seconds[60s]) >= 20) == 16"), "readings after the switch")
        url = self.fleet.prometheus.url
        print(self.neap("experiment", "report", "relays", "--prometheus", url))
        found = json.loads(self.neap("experiment", "report", "relays", "--prometheus", url, "--json"))["within_hosts"]
        memory = next(each for each in found["effects"] if each["quantity"] == "memory")
        self.assertEqual((memory["group"], memory["hosts"], memory["instances"], memory["adjusted"]), ("neap", 4, 16, True))
        self.assertTrue(0.02 < memory["low"] <= memory["ratio"] <= memory["high"] < 1, memory)  # a saving, and its interval says so
        self.assertTrue(self.fleet.prometheus.query("instance_unit:tor_traffic_bytes:rate5m"), "tor's own figures are joined")
        self.fleet.on_each(lambda host: [host.run("neap", "disable", f"tor@relay{number}", "--restart") for number in range(1, RELAYS + 1)])
        self.assertEqual(self.states(), [None] * 4)

    def test_2_a_bad_library_is_stopped_and_taken_back(self):
        bad = self.hosts[1]
        bad.replace_library(CRASHING)
        untouched = [host.relays() for host in self.hosts[2:]]
        self.fleet.forget()
        playing = self.roll_out(2)  # minutes: the library crashes every 20 s
        until(lambda: bad.status().get("tor@.service", {}).get("state") == "on" or playing.poll() is not None, "the switch of the second host")
        self.assertIsNone(playing.poll(), self.fleet.said()[-3000:])
        until(lambda: "NeapFlapping" in self.fleet.firing(), "the alert")
        until(lambda: "NeapFlapping" in command("amtool", "--alertmanager.url=http://127.0.0.1:9093", "alert", "query"), "the alert at Alertmanager")
        playing.wait()
        self.assertNotEqual(playing.returncode, 0)
        said = self.fleet.said()
        self.assertIn("the batch was switched back, the hosts after it are untouched", said)
        self.assertRegex(said, rf"NeapFlapping {bad.address} tor@relay\d\.service")
        self.assertEqual(self.states(), ["on", None, None, None])
        self.assertEqual([host.relays() for host in self.hosts[2:]], untouched)
        relays = [f"tor@relay{number}" for number in range(1, RELAYS + 1)]
        until(lambda: bad.run("systemctl", "is-active", *relays, check=False).stdout.split() == ["active"] * RELAYS, "its relays")
        self.no_batch_begins(untouched)
        bad.replace_library(os.path.join(BUILD, "libneap.so"))

    def no_batch_begins(self, untouched):
        """While an alert fires: a relay of the first host, which is on libneap, crashes whenever the alert is about to end, until the
        roll-out has. So it fires however long that takes."""
        first = self.hosts[0]
        until(lambda: self.crash_while_few(first) and "NeapFlapping" in self.fleet.firing(), "the alert of the first host")
        again = self.roll_out(0)
        until(lambda: self.crash_while_few(first) and again.poll() is not None, "the end of a roll-out that must not begin")
        self.assertIn("NeapFlapping", self.fleet.firing())
        self.assertNotEqual(again.returncode, 0)
        self.assertIn("no batch begins, and nothing was changed", self.fleet.said())
        self.assertRegex(self.fleet.said(), rf"NeapFlapping {first.address} tor@relay1\.service")
        self.assertEqual([host.relays() for host in self.hosts[2:]], untouched)
        first.run("systemctl", "restart", "tor@relay1")  # systemd counts its restarts anew

    def crash_while_few(self, host, enough=6):
        """Once, and until Prometheus has counted it, where it knows of fewer restarts than an alert needs with some to spare."""
        counted = f'neap_unit_restarts_total{{instance="{host.address}",unit="tor@relay1.service"}}'
        ask = lambda expression: float(self.fleet.prometheus.query(expression)[0]["value"][1])
        if ask(f"increase({counted}[15m])") < enough:
            before, running = ask(counted), host.relays()[0]
            host.run("kill", "-9", str(running))
            until(lambda: ask(counted) > before and host.relays()[0] not in (0, running), "the relay's restart")
        return True

    def test_3_kill_9_of_anything(self):
        """Of Ansible at several moments, of neap on a host, of node_exporter and Prometheus: each host can tell what it is, and the next run
        goes on."""
        self.fleet.forget()
        chance = random.Random(4)
        for moment in (4, 9, 15):
            playing = self.roll_out(0)
            time.sleep(moment + chance.random())
            end_group(playing)
            self.everyone_tells()
        third = self.hosts[2]
        for milliseconds in (30, 200, 1500, 6000):
            third.shell(f"neap enable tor@ --restart >/dev/null 2>&1 & pid=$!; sleep {milliseconds / 1000}; kill -9 $pid; true")
            self.everyone_tells()
        self.hosts[3].shell("kill -9 $(systemctl show -P MainPID prometheus-node-exporter) $(systemctl show -P MainPID tor@relay2)")
        self.fleet.prometheus.process.kill()
        self.fleet.prometheus.process.wait()
        playing = self.roll_out(0)
        playing.wait()
        self.assertNotEqual(playing.returncode, 0)
        self.assertIn("does not answer", self.fleet.said())  # who cannot see does not roll out
        self.everyone_tells()
        self.fleet.forget()
        playing = self.roll_out(0)
        playing.wait()
        self.assertEqual(playing.returncode, 0, self.fleet.said()[-3000:])
        self.assertEqual(self.states(), ["on"] * 4)
        until(lambda: len(self.fleet.prometheus.query('neap_unit_info{unit=~"tor@relay.*",running="neap",state="on"}')) == 4 * RELAYS, "all relays on neap")
        saved = until(lambda: (found := self.fleet.prometheus.query("instance_target:neap_saved_bytes:before")) and len(found) == 4 and found, "the savings of all hosts")
        print("saved since the switch, MiB by host:", {each["metric"]["instance"]: round(float(each["value"][1]) / (1 << 20), 1) for each in saved})
        self.assertTrue(all(float(each["value"][1]) > RELAYS << 20 for each in saved), saved)

    def everyone_tells(self):
        for host in self.hosts:
            for target, row in host.status().items():
                self.assertIn(row["state"], KNOWN_STATES, (host.name, target))


if __name__ == "__main__":
    unittest.main()
