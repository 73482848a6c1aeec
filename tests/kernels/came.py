#!/usr/bin/env python3
"""What came of the rows of `matrix`: the last line of each in the ledger, which `matrix --note` writes (row, kernel, commit of the
library, tests that passed, failed and were skipped, seconds).

  came.py                              the table, and which rows are not of the library as it is
  came.py --check docs/reliability.md  exit code 1 unless that page has this table
  came.py --write docs/reliability.md  puts it there"""
import sys
from pathlib import Path

from rows import TABLE

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "house"))
import ledgers  # noqa: E402 (found by the line above)

LEDGER = HERE / "ledger"
COLUMNS = ["row", "kernel", "library", "passed", "failed", "skipped", "seconds"]


def committed_library():
    if not ledgers.is_committed(HERE):
        print("matrix: --note tells a library by its commit: commit src/ first", file=sys.stderr)
        sys.exit(2)
    return ledgers.library(HERE)


def write_down(row, library, outcome):
    """What a guest that did not come to its end left undone counts as failed."""
    fields = [row.name, outcome.kernel or "-", library, outcome.passed, outcome.failed + outcome.missing, outcome.skipped,
              round(outcome.seconds)]
    with open(LEDGER, "a") as file:
        file.write("\t".join(map(str, fields)) + "\n")


def main():
    lines = ledgers.read(LEDGER, row=str, kernel=str, library=str, passed=int, failed=int, skipped=int, seconds=int)
    ledgers.serve(Path(__file__), *ledgers.latest(HERE, COLUMNS, lines, {row.name: row.kernel for row in TABLE}))


if __name__ == "__main__":
    main()
