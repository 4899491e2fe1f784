"""The one error a user sees, and the exit codes, which are those of `storyeval`."""

BUG = 1
USAGE = 2
SETUP = 96  # a file is absent, disk or memory does not suffice, a package is missing
DATA = 97  # a checkpoint is damaged, or is another model's
OUTPUT = 110  # the bundle cannot be written


class ExportError(Exception):
    """What went wrong, what to do about it, and the exit code.

    `message` names the file, the graph or the key; `hint` is one sentence, preferably with something that
    can be pasted.
    """

    def __init__(self, message: str, hint: str = "", code: int = DATA):
        super().__init__(message)
        self.message, self.hint, self.code = message, hint, code
