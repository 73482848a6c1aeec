"""Ctrl-C, kill -INT and kill -TERM end a benchmark and what it started."""
import signal

EXIT_CODE = 130


def obey():
    """From here on both signals raise KeyboardInterrupt. A shell without job control ignores SIGINT for what it starts in the background, which
    Python and its children would inherit; SIGTERM would end Python before it has cleaned up."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
