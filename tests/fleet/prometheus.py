"""A real Prometheus on a port of 127.0.0.1, with data of one's own. Ends with the test that started it."""
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request

SOURCE = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
RULES = os.path.join(SOURCE, "packaging/prometheus")
RULE_DEPTH = 4  # of recording rules that take what others record
HANG_S = 600  # nothing here takes so long, on however busy a machine


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Prometheus:
    """`openmetrics`: a file of samples with their times, which become its blocks. `rules_from`: the recording rules are computed
    from that second on, as if it had watched."""

    def __init__(self, openmetrics=None, config="", rules_from=None):
        for program in ("prometheus", "promtool"):
            if not shutil.which(program):
                raise unittest.SkipTest(f"no {program}")
        self.folder = tempfile.mkdtemp(prefix="neap-prometheus-")
        self.process = None
        try:
            self.data = os.path.join(self.folder, "data")
            os.mkdir(self.data)
            if openmetrics:
                self.promtool("tsdb", "create-blocks-from", "openmetrics", "--quiet", openmetrics, self.data)
            with open(os.path.join(self.folder, "prometheus.yml"), "w") as file:
                file.write(f"global: {{evaluation_interval: 1s}}\nrule_files: [{RULES}/neap-*.yml]\n{config}")
            self.start()
            for _ in range(RULE_DEPTH if rules_from else 0):
                self.backfill_rules(rules_from)
        except BaseException:
            self.end()
            raise

    def promtool(self, *arguments):
        result = subprocess.run(["promtool", *arguments], capture_output=True, text=True, timeout=HANG_S)
        if result.returncode:
            raise AssertionError(f"promtool {arguments}: {result.stdout}{result.stderr}")

    def backfill_rules(self, start):
        """Each pass sees what the one before it recorded."""
        self.promtool("tsdb", "create-blocks-from", "rules", "--url", self.url, "--start", str(int(start)), "--end", str(int(time.time())),
                      "--eval-interval", "60s", "--output-dir", self.data, os.path.join(RULES, "neap-recording.yml"))
        self.end_process()
        self.start()

    def start(self):
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.log = os.path.join(self.folder, "log")
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "prometheus", f"--config.file={self.folder}/prometheus.yml", f"--storage.tsdb.path={self.data}",
                 "--storage.tsdb.retention.time=100y", f"--web.listen-address=127.0.0.1:{port}", "--storage.tsdb.allow-overlapping-blocks",
                 f"--web.console.templates={RULES}/consoles", "--web.console.libraries=/etc/prometheus/console_libraries"],
                stdout=log, stderr=log, cwd="/usr/share/prometheus")
        until = time.monotonic() + HANG_S
        while not self.is_ready():
            if self.process.poll() is not None or time.monotonic() > until:
                with open(self.log) as log:
                    raise RuntimeError("prometheus did not start: " + log.read()[-2000:])
            time.sleep(0.05)

    def is_ready(self):
        try:
            return urllib.request.urlopen(self.url + "/-/ready", timeout=HANG_S).status == 200
        except (urllib.error.URLError, ConnectionError):
            return False

    def ask(self, path, **parameters):
        address = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(address, timeout=HANG_S) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{parameters}: {error.read().decode()}") from None

    def query(self, expr, **at):
        return self.ask("query", query=expr, **at)["result"]

    def query_range(self, expr, start, end, step=60):
        return self.ask("query_range", query=expr, start=start, end=end, step=step)["result"]

    def end_process(self):
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait()

    def end(self):
        self.end_process()
        shutil.rmtree(self.folder, ignore_errors=True)
