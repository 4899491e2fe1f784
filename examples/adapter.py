"""What the workers of published repositories share: options, the user's checkout, and its checkpoints.

Python 3.8 and the standard library are enough here: the environments of these repositories are old.
"""

from __future__ import annotations

import importlib
import inspect
import os
import subprocess
import sys
from pathlib import Path

from storyeval.worker import ContractError, Worker


def choose(options: dict, required: dict, settings: dict) -> dict:
    """Options over the settings of the published run. An option that does not exist would be ignored in silence."""
    unknown = sorted(set(options) - set(required) - set(settings))
    if unknown:
        raise ContractError(f"unknown option {', '.join(unknown)}: there are {', '.join([*required, *settings])}")
    missing = [f"{name} ({meaning})" for name, meaning in required.items() if options.get(name) in (None, "")]
    if missing:
        raise ContractError(f"the card's [command.options] lack {', '.join(missing)}")
    return {**settings, **options}


class Adapter(Worker):
    """A worker that imports the user's own checkout of a published repository."""

    repository = ""
    commit = ""
    """Commit that the adapter was written for."""
    code = "."
    """Folder of the checkout that its scripts are started in."""
    marker = ""
    """A file of that folder."""
    required = {"checkout": "folder of the cloned repository", "checkpoint": "file with the trained weights"}
    settings: dict = {}
    """Settings of the published run: the defaults of the options."""
    paths: tuple = ()
    """Settings that may be a file or folder of the user's."""

    def load(self, device: str, options: dict, seed: int) -> None:
        """Checks the options and enters the checkout; classes that derive from this go on from there."""
        self.chosen = choose(options, self.required, self.settings)
        # The folder changes below, and paths are relative to the card's, in which storyeval starts a worker.
        for name in self.required:
            path = Path(self.chosen[name]).expanduser().resolve()
            if not path.exists():
                raise ContractError(f"{name} = {path} does not exist: {self.required[name]}")
            self.chosen[name] = path
        for name in self.paths:
            path = Path(self.chosen[name]).expanduser()
            if self.chosen[name] and path.exists():
                self.chosen[name] = str(path.resolve())
        self.enter(self.chosen["checkout"])
        self.prepare(device)

    def prepare(self, device: str) -> None:
        """Loads the model. The current folder is that of the checkout's scripts."""
        raise NotImplementedError

    def enter(self, checkout: Path) -> None:
        """Makes the checkout the current folder and the first place of modules, as its own scripts find it."""
        folder = checkout / self.code
        if not (folder / self.marker).is_file():
            raise ContractError(f"checkout = {checkout} has no {Path(self.code) / self.marker}: clone https://github.com/{self.repository}")
        sys.path.insert(0, str(folder))
        os.chdir(folder)
        found = commit_of(checkout)
        if found and not found.startswith(self.commit):
            print(f"{self.name}: written for commit {self.commit} of {self.repository}, the checkout is at {found[:7]}", file=sys.stderr)
        self.version = f"{self.version}+{found[:7]}" if found else self.version

    @staticmethod
    def module(name: str):
        """A module of the checkout."""
        return importlib.import_module(name)

    def need_frames(self, story, most: int, least: int = 1) -> None:
        """The released code has the number of frames built in."""
        count = len(story.frames)
        if not least <= count <= most:
            wanted = f"{most}" if least == most else f"{least} to {most}"
            raise ContractError(f"story {story.id} has {count} frames, and the released {self.name} draws stories of {wanted}")

    def first_frame(self, story):
        """The real first frame, which a continuation model is given."""
        for earlier in story.earlier_frames:
            if earlier.index == 1:
                return earlier.image
        raise ContractError(f"story {story.id} has no given first frame, and {self.name} goes on from one: use a protocol of continuation")


def commit_of(checkout: Path) -> str:
    """The commit that a clone is at, or nothing where it is not a clone."""
    if not (checkout / ".git").exists():
        return ""
    asked = subprocess.run(["git", "-C", str(checkout), "rev-parse", "HEAD"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    return asked.stdout.decode().strip()


def load_checkpoint(torch, path: Path) -> dict:
    """A checkpoint of PyTorch Lightning, in memory of the CPU. It holds more than tensors and is executed by unpickling:
    load only files that you trust."""
    whole = {"weights_only": False} if "weights_only" in inspect.signature(torch.load).parameters else {}
    return torch.load(str(path), map_location="cpu", **whole)


def to_pixels(images):
    """Tensor [n, 3, height, width] in 0..1 as arrays of uint8, cut off as the released scripts do."""
    return list((images.clamp(0, 1) * 255).permute(0, 2, 3, 1).cpu().numpy().astype("uint8"))
