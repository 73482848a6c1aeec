"""The loads: real programs, recorded ones, and patterns that people report. Each takes about a second, the relay some more."""
import shutil

from ..groups import replay
from ..groups.built import built
from ..groups.programs import SCRIPTS
from ..places import SEARCHED
from ..workload import Skipped, Workload
from . import relay

GROUP = "limits"
INSTALL = "scripts/packages bench programs programs-long"

# name, binary, arguments parted by |, properties
PROGRAMS = (
    ("redis", "redis-server", "--port|0|--unixsocket|redis.socket|--save||--appendonly|no", {"beside": "{scripts}/redis-sizes redis.socket 17000"}),
    ("python-documents", "python3", "-B|{scripts}/documents.py|4", {"environment": (("PYTHONMALLOC", "malloc"),)}),
    ("python-cache", "python3", "-B|{scripts}/cache.py|190|20000", {}),
    ("imagemagick", "convert-im6.q16", "-limit|thread|2|-size|1200x900|xc:#8a4|-seed|7|(|+clone|-resize|130%|)|(|-clone|1|-rotate|30|)|"
     "(|-clone|1|-resize|60%|)|(|-clone|0|-flip|-rotate|7|)|-delete|0|-append|-resize|80%|image.png", {}),
    ("sqlite", "sqlite3", ":memory:|.param init|.param set :n 25000|.read {scripts}/tables.sql", {}),
    ("perl", "perl", "{scripts}/phases.pl|1", {}),
    ("lua", "lua5.4", "{scripts}/phases.lua|1", {}),
)

# Recorded: exact sizes, order and threads of a Tor relay and of MariaDB.
TRACES = ("replay-lab-relay", "replay-mariadb-waves")

# workload of neap-bench, threads, size, scale
PATTERNS = (
    ("images", 1, 220, 1),
    ("images", 4, 220, 1),
    ("phases-wide", 4, None, 1),
    ("pools", 8, None, 0.5),
    ("pipeline", 4, None, 1),
    ("vectors", 4, None, 1),
    ("bursts-scattered", 4, None, 1),
)


def _program(name, binary, arguments, properties):
    program = shutil.which(binary, path=SEARCHED)
    if program is None:
        return Skipped(name, GROUP, f"{binary} is not installed ({INSTALL})")
    filled = {key: value.format(scripts=SCRIPTS) if isinstance(value, str) else value for key, value in properties.items()}
    return Workload(name, GROUP, (program, *(word.format(scripts=SCRIPTS) for word in arguments.split("|"))), **filled)


def loads(context):
    traces = [each for each in replay.workloads(context) if each.name in TRACES]
    patterns = [built(context, GROUP, name, threads, size, scale) for name, threads, size, scale in PATTERNS]
    return [_program(*row) for row in PROGRAMS] + [relay.load(context, GROUP)] + traces + patterns
