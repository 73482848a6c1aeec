"""Who is in the network. All addresses lie in 127.NET.0.0/16, a loopback range that one lab has for itself."""

from dataclasses import dataclass
from pathlib import Path

OR_PORT = 5000
DIR_PORT = 7000
SOCKS_PORT = 9050
WEB_PORT = 8080

# role -> third byte of its addresses
SUBNETS = {"authority": 0, "middle": 1, "exit": 2, "tested": 3, "client": 4}
LAB_SUBNET, WEB_SUBNET = 8, 9


@dataclass(frozen=True)
class Node:
    name: str
    role: str
    address: str
    folder: Path
    allocator: str = ""  # of a relay under test
    label: str = ""      # its name in tables and charts

    @property
    def torrc(self):
        return self.folder / "torrc"

    @property
    def log(self):
        return self.folder / "notice.log"

    @property
    def ports(self):
        if self.role == "client":
            return [SOCKS_PORT]
        return [OR_PORT, DIR_PORT] if self.role in ("authority", "tested") else [OR_PORT]


class Network:
    def __init__(self, net, folder, allocators, relays_each, counts):
        """`counts`: role -> how many, for authorities, middles and exits. One client per relay under test."""
        self.net, self.folder = net, Path(folder)
        self.authorities = self._nodes("authority", counts["authority"])
        self.middles = self._nodes("middle", counts["middle"])
        self.exits = self._nodes("exit", counts["exit"])
        wanted = [(name, label_of(name, n, relays_each)) for name in allocators for n in range(1, relays_each + 1)]
        self.tested = [self._node("tested", i, *names) for i, names in enumerate(wanted, 1)]
        self.clients = self._nodes("client", len(wanted))

    def _nodes(self, role, count):
        return [self._node(role, i) for i in range(1, count + 1)]

    def _node(self, role, i, allocator="", label=""):
        name = f"{role}{i}"
        return Node(name, role, f"127.{self.net}.{SUBNETS[role]}.{i}", self.folder / name, allocator, label)

    @property
    def relays(self):
        """Every node with an OR port, in the order in which they start."""
        return self.authorities + self.middles + self.exits + self.tested

    @property
    def nodes(self):
        return self.relays + self.clients

    @property
    def lab_address(self):
        return f"127.{self.net}.{LAB_SUBNET}.1"

    @property
    def web_address(self):
        return f"127.{self.net}.{WEB_SUBNET}.1"


def label_of(allocator, number, relays_each):
    short = Path(allocator).name
    return short if relays_each == 1 else f"{short} {number}"
