"""Runs in Python: a run is a folder, and this module reads its files.

    from storyeval import runs

    mine = runs.open("runs/minisv-strict-first25/storygpt-v-mini", truth="runs/minisv-strict-first25/ground-truth")
    mine.scores()                # pandas; as="polars" gives polars
    mine.observations()          # a row per planned frame
    mine.strip(mine.stories[0])  # captions, ground truth and drawn frames; a notebook shows it

    all_of_them = runs.find("runs")
    runs.compare(all_of_them, ["char_acc", "fid"])
    runs.strips(all_of_them, mine.stories[0])

Columns are those of `storyeval export` (docs/exports.md). Needs `pip install 'storyeval[runs]'`: pandas and pyarrow, or
polars; Pillow for images; numpy for similarities and features.
"""

from __future__ import annotations

import builtins
import hashlib
import json
import os
import string
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy
    from PIL.Image import Image

Library = Literal["pandas", "polars"]
"""What tables are made with."""
FORMATS = {"manifest.json": 1, "scores.json": 2, "observations.parquet": 2}
"""Versions of the files that this module reads."""
MANIFEST = "manifest.json"
DEEPEST = 8
"""Folders below that of `find`, at most."""
PLAIN = set(string.ascii_letters + string.digits + "_-.")
EVALUATED = ["character_probabilities", "background_probabilities", "generated_captions", "ground_truth_captions"]


class RunError(Exception):
    """A folder is not a run, or lacks what was asked for. The message says what to do."""


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
    """A run of the model `ground-truth` on the same stories: the real frames."""

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """`manifest.json`: identity, cards, sessions."""
        return _checked(self.folder / MANIFEST, _json(self.folder / MANIFEST))

    @property
    def identity(self) -> dict[str, Any]:
        """What makes the run the run that it is: data set, model, protocol, seed, and their hashes."""
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
        units = _lines(self.folder / "plan.jsonl")
        return [Unit(it["story"], it["clips"], it["text"], it["flags"]) for it in units]

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
    def absences(self) -> dict[tuple[str, int], str]:
        """Why frames have no image, by story and frame: `missing`, `not-drawn`, `refused`, `failed`."""
        found = {}
        for entry in _lines(self.folder / "journal.jsonl", whole=False):
            for index, frame in enumerate(entry["frames"], 1):
                found.pop((entry["story"], index), None)
                if "absent" in frame:
                    found[entry["story"], index] = frame["absent"]
        return found

    def path(self, story: str, frame: int) -> Path:
        """Where the file of a frame is, from 1, whether it exists or not."""
        return self.folder / "frames" / _one_folder(story) / f"{frame}.png"

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
        """Captions, ground truth where `truth` is known, and the drawn frames of a story, as one PIL image.

        Frames are drawn into squares of `size` pixels; a notebook shows the image.
        """
        return strips([self], story, size)

    def scores(self, library: Library = "pandas"):
        """`scores.json` as a table: a row per metric and slice."""
        path = self.folder / "scores.json"
        if not path.is_file():
            raise RunError(f"{self.folder} has no scores: storyeval score {self.folder}")
        columns = [self._with_identity(_score_row(it)) for it in _checked(path, _json(path))["scores"]]
        return _table(columns, library)

    def observations(self, library: Library = "pandas"):
        """What the evaluators said of the frames: a row per planned frame.

        The columns of `storyeval export --what observations`, and after them every further column of
        `observations.parquet`: labels, probabilities, captions, and what other evaluators found.
        """
        return _table(list(self._observation_rows()), library)

    def labels(self, library: Library = "pandas"):
        """A row per frame and label: whether it is there, and what the classifier says."""
        return _table(list(self._label_rows()), library)

    def captions(self, library: Library = "pandas"):
        """A row per caption that the captioner wrote of a drawn or a real frame."""
        rows = []
        for it in self._observed:
            for of in ("generated", "ground_truth"):
                for rank, text in enumerate(it.get(f"{of}_captions") or [], 1):
                    rows.append(self._with_identity({**_of_frame(it), "of": of, "rank": rank, "text": text}))
        return _table(rows, library)

    def features(self, name: str) -> numpy.ndarray:
        """`features/<name>.npy`, a row per row of `observations()`: such as `generated`, `clip_text`. A row of NaN has no value."""
        import numpy

        path = self.folder / "features" / f"{name}.npy"
        if not path.is_file():
            known = sorted(it.stem for it in path.parent.glob("*.npy"))
            raise RunError(f"{self.folder} has no features {name!r}; it has {known}")
        return numpy.load(path)

    @cached_property
    def _observed(self) -> list[dict[str, Any]]:
        """The rows of `observations.parquet`."""
        path = self.folder / "observations.parquet"
        if not path.is_file():
            raise RunError(f"{self.folder} was not observed: storyeval observe {self.folder}")
        metadata, rows = _parquet(path)
        _checked(path, {"format": int(metadata.get("storyeval.format", 0))})
        return rows

    def _observation_rows(self) -> Iterator[dict[str, Any]]:
        text_image, image_image = (self._cosines(name) for name in ("clip_text", "clip_ground_truth"))
        named = {"story", "frame", "clip", "text", "caption", "pronoun", "lpips"}
        for at, it in enumerate(self._observed):
            where = (it["story"], it["frame"])
            absent = self.absences.get(where)
            real = self.truth.path(*where) if self.truth else None
            row = {
                **_of_frame(it),
                "text": it["text"],
                "caption": it["caption"],
                "pronoun": it["pronoun"],
                "absent": absent,
                "clip_ti": text_image[at] if text_image else None,
                "clip_ii": image_image[at] if image_image else None,
                "lpips": it.get("lpips"),
                "path": None if absent else str(self.path(*where)),
                "truth_path": str(real) if real is not None and real.is_file() else None,
            }
            yield self._with_identity({**row, **{key: value for key, value in it.items() if key not in named}})

    def _label_rows(self) -> Iterator[dict[str, Any]]:
        card = self.manifest["cards"]["dataset"]
        names = {"character": [it["name"] for it in card["characters"]], "background": card["backgrounds"]}
        for it in self._observed:
            for kind, labels in names.items():
                truth, seen = it.get(f"{kind}_labels") or [], it.get(f"{kind}_probabilities") or []
                for at in range(max(len(labels), len(truth), len(seen))):
                    row = {
                        "kind": kind,
                        "label": labels[at] if at < len(labels) else str(at),
                        "truth": truth[at] if at < len(truth) else None,
                        "probability": seen[at] if at < len(seen) else None,
                    }
                    yield self._with_identity({**_of_frame(it), **row})

    def _cosines(self, other: str) -> list[float | None] | None:
        """CLIP similarities of the drawn frames with the features `other`, by row."""
        files = [self.folder / "features" / f"{name}.npy" for name in ("clip_generated", other)]
        if not all(path.is_file() for path in files):
            return None
        import numpy

        one, two = (numpy.load(path).astype(float) for path in files)
        with numpy.errstate(invalid="ignore", divide="ignore"):
            cosines = (one * two).sum(1) / numpy.sqrt((one * one).sum(1) * (two * two).sum(1))
        return [None if numpy.isnan(it) else float(it) for it in cosines]

    def _with_identity(self, row: dict[str, Any]) -> dict[str, Any]:
        it = self.identity
        first = {"folder": str(self.folder), "run": self.name, "dataset": it["dataset"], "protocol": it["protocol"]}
        return {**first, "model": it["model"], "seed": it["seed"], **row}


def open(folder: str | os.PathLike[str], truth: str | os.PathLike[str] | Run | None = None) -> Run:  # noqa: A001
    """The run in a folder. `truth` is a run of the ground truth on the same stories, for real frames."""
    path = Path(folder)
    if not (path / MANIFEST).is_file():
        below = [str(it.folder) for it in find(path)] if path.is_dir() else []
        why = f"it holds {len(below)} runs, such as {below[0]}" if below else "it has no manifest.json"
        raise RunError(f"{path} is not a run: {why}")
    real = truth if truth is None or isinstance(truth, Run) else builtins.open and Run(Path(truth))
    if real is not None and real.model != "ground-truth":
        raise RunError(f"{real.folder} is a run of {real.model}, and truth is one of ground-truth")
    return Run(path, real)


def find(folder: str | os.PathLike[str]) -> list[Run]:
    """Every run in a folder and below it, by path. A run of the ground truth beside others becomes their `truth`."""
    root = Path(folder)
    if not root.is_dir():
        raise RunError(f"{root} is not a folder")
    found: list[Path] = []
    for path, folders, files in os.walk(root):
        here = Path(path)
        if MANIFEST in files:
            found.append(here)
        if MANIFEST in files or len(here.relative_to(root).parts) >= DEEPEST:
            folders.clear()
    found.sort()
    return [Run(path, _truth_beside(path, found)) for path in found]


def _truth_beside(path: Path, found: list[Path]) -> Run | None:
    """The run of real frames in the same folder of runs, on the same plan of stories."""
    mine = Run(path)
    for other in found:
        real = Run(other)
        near = other.parent == path.parent or other.parent == path.parent.parent
        if near and real.model == "ground-truth" and real.identity["dataset_hash"] == mine.identity["dataset_hash"]:
            return real
    return None


def observations(runs: Iterable[Run], library: Library = "pandas"):
    """`Run.observations` of several runs, one below the other."""
    return _table([row for run in runs for row in run._observation_rows()], library)


def scores(runs: Iterable[Run], library: Library = "pandas"):
    """`Run.scores` of several runs, one below the other."""
    return _joined([run.scores(library) for run in runs], library)


def compare(runs: Iterable[Run], metrics: Iterable[str] | None = None, slice: str = "all", library: Library = "pandas"):  # noqa: A002
    """Scores side by side: a row per run, a column per metric, on one slice. Without `metrics`, all.

    Values whose signatures differ in more than the number of frames are not comparable, and are an error.
    """
    chosen = None if metrics is None else list(metrics)
    rows, signatures = [], {}
    for run in runs:
        row: dict[str, Any] = {"run": run.name, "model": run.model, "seed": run.seed}
        for it in run.scores("polars" if library == "polars" else "pandas").pipe(_rows):
            if it["slice"] != slice or (chosen is not None and it["metric"] not in chosen):
                continue
            row[it["metric"]] = it["value"]
            signature = _comparable(it["signature"])
            other, of = signatures.setdefault(it["metric"], (signature, run))
            if other != signature:
                raise RunError(
                    f"{it['metric']} of {run.folder} and {of.folder} is computed in different ways:\n  {signature}\n  {other}"
                )
        rows.append(row)
    return _table(rows, library)


def strips(runs: Iterable[Run], story: str, size: int = 160) -> Image:
    """A story as several runs drew it: captions, the ground truth, then a row per run. A PIL image."""
    from storyeval import _strips

    return _strips.draw(list(runs), story, size)
