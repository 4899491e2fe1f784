"""Rows of tables with the columns of `storyeval export` (docs/exports.md), as pandas or polars frames."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from storyeval.runs import Run

Library = Literal["pandas", "polars"]
Row = dict[str, Any]

IDENTITY = {"folder": "text", "run": "text", "dataset": "text", "protocol": "text", "model": "text", "seed": "natural"}
FRAME = {**IDENTITY, "story": "text", "frame": "natural", "clip": "text"}
OBSERVATIONS = {
    **FRAME, "text": "text", "caption": "text", "pronoun": "flag", "absent": "text", "clip_ti": "number", "clip_ii": "number",
    "lpips": "number", "path": "text", "truth_path": "text",
}  # fmt: skip
LABELS = {**FRAME, "kind": "text", "label": "text", "truth": "flag", "probability": "number"}
CAPTIONS = {**FRAME, "of": "text", "rank": "natural", "text": "text"}
COUNTS = ("true_positives", "false_positives", "false_negatives", "true_negatives")
SCORES = {
    **IDENTITY, "metric": "text", "slice": "text", "value": "number", "low": "number", "high": "number", "unit": "text",
    "higher_is_better": "flag", "n": "natural", "planned": "natural", "stories": "natural", **dict.fromkeys(COUNTS, "natural"),
    "unscored": "text", "warnings": "text", "signature": "text",
}  # fmt: skip
REPORTS = {
    **FRAME, "absent": "text", "seconds": "number", "peak_memory_bytes": "natural", "note": "text", "written": "text",
}  # fmt: skip


def table(rows: Iterable[Row], schema: dict[str, str], library: Library):
    """Rows as a table. Columns that the schema lacks follow it."""
    rows = list(rows)
    columns = list(dict.fromkeys([*schema, *(key for row in rows for key in row)]))
    if library == "polars":
        import polars

        kinds = {"text": polars.String, "natural": polars.UInt64, "number": polars.Float64, "flag": polars.Boolean}
        types = {name: kinds.get(schema.get(name, "")) for name in columns}
        return polars.DataFrame(rows, schema=types, infer_schema_length=None)
    if library != "pandas":
        raise ValueError(f"a table is made with pandas or polars, not {library!r}")
    import pandas

    frame = pandas.DataFrame(rows, columns=columns)
    for name, kind in schema.items():
        if kind == "number" or (kind == "natural" and frame[name].isna().any()):
            frame[name] = frame[name].astype("float64")
        elif kind == "natural":
            frame[name] = frame[name].astype("uint64")
    return frame


def identity(run: Run) -> Row:
    """The columns that every table begins with."""
    it = run.identity
    first = {"folder": str(run.folder), "run": run.name, "dataset": it["dataset"], "protocol": it["protocol"]}
    return {**first, "model": it["model"], "seed": it["seed"]}


def observations(run: Run) -> Iterator[Row]:
    """A row per planned frame; what `observations.parquet` has beyond the export follows."""
    first = identity(run)
    similarities = [_cosines(run, other) for other in ("clip_text", "clip_ground_truth")]
    for at, it in enumerate(run.observed):
        where = (it["story"], it["frame"])
        absent = run.absences.get(where)
        real = run.truth.path(*where) if run.truth else None
        known = {
            **first, "story": it["story"], "frame": it["frame"], "clip": it["clip"], "text": it["text"], "caption": it["caption"],
            "pronoun": it["pronoun"], "absent": absent, "clip_ti": similarities[0][at], "clip_ii": similarities[1][at],
            "lpips": it.get("lpips"), "path": None if absent else str(run.path(*where)),
            "truth_path": str(real) if real is not None and real.is_file() else None,
        }  # fmt: skip
        yield {**known, **{key: value for key, value in it.items() if key not in known}}


def _cosines(run: Run, other: str) -> list[float | None]:
    """CLIP similarities of the drawn frames with the features `other`, row by row."""
    names = ("clip_generated", other)
    if not all(run.feature_file(name).is_file() for name in names):
        return [None] * len(run.observed)
    import numpy

    one, two = (run.features(name).astype("float64") for name in names)
    with numpy.errstate(invalid="ignore", divide="ignore"):
        cosines = (one * two).sum(1) / numpy.sqrt((one * one).sum(1) * (two * two).sum(1))
    return [None if numpy.isnan(it) else float(it) for it in cosines]


def labels(run: Run) -> Iterator[Row]:
    """A row per frame and label."""
    card = run.manifest["cards"]["dataset"]
    names = {"character": [it["name"] for it in card["characters"]], "background": card["backgrounds"]}
    for it, first in _frames(run):
        for kind, known in names.items():
            truth, seen = it.get(f"{kind}_labels") or [], it.get(f"{kind}_probabilities") or []
            for at in range(max(len(known), len(truth), len(seen))):
                label = known[at] if at < len(known) else str(at)
                there, probability = (of[at] if at < len(of) else None for of in (truth, seen))
                yield {**first, "kind": kind, "label": label, "truth": there, "probability": probability}


def captions(run: Run) -> Iterator[Row]:
    """A row per caption that the captioner wrote."""
    for it, first in _frames(run):
        for of in ("generated", "ground_truth"):
            for rank, text in enumerate(it.get(f"{of}_captions") or [], 1):
                yield {**first, "of": of, "rank": rank, "text": text}


def _frames(run: Run) -> Iterator[tuple[Row, Row]]:
    first = identity(run)
    for it in run.observed:
        yield it, {**first, "story": it["story"], "frame": it["frame"], "clip": it["clip"]}


def scores(run: Run) -> Iterator[Row]:
    """A row per metric and slice."""
    first = identity(run)
    plain = [key for key in SCORES if key not in IDENTITY and key not in (*COUNTS, "low", "high", "warnings")]
    for it in run.score_list:
        low, high = it.get("interval") or (None, None)
        counts = it.get("counts") or {}
        row = {**{key: it.get(key) for key in plain}, **{key: counts.get(key) for key in COUNTS}}
        warnings = "; ".join(it.get("warnings") or []) or None
        yield {**first, **row, "low": low, "high": high, "warnings": warnings}


def reports(run: Run) -> Iterator[Row]:
    """A row per drawn or absent frame: what the generator said of it."""
    first = identity(run)
    clips = {unit.story: unit.clips for unit in run.plan}
    for story, entry in run.journal.items():
        for at, frame in enumerate(entry["frames"]):
            said, written = ((entry.get(key) or [None] * (at + 1))[at] for key in ("reports", "written"))
            where = {**first, "story": story, "frame": at + 1, "clip": clips[story][at]}
            yield {**where, "absent": frame.get("absent"), **(said or {}), "written": written}


def comparable(signature: str) -> str:
    """What of a signature has to be equal for two scores to be compared."""
    return "|".join(part for part in signature.split("|") if part.split(":")[0] not in ("n", "model"))

