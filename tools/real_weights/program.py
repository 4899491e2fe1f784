"""The built program, as a user calls it."""

import json
import subprocess
from pathlib import Path
from typing import Any

from .error import StepError


class Program:
    """`storyeval metric NAME ...` and `storyeval model VERB ...`, as JSON."""

    def __init__(self, path: Path, threads: int) -> None:
        self.path = path
        self.threads = threads

    def version(self) -> str:
        """What `--version` says.

        Raises:
            StepError: where the program cannot be run.
        """
        try:
            run = subprocess.run([self.path, "--version"], capture_output=True, text=True, check=True)
        except (OSError, subprocess.CalledProcessError) as source:
            raise StepError(f"{self.path} does not run ({source}); build it with `cargo build --release`, "
                            "or give another one as --storyeval") from source
        return run.stdout.strip()

    def model(self, *arguments: str | Path) -> dict[str, Any]:
        """The answer of `storyeval model ...`.

        Raises:
            StepError: where the program fails; what it says is in the error.
        """
        return self._answer("model", *arguments, "--format", "json")

    def metric(self, *arguments: str | Path) -> dict[str, Any]:
        """The answer of one metric.

        Raises:
            StepError: where the program fails; what it says is in the error.
        """
        return self._answer("metric", *arguments, "--format", "json", "--device", "cpu", "--threads", self.threads)

    def _answer(self, *arguments: str | int | Path) -> dict[str, Any]:
        run = subprocess.run([self.path, *map(str, arguments)], capture_output=True, text=True, check=False)
        if run.returncode != 0:
            raise StepError(f"`storyeval {' '.join(map(str, arguments))}` ended with {run.returncode}: {run.stderr.strip()}")
        return json.loads(run.stdout)
