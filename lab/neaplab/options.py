"""What `neap lab tor` was asked to do. The verb parses the line and settles tor and the allocators; ranges end here."""

import json
import shlex
import time
from dataclasses import dataclass
from pathlib import Path

from .failure import BadInput
from .plan import DEFAULT_MIN, QUICK_MIN, Plan, make_plan

MOST_RELAYS = 40


@dataclass(frozen=True)
class Allocator:
    label: str
    variables: dict  # set for the relay beside the lab's own environment


@dataclass(frozen=True)
class Options:
    tor: str
    neap: str
    allocators: list
    relays: int
    plan: Plan
    sandbox: bool
    torrc: list           # lines for the relays under test, behind the lab's own
    keep: bool
    json: bool
    quiet: bool
    output: Path
    wrap: list


def read_options(text):
    given = json.loads(text)
    allocators = [Allocator(**row) for row in given["allocators"]]
    if not allocators:
        raise BadInput("--allocators: give at least one name (see: neap allocators)")
    if given["relays"] * len(allocators) > MOST_RELAYS:
        raise BadInput(f"--relays {given['relays']}: at most {MOST_RELAYS // len(allocators)} for "
                       f"{len(allocators)} allocators")
    minutes = given.get("minutes", QUICK_MIN if given["quick"] else DEFAULT_MIN)
    if given["quick"] and minutes > QUICK_MIN:
        raise BadInput(f"--quick ends within {QUICK_MIN:g} minutes: leave it out for --minutes {minutes:g}")
    return Options(given["tor"], given["neap"], allocators, given["relays"], make_plan(minutes, given.get("directory"), given.get("load")),
                   given["sandbox"], given["torrc"], given["keep"], given["json"], given["quiet"], output_folder(given["output"]),
                   wrap_words(given["wrap"]))


def output_folder(written):
    folder = Path(written or time.strftime("neap-lab-%Y%m%d-%H%M%S")).absolute()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BadInput(f"--output {written}: exists and is not an empty folder")
    return folder


def wrap_words(written):
    try:
        return shlex.split(written)
    except ValueError as problem:
        raise BadInput(f"--wrap {written!r}: {problem}") from problem
