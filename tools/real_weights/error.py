"""What goes wrong before a comparison can be made."""


class StepError(Exception):
    """The step cannot go on; its text says on which file, and why."""
