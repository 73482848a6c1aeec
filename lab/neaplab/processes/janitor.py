"""A tiny process that removes the lab's temporary folder once the lab is gone, by whatever end (kill -9 included).

It waits on a pipe of which the lab alone holds the other end, so it needs no polling and no pid. It is not a descendant
of the lab: the lab ends it by sweep(), which returns when the folder is gone and the janitor with it.
"""

import os
import shutil
import signal
import time


class Janitor:
    def __init__(self, folder):
        """Call before the lab becomes a subreaper, starts threads or opens anything that must not leak."""
        lab_reads, janitor_writes = os.pipe()
        janitor_reads, lab_writes = os.pipe()
        first = os.fork()
        if first == 0:
            os.setsid()
            if os.fork() == 0:
                os.close(lab_writes)
                os.close(lab_reads)
                _wait_and_remove(folder, janitor_reads)
            os._exit(0)
        os.waitpid(first, 0)
        os.close(janitor_reads)
        os.close(janitor_writes)
        self.order, self.done = lab_writes, lab_reads

    def sweep(self):
        """Removes the folder now. Returns when the janitor has gone."""
        os.close(self.order)
        os.read(self.done, 1)
        os.close(self.done)


def _wait_and_remove(folder, order):
    try:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        silence = os.open(os.devnull, os.O_RDWR)
        for fd in (0, 1, 2):
            os.dup2(silence, fd)
        os.read(order, 1)
        # Processes that die with the lab may still be writing: try until the folder stays away.
        for _ in range(300):
            shutil.rmtree(folder, ignore_errors=True)
            if not os.path.exists(folder):
                break
            time.sleep(0.1)
    finally:
        os._exit(0)
