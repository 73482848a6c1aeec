"""The two ways in which the lab ends early. Each carries what the user reads and the exit code."""

import signal


class LabError(Exception):
    """Something the user can act on: printed as one line, no traceback."""

    def __init__(self, message, code=125):
        super().__init__(message)
        self.code = code


class BadInput(LabError):
    """An option or name the lab cannot use."""

    def __init__(self, message):
        super().__init__(message, code=2)


class Stopped(Exception):
    """A signal asked the lab to end; the exit code is 128 + its number."""

    def __init__(self, number):
        super().__init__(signal.Signals(number).name)
        self.number = number
        self.code = 128 + number
