"""Whole programs on fixed work. Each is skipped with its reason where it is not installed."""
import shutil
import subprocess

from ..places import BENCH, SEARCHED
from ..workload import Skipped, Workload

SCRIPTS = BENCH / "programs"
INSTALL = "scripts/packages bench programs programs-long"

# name, binary, arguments ({scripts} is bench/programs, {amount} the work), amounts (full, quick), properties
ROWS = (
    ("redis", "redis-server", "--port 0 --unixsocket redis.socket --save  --appendonly no", ("400000", "3000"),
     {"beside": "{scripts}/redis-load redis.socket {amount}", "timeout_s": 600}),
    ("python3", "python3", "-B {scripts}/documents.py {amount}", ("12", "1"), {}),
    ("python3-malloc", "python3", "-B {scripts}/documents.py {amount}", ("12", "1"), {"environment": (("PYTHONMALLOC", "malloc"),)}),
    ("sqlite3", "sqlite3", ":memory:|.param init|.param set :n {amount}|.read {scripts}/tables.sql", ("200000", "2000"), {"quick": True}),
    ("lua5.4", "lua5.4", "{scripts}/phases.lua {amount}", ("4", "1"), {}),
    ("perl", "perl", "{scripts}/phases.pl {amount}", ("2", "1"), {}),
    ("ghostscript", "gs", "-q -dNOPAUSE -dBATCH -dSAFER -sDEVICE=png16m -r{amount} -o page.png {scripts}/drawing.ps", ("200", "30"), {}),
    ("z3", "z3", "{scripts}/puzzle-{amount}.smt2", ("large", "small"), {}),
    ("node", "node", "{scripts}/phases.js {amount}", ("8", "1"), {}),
)


def _row(context, name, binary, arguments, amounts, properties):
    program = shutil.which(binary, path=SEARCHED)
    if program is None:
        return Skipped(name, "programs", f"{binary} is not installed ({INSTALL})")
    known = {"scripts": SCRIPTS, "amount": amounts[context.quick]}
    words = [word.format(**known) for word in arguments.split("|" if "|" in arguments else " ")]
    properties = {key: value.format(**known) if isinstance(value, str) else value for key, value in properties.items()}
    return Workload(name, "programs", (program, *words), **properties)


def _compiler():
    """The compiler proper, on a preprocessed unit: g++ itself only starts it."""
    if shutil.which("g++") is None:
        return Skipped("cc1plus", "programs", f"g++ is not installed ({INSTALL})")
    program = subprocess.run(["g++", "-print-prog-name=cc1plus"], capture_output=True, text=True).stdout.strip()
    words = ("-quiet", "-fpreprocessed", "-std=c++20", "-O1", "templates.ii", "-o", "templates.s")
    return Workload("cc1plus", "programs", (program, *words), prepare=f"g++ -std=c++20 -E {SCRIPTS}/templates.cc -o templates.ii")


def workloads(context):
    return [_row(context, *row) for row in ROWS] + [_compiler()]
