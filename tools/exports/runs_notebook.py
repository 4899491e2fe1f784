"""Writes docs/notebooks/runs.ipynb and runs it top to bottom.

    STORYEVAL=$PWD/target/release/storyeval PYTHONPATH=python python tools/exports/runs_notebook.py docs/notebooks/runs.ipynb

Needs nbformat, nbclient, ipykernel, pandas, pyarrow, polars and pillow. python/tests/test_package.py runs its cells without a kernel.
"""

from notebook import write

CELLS = [
    """# A run in a notebook

`storyeval.runs` reads the folders that `storyeval run` writes: tables of scores and observations as pandas or polars
frames, frames and strips as images. [python.md](../python.md) is its page, and [exports.md](../exports.md) has the meaning of
every column. The notebook needs `pip install 'storyeval[runs]'` and runs from top to bottom in any empty folder.""",
    '''import os
import subprocess

from storyeval import runs

program = os.environ.get("STORYEVAL", "storyeval")
models = "storygpt-v-mini,char-ldm-mini,ground-truth"
subprocess.run([program, "-q", "run", "--dataset", "minisv", "--model", models, "--limit", "3", "--out", "runs"], check=True, capture_output=True)
found = runs.find("runs")
[(run.model, run.seed, len(run.stories)) for run in found]''',
    "## Scores side by side\nOnly numbers that were computed in the same way get into one column.",
    '''runs.compare(found, ["char_acc", "fid", "clip_ti", "lpips"]).round(3)''',
    '''runs.compare(found, ["char_acc"], slice="pronoun", library="polars")''',
    "## One run",
    '''mine = next(run for run in found if run.model == "storygpt-v-mini")
scores = mine.scores()
scores[scores["slice"] == "all"][["metric", "value", "low", "high", "n", "planned"]].head()''',
    '''frames = mine.observations()
frames.groupby("pronoun")[["clip_ti", "lpips"]].mean().round(4)''',
    "The captions as the model read them (pronouns in blue), the real frames, and what it drew:",
    '''mine.strip(frames.groupby("story", sort=False)["clip_ti"].mean().idxmin(), size=64)''',
    "Several runs of one story:",
    '''runs.strips(found, mine.stories[0], size=64)''',
    "## The evaluators' view\nWhich characters are missed, and what a network saw:",
    '''labels = mine.labels("polars")
import polars as pl

there = labels.filter(pl.col("kind") == "character", pl.col("truth"))
there.group_by("label").agg(pl.len(), (pl.col("probability") > 0.5).mean().alias("seen")).sort("label")''',
    '''features = mine.features("clip_generated")
assert features.shape[0] == len(frames)
features.shape''',
]

write(CELLS)
