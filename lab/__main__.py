"""Entry point: `python3 lab tor [options]`, which is what `neap lab tor` executes."""

import sys

from neaplab.main import main

sys.exit(main(sys.argv[1:]))
