"""The course of one lab: keys, network, directory, load, result. Main thread only.

Everything that waits does so in tick(), which also samples the relays once a second, hears the workers, notices a
process that died and obeys a signal.
"""

import base64
import os
import signal
import time
from dataclasses import asdict

from .directory.feed import Feed
from .failure import LabError
from .load.history import PATHS, fetch, parse
from .load.player import Load
from .load.tally import Tally
from .network.keys import make_identities
from .network.logs import bootstrapped_percent, explain, tail
from .network.nodes import DIR_PORT, OR_PORT, SOCKS_PORT, WEB_PORT
from .network.torrc import write_torrcs
from .plan import DRAIN_S
from .tested import TestedRelay
from .workers import Worker

MEASURED_KBS = {"authority": 1, "middle": 500_000, "exit": 500_000, "tested": 100_000}
RENEWED_SHARE = 0.08
# A relay fetches a consensus within half an interval of its publication, then the documents: by then all have them.
SETTLED_INTERVALS = 1.5
# Allocator settings of the caller's shell are not the lab's.
NOT_INHERITED = ("LD_PRELOAD", "GLIBC_TUNABLES", "MALLOC_ARENA_MAX", "MALLOC_CONF", "NEAP_OPTIONS")
SAMPLED_DOCUMENTS = 90
DOCUMENT_FORMS = {"microdesc": ("/tor/micro/d/", "-", b"\nonion-key"), "full": ("/tor/server/d/", "+", b"\nrouter ")}
LISTED_SHARE = 0.95  # of the synthetic relays, for the directory to count as full


class Experiment:
    def __init__(self, options, tools, network, household, interrupts, progress, recorder, began):
        self.options, self.plan, self.tools = options, options.plan, tools
        self.allocators = {allocator.label: allocator for allocator in options.allocators}
        self.network, self.household, self.interrupts, self.progress = network, household, interrupts, progress
        self.recorder, self.began = recorder, began
        self.tested = [TestedRelay(node, self.allocators[node.allocator].library) for node in network.tested]
        self.feed = self.player = None
        self.fed = {}
        self.played = None
        self.load_began_s = self.load_ended_s = None
        self.next_sample_s = 0.0

    def now_s(self):
        return time.monotonic() - self.began

    # --- the course

    def run(self):
        self.progress.show("making keys", f"{len(self.network.relays)} relays, {self.plan.directory} synthetic ones")
        identities = make_identities(self.household, self.tools, self.network)
        bandwidth_file = self.network.folder / "bandwidth"
        self.start_feed(identities, bandwidth_file)
        write_torrcs(self.network, identities, self.plan, bandwidth_file, self.options.sandbox)
        self.start_network()
        self.fill_directory()
        self.await_consensus(identities)
        self.await_relays()
        for client in self.network.clients:
            self.start_tor(client)
        self.play()

    def start_feed(self, identities, bandwidth_file):
        measured = {identities.fingerprints[node.name]: MEASURED_KBS[node.role] for node in self.network.relays}
        settings = Feed([node.address for node in self.network.authorities], DIR_PORT, self.network.lab_address,
                        self.plan.directory, self.plan.interval_s, RENEWED_SHARE, str(bandwidth_file), measured)
        self.feed = Worker(self.household, "feed", asdict(settings), self.network.folder / "feed.log")
        self.until(lambda: self.heard("keys"), 60, "drawing keys for the synthetic relays")

    def start_network(self):
        for node in self.network.relays:
            if node.role != "tested":
                self.start_tor(node)
        for i, relay in enumerate(self.tested):
            wrap = self.options.wrap if i == 0 else []
            self.start_tor(relay.node, self.allocators[relay.node.allocator].variables, wrap)
        self.until(lambda: all([relay.find() for relay in self.tested]), 30, "starting relays")
        for relay in self.tested:
            if not relay.runs_on_its_allocator():
                raise LabError(f"the relay for {relay.label} does not run on {relay.library}: {explain(relay.node)}")
            self.recorder.start(relay.label, relay.node.allocator, relay.pid, self.network.folder / "recorder.log")
        self.until(lambda: all(self.answers(node) for node in self.network.authorities), 30, "starting authorities")

    def start_tor(self, node, settings=None, wrap=()):
        variables = {name: value for name, value in os.environ.items() if name not in NOT_INHERITED}
        argv = [*wrap, self.tools["tor"], "--defaults-torrc", "/dev/null", "-f", node.torrc]
        if wrap:  # tor may be a grandchild then, which does not die with the lab by itself
            argv += ["--__OwningControllerProcess", str(os.getpid())]
        self.household.spawn(node.name, argv, variables | (settings or {}), output=node.folder / "output")

    def fill_directory(self):
        self.feed.tell("go")
        self.until(lambda: self.heard("uploaded") >= self.plan.directory, self.bring_up_left_s(),
                   "uploading the directory", lambda: f"{self.heard('uploaded')} of {self.plan.directory} relays")

    def await_consensus(self, identities):
        """Until the authorities publish nearly the whole directory with the relays under test as guards in it."""
        wanted = int(self.plan.directory * LISTED_SHARE)
        guards = [bytes.fromhex(identities.fingerprints[node.name]) for node in self.network.tested]
        self.listed = 0

        def complete():
            texts = {flavour: self.document(self.network.authorities[0], path) for flavour, path in PATHS.items()}
            if None in texts.values():
                return False
            self.listed = texts["full"].count(b"\nr ")
            if self.listed < wanted or not all(is_guard(texts["full"], fingerprint) for fingerprint in guards):
                return False
            self.first = {flavour: parse(flavour, text, 0) for flavour, text in texts.items()}
            return True

        self.until(complete, self.bring_up_left_s(), "waiting for a full consensus",
                   lambda: f"{self.listed} of about {self.plan.directory} relays listed", self.network.authorities)

    def await_relays(self):
        """Until every relay under test serves consensuses and what the first full one lists."""
        missing = {relay.node.name: relay.node for relay in self.tested}

        def ready():
            for name, node in list(missing.items()):
                if all(self.serves(node, flavour, *form) for flavour, form in DOCUMENT_FORMS.items()):
                    del missing[name]
            return not missing

        self.until(ready, self.bring_up_left_s(), "waiting for the relays' directories",
                   lambda: f"{len(self.tested) - len(missing)} of {len(self.tested)} ready", self.network.tested)

    def serves(self, node, flavour, prefix, separator, first_line):
        documents = self.first[flavour].documents
        chosen = documents[::max(1, len(documents) // SAMPLED_DOCUMENTS)]
        found = self.document(node, prefix + separator.join(chosen))
        if found is None or (b"\n" + found).count(first_line) < len(chosen):
            return False
        return self.document(node, PATHS[flavour]) is not None

    def play(self):
        duration = self.plan.deadline_s - self.now_s()
        clients = {relay.label: [client.address, SOCKS_PORT]
                   for relay, client in zip(self.tested, self.network.clients)}
        settings = Load({relay.label: relay.node.address for relay in self.tested}, clients,
                        [self.network.web_address, WEB_PORT], [self.network.authorities[0].address, DIR_PORT],
                        self.network.lab_address, OR_PORT, self.plan.interval_s * SETTLED_INTERVALS, duration, DRAIN_S,
                        self.plan.sessions_per_s, {flavour: asdict(first) for flavour, first in self.first.items()})
        self.player = Worker(self.household, "player", asdict(settings), self.network.folder / "player.log")
        self.until(lambda: self.phase() in ("load", "drain", "done"), 60, "settling")
        self.load_began_s = self.now_s()
        try:
            self.until(self.clients_up, duration / 2, "loading, clients starting", self.load_detail, self.network.clients)
            self.player.tell("clients")
            self.until(lambda: self.phase() in ("drain", "done"), duration + 30, "loading", self.load_detail)
        finally:
            self.load_ended_s = self.now_s()
        self.until(lambda: self.phase() == "done", DRAIN_S + 10, "letting the last sessions end", self.load_detail)

    # --- what they wait for

    def bring_up_left_s(self):
        return self.plan.bring_up_limit_s - self.now_s()

    def until(self, condition, limit_s, step, detail=lambda: "", blamed=()):
        """Ticks until the condition holds; after the limit, an error with what the blamed nodes' logs say."""
        ends = self.now_s() + limit_s
        while not condition():
            self.progress.show(step, detail())
            self.tick()
            if self.now_s() > ends:
                reasons = "".join(f"\n  {node.name}: {explain(node)}" for node in blamed)
                told = detail()
                raise LabError(f"{step}: not done after {limit_s:.0f} s{' (' + told + ')' if told else ''}{reasons}")

    def tick(self):
        workers = [worker for worker in (self.feed, self.player) if worker]
        self.interrupts.wait(max(0.0, min(0.25, self.next_sample_s - self.now_s())), workers)
        for worker in workers:
            for event in worker.events():
                self.hear(event)
        if self.now_s() >= self.next_sample_s:
            self.next_sample_s = max(self.next_sample_s + 1, self.now_s() + 0.5)
            for relay in self.tested:
                if relay.pid:
                    relay.sample(self.now_s())
        self.notice_the_dead()

    def hear(self, event):
        if "tallies" in event:
            self.played = event
        elif "refused" in event:
            raise LabError(f"an authority refused the synthetic relays: {event['refused']}: "
                           f"{explain(self.network.authorities[0])}")
        else:
            self.fed.update(event)

    def heard(self, what):
        return self.fed.get(what, 0)

    def phase(self):
        return self.played["phase"] if self.played else None

    def notice_the_dead(self):
        nodes = {node.name: node for node in self.network.nodes}
        for name, code in self.household.ended():
            if name == "player" and code == 0:
                continue
            if name in nodes:
                node = nodes[name]
                who = f"the relay on {node.label}" if node.label else name
                said = "".join(f"\n  {line}" for line in tail(node.folder / "output", 6))
                raise LabError(f"{who} died ({describe_exit(code)}): {explain(node)}{said}")
            log = self.network.folder / ("recorder.log" if name.startswith("recorder") else f"{name}.log")
            lines = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
            raise LabError(f"the lab's {name} died ({describe_exit(code)}): {lines[-1] if lines else 'no message'}")

    def answers(self, node):
        try:
            fetch(node.address, DIR_PORT, "/tor/keys/authority", self.network.lab_address, 2)
            return True
        except (OSError, ValueError):
            return False

    def document(self, node, path):
        try:
            status, body = fetch(node.address, DIR_PORT, path, self.network.lab_address, 10)
        except (OSError, ValueError):
            return None
        return body if status == 200 else None

    def clients_up(self):
        return self.phase() != "load" or all(bootstrapped_percent(client) == 100 for client in self.network.clients)

    def load_detail(self):
        sizes = ", ".join(f"{relay.label} {relay.samples[-1].rss >> 20}" for relay in self.tested if relay.samples)
        begun = max((t["begun"] for t in self.played["tallies"].values()), default=0) if self.played else 0
        return f"{begun} sessions each; MiB now: {sizes}"

    # --- what came of it

    def tallies(self):
        told = self.played["tallies"] if self.played else {}
        return {relay.label: Tally(**told.get(relay.label, {})) for relay in self.tested}

    def discard(self):
        """Nothing was measured: what the recordings hold of the bring-up is of no use to anybody."""
        self.recorder.stop()
        for file in self.recorder.files.values():
            file.unlink(missing_ok=True)
        if not any(self.options.output.iterdir()):
            self.options.output.rmdir()

    def stop(self):
        """Ends the recordings, then the relays as an operator would, so that a wrapper can finish its work."""
        self.recorder.stop()
        self.household.stop([relay.node.name for relay in self.tested], signal.SIGINT, 10 if self.options.wrap else 3)


def describe_exit(code):
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def is_guard(consensus, fingerprint):
    """The relay is listed with the flags that make it an entry."""
    mark = b" " + base64.b64encode(fingerprint).rstrip(b"=") + b" "
    at = consensus.find(mark)
    if at < 0:
        return False
    flags = consensus[consensus.index(b"\ns ", at):].split(b"\n", 2)[1].split()
    return b"Guard" in flags and b"Running" in flags
