"""The command line of `neap lab tor`. The one place that names its options; the verb passes them on as they are."""

import argparse
import shlex
import time
from pathlib import Path

from .failure import BadInput
from .plan import DEFAULT_MIN, QUICK_MIN, make_plan

MOST_RELAYS = 40
EPILOG = """\
Times in --minutes are for the whole lab: keys, bring-up, load, report. Labs of up to 8 minutes take the quick sizes.
Examples:
  neap lab tor --quick
  neap lab tor --allocators libc,libc-tuned,mimalloc,neap --sandbox --output lab-result
  neap lab tor --quick --allocators libc --wrap 'neap trace record -o relay.trc --'
"""


class Parser(argparse.ArgumentParser):
    def error(self, message):
        raise BadInput(f"{message} (see neap lab tor --help)")


def build_parser():
    parser = Parser(prog="neap lab tor", description="Compares allocators inside real Tor relays: a private network on "
                    "loopback, one relay per allocator, the same load on all of them.", epilog=EPILOG,
                    formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False)
    parser.add_argument("--allocators", metavar="A,B,C", default="libc,jemalloc,mimalloc,neap",
                        help="names that `neap allocators` lists, or paths of libraries (default: %(default)s)")
    parser.add_argument("--relays", metavar="N", type=int, default=1, help="relays per allocator (default: %(default)s)")
    parser.add_argument("--quick", action="store_true",
                        help=f"a small directory, at most {QUICK_MIN:g} minutes (default: {DEFAULT_MIN:g})")
    parser.add_argument("--minutes", metavar="N", type=float, help="at most this many minutes")
    parser.add_argument("--directory", metavar="N", type=int, help="synthetic relays in the directory")
    parser.add_argument("--sandbox", action="store_true", help="Sandbox 1 (tor's seccomp filter) on the relays under test")
    parser.add_argument("--output", metavar="DIR", type=Path,
                        help="where the report goes (default: neap-lab-DATE-TIME here)")
    parser.add_argument("--keep", action="store_true", help="keep the network's folder, in DIR/network")
    parser.add_argument("--json", action="store_true", help="the result as JSON on stdout instead of the table")
    parser.add_argument("--wrap", metavar="COMMAND", type=shlex.split, default=[],
                        help="run the first relay under test through COMMAND, which ends where the program begins")
    return parser


def read_options(argv):
    options = build_parser().parse_args(argv)
    options.allocators = [name for name in options.allocators.split(",") if name]
    if not options.allocators:
        raise BadInput("--allocators: give at least one name (see: neap allocators)")
    if len(set(options.allocators)) != len(options.allocators):
        raise BadInput("--allocators: a name is given twice; use --relays N for several relays of each")
    if not 1 <= options.relays * len(options.allocators) <= MOST_RELAYS or options.relays < 1:
        raise BadInput(f"--relays {options.relays}: give 1 to {MOST_RELAYS // len(options.allocators)}")
    minutes = options.minutes if options.minutes is not None else QUICK_MIN if options.quick else DEFAULT_MIN
    if options.quick and minutes > QUICK_MIN:
        raise BadInput(f"--quick ends within {QUICK_MIN:g} minutes: leave it out for --minutes {minutes:g}")
    options.plan = make_plan(minutes, options.directory)
    options.output = (options.output or Path(time.strftime("neap-lab-%Y%m%d-%H%M%S"))).absolute()
    if options.output.exists() and (not options.output.is_dir() or any(options.output.iterdir())):
        raise BadInput(f"--output {options.output}: exists and is not an empty folder")
    return options
