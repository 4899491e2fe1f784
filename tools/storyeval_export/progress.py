"""What the user sees while an export runs; all of it on stderr."""

import sys
import time

from tqdm import tqdm


class Progress:
    """Bars on a terminal, plain lines elsewhere. `quiet` keeps only errors."""

    def __init__(self, quiet: bool = False):
        self.quiet = quiet
        self.terminal = sys.stderr.isatty() and not quiet
        self.started = time.monotonic()

    def say(self, text: str) -> None:
        """One line, with the seconds since the start."""
        if self.quiet:
            return
        line = f"[{time.monotonic() - self.started:7.1f} s] {text}"
        if self.terminal:
            tqdm.write(line, file=sys.stderr)
        else:
            print(line, file=sys.stderr, flush=True)

    def bytes(self, label: str, total: int) -> tqdm:
        """A bar of bytes; silent when stderr is no terminal."""
        return tqdm(total=total, desc=label, unit="B", unit_scale=True, leave=False, disable=not self.terminal,
                    file=sys.stderr)
