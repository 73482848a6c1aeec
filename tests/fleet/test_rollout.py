"""The role `rollout` with hosts that are folders: in which order and batches it switches, what holds it, what it takes back, that it goes
on. neap and Prometheus are made here; tests/fleet/machines has real ones."""
import http.server
import json
import os
import shutil
import subprocess
import tempfile
import threading
import unittest

SOURCE = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
ROLES = os.path.join(SOURCE, "packaging/ansible/roles")
# Notes its call; fails where the host has a file `fails`; `on` holds what is switched, `cut` that it was not verified.
NEAP = """#!/bin/sh
home=$HOSTS/$HOST_NAME
[ "$1" != --json ] || shift
answer() { echo '{"changed": true, "targets": [{"target": "tor@.service", "changed": true'"$1"'}]}'; }
case $1 in
  status) [ -e $home/cut ] && complete=false || complete=true
          [ -s $home/on ] && printf '[{"target":"tor@.service","state":"on","configured":"%s","complete":%s}]' "$(cat $home/on)" $complete || printf '[]' ;;
  enable) echo "$HOST_NAME $*" >>$HOSTS/calls
          case "$*" in *--dry-run) answer; exit 0 ;; esac
          [ ! -e $home/fails ] || { echo "neap: rolled back; tor@ runs as before" >&2; answer ', "error": "rolled back; tor@ runs as before"'; exit 125; }
          shift; echo $3 >$home/on; rm -f $home/cut; answer ;;
  disable) echo "$HOST_NAME $*" >>$HOSTS/calls; rm -f $home/on; answer ;;
esac
"""
PLAY = """
- hosts: all
  gather_facts: false
  connection: local
  serial: [1, 2, "100%"]
  max_fail_percentage: 0
  ignore_unreachable: true
  environment: {HOST_NAME: "{{ inventory_hostname }}"}
  roles:
    - role: rollout
      vars: {rollout_prometheus: "URL", rollout_units: [{name: tor@, allocator: neap}], rollout_soak_minutes: 0, rollout_poll_seconds: 1}
"""


class Alerts(http.server.BaseHTTPRequestHandler):
    """What a Prometheus says; `after` of its calls it begins to fire."""
    fires_after, calls = None, 0

    def do_GET(self):
        Alerts.calls += 1
        firing = Alerts.fires_after is not None and Alerts.calls > Alerts.fires_after
        result = [{"metric": {"alertname": "NeapUnitDown", "instance": "h2", "unit": "tor@a.service"}, "value": [0, "1"]}] if firing else []
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps({"status": "success", "data": {"resultType": "vector", "result": result}}).encode())

    def log_message(self, *_):
        pass


class Rollout(unittest.TestCase):
    HOSTS = ["h1", "h2", "h3", "h4"]

    def setUp(self):
        if not shutil.which("ansible-playbook"):
            self.skipTest("no ansible-playbook")
        folder = tempfile.TemporaryDirectory(prefix="neap-rollout-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        for host in self.HOSTS:
            os.mkdir(self.path(host))
        os.mkdir(self.path("bin"))
        for name, text in (("neap", NEAP), ("systemctl", "#!/bin/sh\n")):
            with open(self.path("bin/" + name), "w") as file:
                file.write(text)
            os.chmod(self.path("bin/" + name), 0o755)
        Alerts.fires_after, Alerts.calls = None, 0
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Alerts)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        with open(self.path("play.yml"), "w") as file:
            file.write(PLAY.replace("URL", f"http://127.0.0.1:{self.server.server_port}"))

    def path(self, name):
        return os.path.join(self.folder, name)

    def play(self, *arguments, code=0, lost=()):
        """`lost`: hosts that do not answer."""
        with open(self.path("hosts"), "w") as file:
            file.writelines(host + (" ansible_connection=ssh ansible_host=127.0.0.1 ansible_port=1" if host in lost else "") + "\n"
                            for host in self.HOSTS)
        if os.path.exists(self.path("calls")):
            os.unlink(self.path("calls"))
        environment = {**os.environ, "HOME": self.folder, "HOSTS": self.folder, "ANSIBLE_ROLES_PATH": ROLES, "LC_ALL": "C.UTF-8",
                       "ANSIBLE_NOCOLOR": "1", "ANSIBLE_LOCALHOST_WARNING": "0", "ANSIBLE_DEPRECATION_WARNINGS": "0",
                       "ANSIBLE_PYTHON_INTERPRETER": "/usr/bin/python3", "PATH": self.path("bin") + ":" + os.environ["PATH"]}
        result = subprocess.run(["ansible-playbook", "-i", self.path("hosts"), self.path("play.yml"), *arguments], env=environment,
                                capture_output=True, text=True, timeout=600)
        self.assertEqual(result.returncode != 0, code != 0, result.stdout[-6000:] + result.stderr)
        return result.stdout

    def calls(self):
        try:
            with open(self.path("calls")) as file:
                return file.read().splitlines()
        except FileNotFoundError:
            return []

    def switched(self):
        return [host for host in self.HOSTS if os.path.exists(self.path(host + "/on"))]

    def test_all_batches_and_nothing_the_second_time(self):
        self.play()
        on = [f"{host} enable tor@ --allocator neap --restart" for host in self.HOSTS]
        calls = self.calls()
        self.assertEqual((calls[0], sorted(calls[1:3]), calls[3]), (on[0], on[1:3], on[3]))
        self.play()
        self.assertEqual(self.calls(), [])

    def test_check_tells_and_does_nothing(self):
        self.play("--check")
        self.assertEqual(sorted(self.calls()), [f"{host} enable tor@ --allocator neap --dry-run" for host in self.HOSTS])
        self.assertEqual(self.switched(), [])

    def test_a_host_that_fails_takes_its_batch_back_and_it_goes_on_later(self):
        open(self.path("h3/fails"), "w").close()
        said = self.play(code=1)
        self.assertRegex(said, "h3: Switch units to their allocators: .*rolled back; tor@ runs as before")
        self.assertEqual(self.switched(), ["h1"])
        self.assertIn("h2 disable tor@ --restart", self.calls())
        self.assertNotIn("h3 disable tor@ --restart", self.calls())  # it went back itself
        self.assertFalse(any(call.startswith("h4") for call in self.calls()))
        os.unlink(self.path("h3/fails"))
        self.play()
        self.assertEqual(self.switched(), self.HOSTS)
        self.assertFalse(any(call.startswith("h1") for call in self.calls()))

    def test_an_alert_takes_the_batch_back_and_holds_the_next_roll_out(self):
        Alerts.fires_after = 3  # before h1, after h1, before h2 and h3: then
        said = self.play(code=1)
        self.assertIn("NeapUnitDown h2 tor@a.service", said)
        self.assertEqual(self.switched(), ["h1"])
        self.assertEqual(sorted(self.calls()[-2:]), ["h2 disable tor@ --restart", "h3 disable tor@ --restart"])
        self.assertIn("no batch begins, and nothing was changed", self.play(code=1))
        self.assertEqual(self.calls(), [])

    def test_what_was_there_before_comes_back(self):
        with open(self.path("h1/on"), "w") as file:
            file.write("jemalloc")
        Alerts.fires_after = 1
        self.play(code=1)
        self.assertEqual(self.calls()[-1], "h1 enable tor@ --allocator jemalloc --restart")

    def test_a_switch_that_was_cut_off_is_made_again(self):
        with open(self.path("h1/on"), "w") as file:
            file.write("neap")
        open(self.path("h1/cut"), "w").close()
        self.play()
        self.assertEqual(self.calls()[0], "h1 enable tor@ --allocator neap --restart")

    def test_with_a_host_out_of_reach_its_batch_does_not_begin(self):
        self.assertIn("no batch begins, and nothing was changed: out of reach: h3", self.play(code=1, lost=["h3"]))
        self.assertEqual(self.switched(), ["h1"])
        self.assertEqual(self.calls(), ["h1 enable tor@ --allocator neap --restart"])

    def test_without_a_prometheus_nothing_begins(self):
        self.server.shutdown()
        self.server.server_close()
        self.assertIn("does not answer", self.play(code=1))
        self.assertEqual(self.calls(), [])


if __name__ == "__main__":
    unittest.main()
