"""Tables of pages that are made from ledgers, so that no figure of theirs is older or kinder than what was seen. A ledger is a file of
lines, a run each, in fields with tabs between them."""
import re
import subprocess
import sys
from pathlib import Path


def read(ledger, **fields):
    """Each line of the ledger as a tuple, in its order; `fields` are the names of what it holds and the type of each."""
    lines = []
    for number, line in enumerate(ledger.read_text().splitlines(), 1):
        words = line.split("\t")
        try:
            lines.append(tuple(kind(word) for kind, word in zip(fields.values(), words, strict=True)))
        except ValueError:
            sys.exit(f"line {number} of {ledger} is not: {', '.join(fields)}, with tabs between them")
    return lines


def library(place):
    """The last commit that changed src/, which is how a ledger names the library."""
    git = subprocess.run(["git", "-C", place, "log", "-1", "--format=%h", "--", ":/src"], capture_output=True, text=True)
    return git.stdout.strip()


def is_committed(place):
    return subprocess.run(["git", "-C", place, "diff", "--quiet", "HEAD", "--", ":/src"]).returncode == 0


def table(columns, rows):
    return "\n".join("| " + " | ".join(map(str, row)) + " |" for row in [columns, *rows]).replace("|\n", "|\n|" + "---|" * len(columns) + "\n", 1)


def latest(place, columns, lines, known):
    """The table of the last line of each name that is `known` (names, and what stands in the second column of one that never ran),
    and the names whose line is not of the library as it is. The first three fields are name, surroundings, library."""
    last = {line[0]: line for line in lines}
    if unknown := last.keys() - known.keys():
        sys.exit(f"{place}: its ledger has what is not there any more: {', '.join(sorted(unknown))}")
    rows = [last.get(name, (name, known[name], "not run", *[""] * (len(columns) - 3))) for name in known]
    now = library(place)
    old = [row[0] for row in rows if row[2] != now]
    return table(columns, rows), f"not of the library as it is ({now}): {', '.join(old) or 'none'}"


def serve(script, made, remark):
    """The command line of a script that makes one table: none prints it, --check PAGE and --write PAGE compare and replace."""
    words, usage = sys.argv[1:], f"{script.name}: [--check PAGE | --write PAGE]"
    if not words:
        print(made, remark, sep="\n")
        return
    if len(words) != 2 or words[0] not in ("--check", "--write"):
        print(usage, file=sys.stderr)
        sys.exit(2)
    page = Path(words[1])
    text, head = page.read_text(), "\n".join(made.splitlines()[:2])
    old = re.search(re.escape(head) + r"(\n\|.*)*", text)
    if not old:
        sys.exit(f"{script.name}: {page} has no table that begins with {head.splitlines()[0]}")
    if words[0] == "--write":
        page.write_text(text[:old.start()] + made + text[old.end():])
    elif old.group() != made:
        sys.exit(f"{script.name}: the table of {page} is not the ledger's: {script} --write {page}")
