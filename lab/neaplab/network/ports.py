"""Finds a loopback range whose ports are free, and keeps other labs off it for as long as this one lives."""

import errno
import socket

from ..failure import LabError
from .nodes import LAB_SUBNET, WEB_PORT

RANGES = range(60, 80)
CLAIM_PORT = 4999


def claim_range(addresses_for):
    """Returns (NET, socket that holds the claim). `addresses_for(NET)` lists the (address, port) pairs needed."""
    taken = None
    for net in RANGES:
        claim = socket.socket()
        try:
            claim.bind((f"127.{net}.{LAB_SUBNET}.1", CLAIM_PORT))
            claim.listen(1)
        except OSError:
            claim.close()
            continue
        conflict = first_taken(addresses_for(net))
        if conflict is None:
            return net, claim
        claim.close()
        taken = taken or conflict
    if taken is None:
        raise LabError(f"{len(RANGES)} labs are running already: wait for one to end")
    raise LabError(f"port {taken[1]} is taken (tried {taken[0]} and {len(RANGES) - 1} more loopback ranges); "
                   f"see who listens there with: ss -ltnp 'sport = :{taken[1]}'")


def first_taken(pairs):
    """The first (address, port) that somebody listens on, or None."""
    for address, port in pairs:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, port))
            except OSError as problem:
                if problem.errno == errno.EADDRINUSE:
                    return address, port
                raise LabError(f"cannot use {address}:{port}: {problem.strerror}") from problem
    return None


def needed(network):
    return [(node.address, port) for node in network.nodes for port in node.ports] + [(network.web_address, WEB_PORT)]
