"""Identity keys of the real nodes, made by tor's own tools side by side. Main thread only."""

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from ..failure import LabError
from .nodes import DIR_PORT, OR_PORT

KEY_LIMIT_S = 300
NOT_AN_AUTHORITY = "x 127.0.0.1:1 ffffffffffffffffffffffffffffffffffffffff"


@dataclass(frozen=True)
class Identities:
    fingerprints: dict   # node name -> hex
    directory_lines: list  # DirAuthority lines for every torrc


def find_tools(tor):
    """The paths of tor, as given, and of tor-gencert, which comes with tor."""
    gencert = shutil.which("tor-gencert") or shutil.which("tor-gencert", path=str(Path(tor).parent))
    if gencert is None:
        raise LabError("tor-gencert not found in PATH; to get it: apt install tor")
    return {"tor": tor, "tor-gencert": gencert}


def make_identities(household, tools, network):
    for node in network.nodes:
        (node.folder / "keys").mkdir(mode=0o700, parents=True)
        node.folder.chmod(0o700)
    certificates = [_start_certificate(household, tools, node) for node in network.authorities]
    tellers = {node.name: _start_fingerprint(household, tools, node) for node in network.relays}
    for child in certificates:
        _collect(household, child)
    fingerprints = {}
    for name, child in tellers.items():
        text = _collect(household, child)
        fingerprints[name] = "".join(text.split("\n")[-1].split()[1:])
        if not re.fullmatch(r"[0-9A-F]{40}", fingerprints[name]):
            raise LabError(f"{child}: no fingerprint in {text[-200:]!r}")
    lines = [_directory_line(node, fingerprints[node.name]) for node in network.authorities]
    return Identities(fingerprints, lines)


def _start_certificate(household, tools, node):
    keys, name = node.folder / "keys", f"tor-gencert for {node.name}"
    child = household.spawn(name, [
        tools["tor-gencert"], "--create-identity-key", "--passphrase-fd", "0", "-m", "12",
        "-i", keys / "authority_identity_key", "-s", keys / "authority_signing_key",
        "-c", keys / "authority_certificate", "-a", f"{node.address}:{DIR_PORT}",
    ], stdin=subprocess.PIPE, output=subprocess.PIPE)
    child.stdin.write(b"passphrase\n")
    child.stdin.close()
    child.stdin = None
    return name


def _start_fingerprint(household, tools, node):
    name = f"tor --list-fingerprint for {node.name}"
    household.spawn(name, [
        tools["tor"], "--quiet", "--ignore-missing-torrc", "--defaults-torrc", "/dev/null", "-f", "/nonexistent",
        "--list-fingerprint", "--orport", "1", "--datadirectory", node.folder, "--nickname", node.name,
        "--dirauthority", NOT_AN_AUTHORITY,
    ], output=subprocess.PIPE)
    return name


def _collect(household, name):
    code, said = household.collect(name, KEY_LIMIT_S)
    if code != 0:
        raise LabError(f"{name} failed with exit code {code}: {said[-300:]}")
    return said


def _directory_line(node, fingerprint):
    text = (node.folder / "keys" / "authority_certificate").read_text()
    v3 = re.search(r"^fingerprint (\S+)", text, re.M).group(1)
    return f"DirAuthority {node.name} orport={OR_PORT} no-v2 v3ident={v3} {node.address}:{DIR_PORT} {fingerprint}"
