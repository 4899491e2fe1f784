"""The error that a user of `classifiers`, `captioner` and `clip` sees; exit codes are those of `storyeval`."""

USAGE, SETUP, DATA, OUTPUT = 2, 96, 97, 110


class TrainError(Exception):
    """What went wrong, what to do about it, and the exit code."""

    def __init__(self, message, hint="", code=DATA):
        super().__init__(message)
        self.message, self.hint, self.code = message, hint, code
