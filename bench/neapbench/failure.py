"""The one error that ends a benchmark with a line for its user."""


class Failure(Exception):
    def __init__(self, message, code=1):
        super().__init__(message)
        self.code = code


class UsageFailure(Failure):
    def __init__(self, message):
        super().__init__(message, code=2)
