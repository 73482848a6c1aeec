"""The configuration of each node, as data: role -> options. What each unusual one is for stands in docs/lab.md."""

import subprocess

from ..failure import BadInput
from .nodes import DIR_PORT, OR_PORT, SOCKS_PORT

COMMON = """
TestingTorNetwork 1
DataDirectory {folder}
PidFile {folder}/pid
Nickname {name}
RunAsDaemon 0
ShutdownWaitLength 1
PathsNeededToBuildCircuits 0.67
SafeLogging 0
LogTimeGranularity 1
Log notice file {folder}/notice.log
AddressDisableIPv6 1
GeoIPFile /dev/null
GeoIPv6File /dev/null
OutboundBindAddress {address}
ConfluxEnabled 0
"""

RELAY = """
SocksPort 0
ORPort {address}:{or_port}
Address {address}
AssumeReachable 1
ServerDNSDetectHijacking 0
ServerDNSTestAddresses
ServerDNSResolvConfFile /dev/null
ContactInfo {name}@lab.invalid
"""

AUTHORITY = """
AuthoritativeDirectory 1
V3AuthoritativeDirectory 1
DirPort {address}:{dir_port}
ExitRelay 0
AuthDirMaxServersPerAddr 0
AuthDirPinKeys 0
AuthDirTestReachability 0
AuthDirVoteStableGuaranteeMinUptime 0
AuthDirVoteStableGuaranteeMTBF 0
AuthDirSharedRandomness 0
MaxConsensusAgeForDiffs 1 minute
TestingV3AuthInitialVotingInterval {interval} seconds
TestingV3AuthInitialVoteDelay {delay} seconds
TestingV3AuthInitialDistDelay {delay} seconds
V3AuthVotingInterval {interval} seconds
V3AuthVoteDelay {delay} seconds
V3AuthDistDelay {delay} seconds
V3AuthNIntervalsValid 3
V3BandwidthsFile {bandwidth_file}
TestingMinExitFlagThreshold 0
TestingDirAuthVoteGuard {guards}
TestingDirAuthVoteGuardIsStrict 1
TestingDirAuthVoteExit {exits}
TestingDirAuthVoteExitIsStrict 1
"""

MIDDLE = """
ExitRelay 0
DirCache 0
"""

EXIT = """
ExitRelay 1
ExitPolicyRejectPrivate 0
ExitPolicy accept *:*
DirCache 0
"""

TESTED = """
ExitRelay 0
DirPort {address}:{dir_port} NoAdvertise
NumCPUs {workers}
MaxMemInQueues 2 GB
MaxConsensusAgeForDiffs {diff_age} minutes
DisableDebuggerAttachment 0
Sandbox {sandbox}
"""

CLIENT = """
SocksPort {address}:{socks_port} IsolateSOCKSAuth
ClientOnly 1
NumEntryGuards 1
UseMicrodescriptors 1
EntryNodes {entry}
MiddleNodes {middles}
ExitNodes {exits}
"""

VERIFY_LIMIT_S = 300

ROLES = {
    "authority": COMMON + RELAY + AUTHORITY,
    "middle": COMMON + RELAY + MIDDLE,
    "exit": COMMON + RELAY + EXIT,
    "tested": COMMON + RELAY + TESTED,
    "client": COMMON + CLIENT,
}


def write_torrcs(network, identities, plan, bandwidth_file, sandbox, more=()):
    """`more`: lines for the relays under test. They stand last: of an option given twice tor takes the last."""
    def named(nodes):
        return ",".join("$" + identities.fingerprints[node.name] for node in nodes)

    shared = {
        "or_port": OR_PORT, "dir_port": DIR_PORT, "socks_port": SOCKS_PORT,
        "interval": plan.interval_s, "delay": max(2, plan.interval_s // 5), "bandwidth_file": bandwidth_file,
        "guards": named(network.tested + network.middles), "exits": named(network.exits),
        "middles": named(network.middles), "workers": plan.workers, "diff_age": plan.diff_age_min,
        "sandbox": int(sandbox),
    }
    entries = dict(zip((client.name for client in network.clients), network.tested))
    for node in network.nodes:
        entry = named([entries[node.name]]) if node.role == "client" else ""
        text = ROLES[node.role].format(folder=node.folder, name=node.name, address=node.address, entry=entry, **shared)
        lines = [*identities.directory_lines, *(more if node.role == "tested" else ())]
        node.torrc.write_text(text.lstrip() + "\n".join(lines) + "\n")


def check_torrc(household, tools, node):
    """Lines from the user may be wrong. So tor is asked now, and not when the whole network runs."""
    name = f"tor --verify-config for {node.name}"
    household.spawn(name, [tools["tor"], "--verify-config", "--hush", "--defaults-torrc", "/dev/null", "-f", node.torrc],
                    output=subprocess.PIPE)
    code, said = household.collect(name, VERIFY_LIMIT_S)
    if code != 0:
        reasons = [line.partition("[warn] ")[2] for line in said.splitlines() if "[warn] " in line]
        raise BadInput(f"--torrc: tor refuses this: {(reasons or [said])[-1]}")
