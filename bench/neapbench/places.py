"""Where programs lie: the built ones and the system's."""
import pathlib

from .failure import UsageFailure

BENCH = pathlib.Path(__file__).resolve().parent.parent
SEARCHED = "/usr/bin:/usr/sbin:/bin:/sbin:/usr/local/bin"  # for the system's programs, whatever the caller's PATH is


class Places:
    """The build tree of this source tree, or the one that --build names."""

    def __init__(self, build):
        self.build = pathlib.Path(build).resolve() if build else BENCH.parent / "build" / "release"

    def program(self, name):
        for path in (self.build / name, self.build / "bench" / name):
            if path.is_file():
                return str(path)
        raise UsageFailure(f"{name} is not built in {self.build}: cmake --preset release && cmake --build --preset release --target all, "
                           "or name another build tree with --build")
