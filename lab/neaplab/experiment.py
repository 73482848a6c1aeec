"""The course of one lab: keys, network, directory, load. Main thread only; waits through its Wait."""

import os
import signal
from dataclasses import asdict

from .directory.feed import Feed
from .failure import LabError
from .load.history import PATHS, parse
from .load.player import Load
from .load.tally import Tally
from .network.keys import make_identities
from .network.logs import bootstrapped_percent, explain, log_name
from .network.nodes import DIR_PORT, OR_PORT, SOCKS_PORT, WEB_PORT
from .network.probe import DOCUMENTS, Probe, is_guard
from .network.torrc import check_torrc, write_torrcs
from .plan import DRAIN_S
from .tested import TestedRelay
from .wait import Wait
from .workers import Worker

MEASURED_KBS = {"authority": 1, "middle": 500_000, "exit": 500_000, "tested": 100_000}
RENEWED_SHARE = 0.08
STEP_LIMIT_S = 300  # for what takes seconds: a machine that is merely busy gets there
LISTED_SHARE = 0.95  # of the synthetic relays, for the directory to count as full
# A relay that asked for a consensus before there was one waits longer with every refusal, up to minutes. A reload makes
# tor forget its refusals and ask at once.
RELOAD_EVERY_S = 10.0
# A relay fetches a consensus within half an interval of its publication, then the documents: by then it may be asked for them.
SETTLED_INTERVALS = 1.75
# The load up to here warms the relays up. What comes after it is measured: every figure of the lab is of that stretch.
WARM_SHARE = 0.5


class Experiment:
    def __init__(self, options, tools, network, household, interrupts, progress, recordings, began):
        self.options, self.plan, self.tools, self.network = options, options.plan, tools, network
        self.household, self.recordings = household, recordings
        self.allocators = {allocator.label: allocator for allocator in options.allocators}
        self.tested = [TestedRelay(node) for node in network.tested]
        self.wait = Wait(network, household, interrupts, progress, began)
        self.probe = Probe(network.lab_address)
        self.player = None
        self.load_began_s = self.load_ended_s = None

    def run(self):
        self.wait.progress.show("making keys", f"{len(self.network.relays)} relays, {self.plan.directory} synthetic")
        identities = make_identities(self.household, self.tools, self.network)
        bandwidth_file = self.network.folder / "bandwidth"
        write_torrcs(self.network, identities, self.plan, bandwidth_file, self.options.sandbox, self.options.torrc)
        if self.options.torrc:
            check_torrc(self.household, self.tools, self.network.tested[0])
        feed = self.start_feed(identities, bandwidth_file)
        self.start_network()
        self.fill_directory(feed)
        first = self.await_consensus(identities)
        self.await_relays(first)
        self.start_clients()
        self.play(first)

    # --- the network

    def start_worker(self, name, settings):
        worker = Worker(self.household, name, asdict(settings), self.network.folder / log_name(name))
        self.wait.workers.append(worker)
        return worker

    def start_feed(self, identities, bandwidth_file):
        measured = {identities.fingerprints[node.name]: MEASURED_KBS[node.role] for node in self.network.relays}
        feed = self.start_worker("feed", Feed(
            authorities=[node.address for node in self.network.authorities], dir_port=DIR_PORT,
            source=self.network.lab_address, relays=self.plan.directory, interval_s=self.plan.interval_s,
            renewed_share=RENEWED_SHARE, bandwidth_file=str(bandwidth_file), measured=measured))
        self.wait.until(lambda: "keys" in feed.said, STEP_LIMIT_S, "drawing keys for the synthetic relays")
        return feed

    def start_network(self):
        for node in self.network.relays:
            if node.role != "tested":
                self.start_tor(node)
        for i, relay in enumerate(self.tested):
            wrap = self.options.wrap if i == 0 else []
            self.start_tor(relay.node, self.allocators[relay.node.allocator].variables, wrap)
        self.wait.until(lambda: all([relay.find() for relay in self.tested]), STEP_LIMIT_S, "starting relays", lambda: "",
                         self.network.tested)
        for relay in self.tested:
            self.recordings.start(relay.label, relay.node.allocator, relay.pid, self.network.folder)
        self.wait.until(self.recordings.begun, STEP_LIMIT_S, "starting the recordings")
        self.wait.until(lambda: all(self.probe.answers(node.address) for node in self.network.authorities), STEP_LIMIT_S,
                         "starting authorities", lambda: "", self.network.authorities)

    def start_tor(self, node, settings=None, wrap=()):
        argv = [*wrap, self.tools["tor"], "--defaults-torrc", "/dev/null", "-f", node.torrc]
        if wrap:  # tor may be a grandchild then, which does not die with the lab by itself
            argv += ["--__OwningControllerProcess", str(os.getpid())]
        self.household.spawn(node.name, argv, os.environ | (settings or {}), output=node.folder / "output")

    # --- the directory

    def bring_up_left_s(self):
        return self.plan.bring_up_limit_s - self.wait.now_s()

    def fill_directory(self, feed):
        def uploaded():
            if "refused" in feed.said:
                raise LabError(f"an authority refused synthetic relays: {feed.said['refused']}: "
                               f"{explain(self.network.authorities[0])}")
            return feed.said.get("uploaded", 0)

        feed.tell("go")
        self.wait.until(lambda: uploaded() >= self.plan.directory, self.bring_up_left_s(), "uploading the directory",
                         lambda: f"{uploaded()} of {self.plan.directory} relays", self.network.authorities)

    def await_consensus(self, identities):
        """Until the authorities publish nearly the whole directory with the relays under test as guards in it.
        Returns that consensus by flavour."""
        wanted = int(self.plan.directory * LISTED_SHARE)
        guards = [identities.fingerprints[node.name] for node in self.network.tested]
        listed, first = 0, {}

        def complete():
            nonlocal listed
            texts = {flavour: self.probe.document(self.network.authorities[0].address, path) for flavour, path in PATHS.items()}
            if None in texts.values():
                return False
            listed = texts["full"].count(b"\nr ")
            if listed < wanted or not all(is_guard(texts["full"], fingerprint) for fingerprint in guards):
                return False
            first.update({flavour: parse(flavour, text, 0) for flavour, text in texts.items()})
            return True

        self.wait.until(complete, self.bring_up_left_s(), "waiting for a full consensus",
                         lambda: f"{listed} of about {self.plan.directory} relays listed", self.network.authorities)
        return first

    def await_relays(self, first):
        """Until every relay under test serves consensuses and what the first full one lists."""
        missing = {node.name: node for node in self.network.tested}
        reload_at_s = self.wait.now_s()

        def ready():
            nonlocal reload_at_s
            if self.wait.now_s() >= reload_at_s:
                reload_at_s = self.wait.now_s() + RELOAD_EVERY_S
                for relay in self.tested:
                    if relay.node.name in missing:
                        relay.reload()
            for name, node in list(missing.items()):
                if all(self.probe.serves(node.address, flavour, first[flavour]) for flavour in DOCUMENTS):
                    del missing[name]
            return not missing

        self.wait.until(ready, self.bring_up_left_s(), "waiting for the relays' directories",
                         lambda: "not yet on " + ", ".join(node.label for node in missing.values()),
                         self.network.tested)

    def start_clients(self):
        for client in self.network.clients:
            self.start_tor(client)
        self.wait.until(lambda: all(bootstrapped_percent(client) == 100 for client in self.network.clients),
                         self.bring_up_left_s(), "starting clients", lambda: "", self.network.clients)

    # --- the load

    def play(self, first):
        duration = self.plan.deadline_s - self.wait.now_s()
        if self.plan.load_s:
            duration = min(duration, self.plan.load_s)
        self.player = self.start_worker("player", Load(
            relays={relay.label: relay.node.address for relay in self.tested},
            clients={relay.label: [client.address, SOCKS_PORT]
                     for relay, client in zip(self.tested, self.network.clients)},
            web=[self.network.web_address, WEB_PORT], authority=[self.network.authorities[0].address, DIR_PORT],
            source=self.network.lab_address, or_port=OR_PORT, settle_s=self.plan.interval_s * SETTLED_INTERVALS,
            duration_s=duration, drain_s=DRAIN_S, sessions_per_s=self.plan.sessions_per_s,
            first={flavour: asdict(consensus) for flavour, consensus in first.items()}))
        self.wait.until(lambda: self.phase() is not None, STEP_LIMIT_S, "starting the load")
        self.load_began_s = self.wait.now_s()
        try:
            self.player.tell("clients")
            self.wait.until(lambda: self.phase() != "load", duration + STEP_LIMIT_S, "loading", self.load_detail)
        finally:
            self.load_ended_s = self.wait.now_s()
        self.wait.until(lambda: self.player.done, DRAIN_S + STEP_LIMIT_S, "letting the last sessions end", self.load_detail)

    def phase(self):
        return self.player.said.get("phase")

    def load_detail(self):
        return f"{max(tally.begun for tally in self.tallies().values())} sessions each"

    def measured_stretch(self):
        """What the report is of, in Unix time."""
        began, ended = self.load_began_s, self.load_ended_s
        return [self.wait.unix_s(at_s) for at_s in (began + (ended - began) * WARM_SHARE, ended)]

    def tallies(self):
        told = self.player.said.get("tallies", {}) if self.player else {}
        return {relay.label: Tally(**told.get(relay.label, {})) for relay in self.tested}

    # --- the end

    def stop(self):
        """Ends the recordings, then the relays as an operator would, so that a wrapper can finish its work."""
        self.recordings.stop()
        self.household.stop([relay.node.name for relay in self.tested], signal.SIGINT, 10 if self.options.wrap else 3)

    def discard(self):
        """Nothing was measured: what the recordings hold of the bring-up is of no use to anybody."""
        self.recordings.stop()
        for file in self.recordings.files.values():
            file.unlink(missing_ok=True)
        if not any(self.options.output.iterdir()):
            self.options.output.rmdir()
