"""Runs in Python: a run is a folder, and this module reads its files.

    from storyeval import runs

    mine = runs.open("runs/minisv-strict-first25/storygpt-v-mini", truth="runs/minisv-strict-first25/ground-truth")
    mine.scores()                # pandas; scores("polars") gives polars
    mine.observations()          # a row per planned frame
    mine.strip(mine.stories[0])  # captions, ground truth and drawn frames: a notebook shows the image

    found = runs.find("runs")
    runs.compare(found, ["char_acc", "fid"])
    runs.strips(found, mine.stories[0])

Columns are those of `storyeval export` (docs/exports.md). `pip install 'storyeval[runs]'` brings what this needs: pandas and
pyarrow, or polars; Pillow for images; numpy for similarities and features.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from storyeval import _tables
from storyeval._files import MANIFEST, RunError, json_file, lines, one_folder, parquet
from storyeval._tables import Library

if TYPE_CHECKING:
    import numpy
    from PIL.Image import Image

__all__ = ["Run", "RunError", "Unit", "captions", "compare", "find", "labels", "observations", "open", "reports", "scores", "strips"]
DEEPEST = 8
"""How far below the folder of `find` runs are searched for."""
GROUND_TRUTH = "ground-truth"


@dataclass(frozen=True)
class Unit:
    """A story of a run's plan."""

    story: str
    clips: list[str]
    text: list[str]
    """The captions as the model read them."""
    pronouns: list[bool]
    """Whether a caption has a pronoun in place of a name."""


@dataclass(frozen=True)
class Run:
    """A run: the folder that `storyeval run` wrote for one model and seed."""

    folder: Path
    """As it was given."""
    truth: Run | None = field(default=None, repr=False)
    """A run of the model `ground-truth` on the same stories, which has the real frames."""

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """`manifest.json`: identity, cards, sessions."""
        return json_file(self.folder / MANIFEST)

    @property
    def identity(self) -> dict[str, Any]:
        """What tells the run from others: data set, model, protocol, seed, and their hashes."""
        return self.manifest["identity"]

    @property
    def name(self) -> str:
        """The folder's own name, by which tables call the run."""
        return self.folder.name or self.folder.resolve().name

    @property
    def model(self) -> str:
        """Id of the model."""
        return self.identity["model"]

    @property
    def seed(self) -> int:
        """Seed of the run."""
        return self.identity["seed"]

    @cached_property
    def plan(self) -> list[Unit]:
        """The stories, in the order of the plan."""
        return [Unit(it["story"], it["clips"], it["text"], it["flags"]) for it in lines(self.folder / "plan.jsonl")]

    @property
    def stories(self) -> list[str]:
        """Ids of the stories, in the order of the plan."""
        return [unit.story for unit in self.plan]

    def unit(self, story: str) -> Unit:
        """The plan of a story."""
        for unit in self.plan:
            if unit.story == story:
                return unit
        raise RunError(f"story {story!r} is not in the plan of {self.folder}")

    @cached_property
    def journal(self) -> dict[str, dict[str, Any]]:
        """The stories that are drawn: per id, its last line of `journal.jsonl`."""
        return {it["story"]: it for it in lines(self.folder / "journal.jsonl")}

    @cached_property
    def absences(self) -> dict[tuple[str, int], str]:
        """Why frames have no image, by story and frame: `missing`, `not-drawn`, `refused`, `failed`."""
        entries = self.journal.values()
        frames = ((it["story"], index, frame) for it in entries for index, frame in enumerate(it["frames"], 1))
        return {(story, index): frame["absent"] for story, index, frame in frames if "absent" in frame}

    def path(self, story: str, frame: int) -> Path:
        """Where the file of a frame is, counted from 1, whether it exists or not."""
        return self.folder / "frames" / one_folder(story) / f"{frame}.png"

    def frame(self, story: str, frame: int) -> Image | None:
        """A frame as a PIL image; None where the run has none."""
        from PIL import Image

        path = self.path(story, frame)
        if not path.is_file():
            return None
        with Image.open(path) as image:
            return image.convert("RGB")

    def frames(self, story: str) -> list[Image | None]:
        """The frames of a story, in order."""
        return [self.frame(story, index + 1) for index in range(len(self.unit(story).clips))]

    def strip(self, story: str, size: int = 160) -> Image:
        """Captions, the ground truth where `truth` is set, and the drawn frames of a story: a PIL image, which a notebook shows."""
        return strips([self], story, size)

    def scores(self, library: Library = "pandas"):
        """`scores.json` as a table: a row per metric and slice."""
        return scores([self], library)

    def observations(self, library: Library = "pandas"):
        """What the evaluators said of the frames: a row per planned frame.

        The columns of `storyeval export --what observations`, then every further column of `observations.parquet`:
        labels, probabilities, captions, and what other evaluators found.
        """
        return observations([self], library)

    def labels(self, library: Library = "pandas"):
        """A row per frame and label: whether it is there, and what the classifier says."""
        return labels([self], library)

    def captions(self, library: Library = "pandas"):
        """A row per caption that the captioner wrote of a drawn or a real frame."""
        return captions([self], library)

    def reports(self, library: Library = "pandas"):
        """What the generator said of the frames: seconds, peak memory, notes, captions that it wrote itself, absences."""
        return reports([self], library)

    def feature_file(self, name: str) -> Path:
        """Where the features `name` are."""
        return self.folder / "features" / f"{name}.npy"

    def features(self, name: str) -> numpy.ndarray:
        """`features/<name>.npy`, such as `generated` or `clip_text`; its rows are those of `observations()`."""
        import numpy

        path = self.feature_file(name)
        if not path.is_file():
            known = ", ".join(sorted(it.stem for it in path.parent.glob("*.npy"))) or "none"
            raise RunError(f"{self.folder} has no features {name!r}; there are {known}")
        return numpy.load(path)

    @cached_property
    def observed(self) -> list[dict[str, Any]]:
        """The rows of `observations.parquet` as they are."""
        path = self.folder / "observations.parquet"
        if not path.is_file():
            raise RunError(f"{self.folder} was not observed: storyeval observe {self.folder}")
        return parquet(path)

    @cached_property
    def score_list(self) -> list[dict[str, Any]]:
        """The scores of `scores.json` as they are."""
        path = self.folder / "scores.json"
        if not path.is_file():
            raise RunError(f"{self.folder} has no scores: storyeval score {self.folder}")
        return json_file(path)["scores"]


def open(folder: str | os.PathLike[str], truth: str | os.PathLike[str] | Run | None = None) -> Run:
    """The run in a folder. `truth` is a run of the ground truth on the same stories, for real frames."""
    path = Path(folder)
    if not (path / MANIFEST).is_file():
        below = find(path) if path.is_dir() else []
        why = f"{len(below)} runs are below it, such as {below[0].folder}" if below else f"it has no {MANIFEST}"
        raise RunError(f"{path} is not a run: {why}")
    real = truth if truth is None or isinstance(truth, Run) else open(truth)
    if real is not None and real.model != GROUND_TRUTH:
        raise RunError(f"{real.folder} is a run of {real.model}, and truth has to be one of {GROUND_TRUTH}")
    return Run(path, real)


def find(folder: str | os.PathLike[str]) -> list[Run]:
    """Every run in a folder and below it, by path. A run of the ground truth beside a run becomes its `truth`."""
    root = Path(folder)
    if not root.is_dir():
        raise RunError(f"{root} is not a folder")
    found = []
    for path, folders, files in os.walk(root):
        here = Path(path)
        if MANIFEST in files:
            found.append(Run(here))
        if MANIFEST in files or len(here.relative_to(root).parts) >= DEEPEST:
            folders.clear()
    found.sort(key=lambda run: run.folder)
    real = [run for run in found if run.model == GROUND_TRUTH]
    return [Run(run.folder, next((it for it in real if _beside(it, run)), None)) for run in found]


def _beside(real: Run, run: Run) -> bool:
    """Whether a run of the ground truth lies beside a run (or beside the folder of its seeds) and is of the same data."""
    near = real.folder.parent in (run.folder.parent, run.folder.parent.parent)
    return near and real.identity["dataset_hash"] == run.identity["dataset_hash"] and run.stories[:1] == real.stories[:1]


def scores(runs: Iterable[Run], library: Library = "pandas"):
    """`Run.scores` of several runs, one below the other."""
    return _tables.table((row for run in runs for row in _tables.scores(run)), _tables.SCORES, library)


def observations(runs: Iterable[Run], library: Library = "pandas"):
    """`Run.observations` of several runs, one below the other."""
    return _tables.table((row for run in runs for row in _tables.observations(run)), _tables.OBSERVATIONS, library)


def labels(runs: Iterable[Run], library: Library = "pandas"):
    """`Run.labels` of several runs, one below the other."""
    return _tables.table((row for run in runs for row in _tables.labels(run)), _tables.LABELS, library)


def captions(runs: Iterable[Run], library: Library = "pandas"):
    """`Run.captions` of several runs, one below the other."""
    return _tables.table((row for run in runs for row in _tables.captions(run)), _tables.CAPTIONS, library)


def reports(runs: Iterable[Run], library: Library = "pandas"):
    """`Run.reports` of several runs, one below the other."""
    return _tables.table((row for run in runs for row in _tables.reports(run)), _tables.REPORTS, library)


def compare(runs: Iterable[Run], metrics: Iterable[str] | None = None, slice: str = "all", library: Library = "pandas"):
    """Scores side by side: a row per run, a column per metric (without `metrics`: all), on one slice of the frames.

    Scores that were computed differently, by their signatures, are not put into one column: that is an error.
    """
    wanted = None if metrics is None else list(metrics)
    schema = {"run": "text", "model": "text", "seed": "natural", **dict.fromkeys(wanted or [], "number")}
    rows: list[dict[str, Any]] = []
    first: dict[str, tuple[str, Run]] = {}
    for run in runs:
        row: dict[str, Any] = {"run": run.name, "model": run.model, "seed": run.seed}
        for it in run.score_list:
            name, signature = it["metric"], _tables.comparable(it["signature"])
            if it["slice"] != slice or (wanted is not None and name not in wanted):
                continue
            expected, other = first.setdefault(name, (signature, run))
            if signature != expected:
                raise RunError(
                    f"{name} of {other.folder} and of {run.folder} are computed in different ways:\n  {expected}\n  {signature}"
                )
            row[name] = it["value"]
        rows.append(row)
    unknown = sorted(set(wanted or []) - set(first))
    if unknown:
        raise RunError(f"no run has the metrics {', '.join(unknown)} on the slice {slice!r}")
    return _tables.table(rows, {**schema, **dict.fromkeys(first, "number")}, library)


def strips(runs: Iterable[Run], story: str, size: int = 160) -> Image:
    """A story as several runs drew it: captions, the ground truth where one is known, then a row per run."""
    from storyeval import _strips

    return _strips.draw(list(runs), story, size)
