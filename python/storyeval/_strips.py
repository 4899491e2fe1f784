"""Strips of stories: captions above, then a row of frames per run. With Pillow."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont

from storyeval._files import RunError

if TYPE_CHECKING:
    from storyeval.runs import Run

GAP = 8
MARGIN = 12
LABEL = 120
"""Width of the names of the rows."""
FONT = 12
INK, PRONOUN, FAINT, ABSENT = (40, 42, 48), (20, 90, 210), (130, 134, 142), (240, 241, 243)


def draw(runs: list[Run], story: str, size: int) -> Image.Image:
    """The story as every run drew it. Captions with a pronoun in place of a name are blue."""
    if not runs:
        raise RunError("a strip needs a run")
    unit = runs[0].unit(story)
    rows = _rows(runs)
    font = ImageFont.load_default(FONT)
    line = FONT + 3
    # The default font is about half as wide as high.
    captions = [wrap(text, max(8, size * 2 // FONT)) for text in unit.text]
    head = max(len(lines) for lines in captions) * line + GAP
    width = 2 * MARGIN + LABEL + len(captions) * (size + GAP) - GAP
    sheet = Image.new("RGB", (width, 2 * MARGIN + head + len(rows) * (size + GAP) - GAP), "white")
    pen = ImageDraw.Draw(sheet)
    lefts = [MARGIN + LABEL + at * (size + GAP) for at in range(len(captions))]
    for left, lines, pronoun in zip(lefts, captions, unit.pronouns):
        for at, text in enumerate(lines):
            pen.text((left, MARGIN + at * line), text, PRONOUN if pronoun else INK, font)
    for number, (label, run) in enumerate(rows):
        top = MARGIN + head + number * (size + GAP)
        for at, text in enumerate(wrap(label, LABEL * 2 // FONT - 2)):
            pen.text((MARGIN, top + at * line), text, INK, font)
        for index, left in enumerate(lefts, 1):
            frame = run.frame(story, index)
            if frame is not None:
                sheet.paste(frame.resize((size, size), Image.Resampling.BICUBIC), (left, top))
                continue
            pen.rectangle((left, top, left + size - 1, top + size - 1), ABSENT)
            pen.text((left + GAP, top + GAP), run.absences.get((story, index), "no file"), FAINT, font)
    return sheet


def _rows(runs: list[Run]) -> list[tuple[str, Run]]:
    """The runs with their names; the ground truth first, once."""
    several = len({run.seed for run in runs}) > 1
    rows = [(f"{run.model} seed {run.seed}" if several else run.model, run) for run in runs]
    real = next((run.truth for run in runs if run.truth is not None), None)
    if real is not None and all(run.folder != real.folder for run in runs):
        rows.insert(0, (real.model, real))
    return rows
