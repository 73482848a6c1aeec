"""Booted machines (tests/service/machine.py) that are joined by a bridge, with relays under load, node_exporter and sshd on each; and the
machine that watches: Prometheus, Alertmanager and Ansible, in the namespace of this process. Run it by run_machines."""
import concurrent.futures
import contextlib
import json
import os
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../service"))
from machine import MULTIARCH, Machine  # noqa: E402
from prometheus import HANG_S, SOURCE, Prometheus  # noqa: E402

NETWORK = "10.77.0."
RELAYS = 4
TORRC = """ORPort 127.0.0.1:{or_port}
SocksPort 0
MetricsPort 127.0.0.1:{metrics_port}
MetricsPortPolicy accept 127.0.0.1
Nickname relay{number}
AssumeReachable 1
PublishServerDescriptor 0
ExitRelay 0
ShutdownWaitLength 1
"""
# Connections to every relay of the machine, some twenty a second; each is a TLS handshake that tor answers.
LOAD = """
import socket, ssl, time
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
while True:
    for port in range(5001, 5001 + {relays}):
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as raw, context.wrap_socket(raw) as secure:
                secure.send(b"\\0" * 512)
        except OSError:
            pass
        time.sleep(0.05)
"""
SSHD = """Port 22
HostKey /etc/ssh/fleet_host_key
AuthorizedKeysFile /etc/ssh/fleet_authorized
PermitRootLogin prohibit-password
PasswordAuthentication no
StrictModes no
UsePAM no
LoginGraceTime 0
PidFile none
Subsystem sftp internal-sftp
"""
# In the control group of each relay, and on its allocator: the jobs that swell one which serves a directory (diff_jobs.c).
JOBS = "[Service]\nExecStartPost=/bin/sh -c '/usr/local/bin/diff-jobs &'\n"
EVERY_2_S = "[Timer]\nOnCalendar=\nOnCalendar=*:*:0/2\nRandomizedDelaySec=0\nAccuracySec=100ms\n"


def until(condition, what, patience=3600):
    """Only a test that hangs waits so long: on a busy machine Ansible alone takes minutes for a batch."""
    deadline = time.monotonic() + patience
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} never came")
        time.sleep(0.5)
    return found


def command(*line, **options):
    return subprocess.run(line, check=True, capture_output=True, text=True, timeout=HANG_S, **options).stdout


class Host(Machine):
    """One server: `address` on the bridge, relays tor@relay1 to tor@relayN on libc."""

    def __init__(self, number):
        self.name, self.address = f"m{number}", f"{NETWORK}{10 + number}"
        super().__init__()

    def furnish(self):
        super().furnish()
        units = os.path.join(self.upper, "etc/systemd/system")
        for name in os.listdir(os.path.join(SOURCE, "packaging/systemd")):
            shutil.copy(os.path.join(SOURCE, "packaging/systemd", name), units)
        programs = os.path.join(self.upper, "usr/local/bin")
        os.makedirs(programs)
        shutil.copy2(os.environ["NEAP_DIFF_JOBS"], os.path.join(programs, "diff-jobs"))

    def join(self, public_key):
        cable = f"v-{self.name}"
        command("ip", "link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", str(self.init))
        command("ip", "link", "set", cable, "master", "fleet", "up")
        for line in (f"addr add {self.address}/24 dev eth0", "link set eth0 up"):
            command("nsenter", "--target", str(self.init), "--net", "ip", *line.split())
        self.put("/etc/ssh/fleet_sshd", SSHD)
        self.put("/etc/ssh/fleet_authorized", public_key)
        self.shell("mkdir -p /run/sshd && ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/fleet_host_key")
        self.run("systemd-run", "--unit=fleet-sshd", "/usr/sbin/sshd", "-D", "-f", "/etc/ssh/fleet_sshd")

    def put(self, path, text):
        self.run("sh", "-c", 'mkdir -p "$(dirname "$0")" && cat >"$0"', path, input=text)

    def begin(self):
        modules = ""
        for number in range(1, RELAYS + 1):
            self.run("tor-instance-create", f"relay{number}")
            self.put(f"/etc/tor/instances/relay{number}/torrc", TORRC.format(number=number, or_port=5000 + number, metrics_port=9030 + number))
            modules += f"  tor_relay{number}: {{method: http, http: {{port: {9030 + number}}}}}\n"
        self.put("/etc/prometheus/fleet-exporter.yml", "modules:\n" + modules)
        self.put("/etc/default/neap-metrics", "NEAP_METRICS_OPTIONS=--units=tor@*\n")
        self.put("/etc/systemd/system/neap-metrics.timer.d/often.conf", EVERY_2_S)
        self.put("/etc/systemd/system/tor@.service.d/jobs.conf", JOBS)
        self.put("/run/load.py", LOAD.format(relays=RELAYS))
        self.shell("mkdir -p /var/lib/prometheus/node-exporter && systemctl daemon-reload && systemctl start 'tor@relay1' 'tor@relay2' "
                   "'tor@relay3' 'tor@relay4' prometheus-node-exporter && systemctl enable --now neap-metrics.timer")
        self.run("systemd-run", "--unit=load", "--nice=15", "python3", "/run/load.py")
        self.run("systemd-run", "--unit=fleet-exporter", "prometheus-exporter-exporter", "-config.file", "/etc/prometheus/fleet-exporter.yml",
                 "-web.listen-address", f"{self.address}:9999")

    def status(self):
        """Asked again where systemd dropped the caller: it does so with one that a busy machine kept waiting for 90 s."""
        asked = until(lambda: (answer := self.run("neap", "status", "--json", check=False)).returncode == 0 and answer or
                      self.unless_dropped(answer), "an answer of neap status")
        return {row["target"]: row for row in json.loads(asked.stdout)}

    def unless_dropped(self, answer):
        if "Transport endpoint is not connected" not in answer.stderr:
            raise AssertionError(f"{self.name}: neap status ended with {answer.returncode}: {answer.stderr}")

    def relays(self):
        """pid of each: another one after each start."""
        shown = self.run("systemctl", "show", "--property=MainPID", "--value", *(f"tor@relay{n}" for n in range(1, RELAYS + 1))).stdout
        return [int(each) for each in shown.split()]

    def library(self):
        return os.path.join("/usr/lib", MULTIARCH, "libneap.so")

    def replace_library(self, file):
        with open(file, "rb") as source:
            self.run("sh", "-c", 'cat >"$0.new" && chmod 644 "$0.new" && mv "$0.new" "$0"', self.library(), stdin=source)


SCRAPES = """
scrape_configs:
  - job_name: node
    scrape_interval: 1s
    static_configs: [{{targets: [{nodes}]}}]
    relabel_configs: [{{source_labels: [__address__], regex: "([^:]+).*", target_label: instance}}]
  - job_name: tor
    scrape_interval: 5s
    metrics_path: /proxy
    static_configs:
{tors}
    relabel_configs: [{{source_labels: [__address__], regex: "([^:]+).*", target_label: instance}}]
alerting: {{alertmanagers: [{{static_configs: [{{targets: ["127.0.0.1:9093"]}}]}}]}}
"""


class Fleet:
    def __init__(self, count):
        self.hosts, self.stack = [], contextlib.ExitStack()
        self.folder = None
        try:
            command("ip", "link", "set", "lo", "up")
            command("ip", "link", "add", "fleet", "type", "bridge")
            command("ip", "addr", "add", NETWORK + "1/24", "dev", "fleet")
            command("ip", "link", "set", "fleet", "up")
            for number in range(1, count + 1):
                host = Host(number)
                self.stack.callback(host.end)
                self.hosts.append(host)
            self.folder = self.hosts[0].folder + "-watch"
            os.mkdir(self.folder)
            self.stack.callback(shutil.rmtree, self.folder, True)
            command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.folder + "/key")
            with open(self.folder + "/key.pub") as key:
                public_key = key.read()
            for host in self.hosts:
                host.join(public_key)
                host.begin()
            self.begin_alertmanager()
            self.begin_prometheus()
        except BaseException:
            self.end()
            raise

    def on_each(self, act):
        """The same on all hosts at once."""
        with concurrent.futures.ThreadPoolExecutor(len(self.hosts)) as pool:
            return list(pool.map(act, self.hosts))

    def begin_alertmanager(self):
        with open(self.folder + "/alertmanager.yml", "w") as file:
            file.write("route: {receiver: nobody}\nreceivers: [{name: nobody}]\n")
        with open(self.folder + "/alertmanager.log", "wb") as log:
            process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "prometheus-alertmanager", f"--config.file={self.folder}/alertmanager.yml", "--cluster.listen-address=",
                                        f"--storage.path={self.folder}/alerts", "--web.listen-address=127.0.0.1:9093"], stdout=log, stderr=log)
        self.stack.callback(process.wait)
        self.stack.callback(process.terminate)

    def begin_prometheus(self):
        nodes = ", ".join(f'"{host.address}:9100"' for host in self.hosts)
        tors = "\n".join(f'      - {{targets: ["{host.address}:9999"], labels: {{unit: "tor@relay{n}.service", __param_module: tor_relay{n}}}}}'
                         for host in self.hosts for n in range(1, RELAYS + 1))
        self.prometheus = Prometheus(config=SCRAPES.format(nodes=nodes, tors=tors))

    def forget(self):
        """A Prometheus that has seen nothing: alerts over 15 minutes end at once."""
        self.prometheus.end()
        self.begin_prometheus()
        self.wait_for_figures()

    def wait_for_figures(self):
        until(lambda: len(self.prometheus.query('neap_unit_info{unit=~"tor@relay.*"}')) == len(self.hosts) * RELAYS, "figures of all relays")

    def firing(self):
        return {each["metric"]["alertname"] for each in self.prometheus.query('ALERTS{alertstate="firing",severity="stop"}')}

    def play(self, text, *arguments):
        """ansible-playbook over ssh, as a process that one may kill. Its output goes to `rollout.log`."""
        with open(self.folder + "/play.yml", "w") as file:
            file.write(text)
        with open(self.folder + "/hosts", "w") as file:
            file.writelines(f"{host.name} ansible_host={host.address}\n" for host in self.hosts)
        environment = {**os.environ, "HOME": self.folder, "ANSIBLE_ROLES_PATH": os.path.join(SOURCE, "packaging/ansible/roles"), "LC_ALL": "C.UTF-8",
                       "ANSIBLE_NOCOLOR": "1", "ANSIBLE_HOST_KEY_CHECKING": "0", "ANSIBLE_PRIVATE_KEY_FILE": self.folder + "/key",
                       "ANSIBLE_REMOTE_USER": "root", "ANSIBLE_TIMEOUT": str(HANG_S), "ANSIBLE_DEPRECATION_WARNINGS": "0",
                       "ANSIBLE_PYTHON_INTERPRETER": "/usr/bin/python3",
                       "ANSIBLE_SSH_ARGS": "-o ControlMaster=no -o UserKnownHostsFile=/dev/null"}
        self.log = self.folder + "/rollout.log"
        with open(self.log, "wb") as log:
            return subprocess.Popen(["ansible-playbook", "-i", self.folder + "/hosts", self.folder + "/play.yml", *arguments], env=environment,
                                    stdout=log, stderr=log, start_new_session=True)

    def said(self):
        with open(self.log) as log:
            return log.read()

    def end(self):
        if hasattr(self, "prometheus"):
            self.prometheus.end()
        self.stack.close()
