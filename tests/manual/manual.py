"""What the tests beside this file share: the built pages, and the command they describe."""
import os
import pathlib
import re
import shutil
import subprocess
import unittest

NEAP = os.environ["NEAP"]
SHARE = pathlib.Path(os.environ["SHARE"])
SOURCE = pathlib.Path(os.environ["SOURCE"])


def help_of(*verb):
    return subprocess.run([NEAP, *verb, "--help"], capture_output=True, text=True, check=True, timeout=600).stdout


def parts_of(text):
    """The names below `Verbs:` of a help text."""
    return re.findall(r"^  ([a-z][a-z-]*)(?:  |$)", text.partition("Verbs:")[2], re.M)


def options_of(text):
    """Every name of every option below `Options:`."""
    listed = text.partition("Options:")[2].partition("Verbs:")[0]
    return [name.partition("{")[0] for line in re.findall(r"^  (-\S+)", listed, re.M) for name in line.split(",")]


def all_verbs():
    """("run",), ("trace",), ("trace", "record"), ... as the command's own help tells them."""
    for verb in parts_of(help_of()):
        yield (verb,)
        for part in parts_of(help_of(verb)):
            yield (verb, part)


def needs(program):
    return unittest.skipUnless(shutil.which(program), f"{program} is not installed")
