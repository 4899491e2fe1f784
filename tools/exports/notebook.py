"""Writes docs/notebooks/observations.ipynb and runs it top to bottom.

    STORYEVAL=$PWD/target/release/storyeval python tools/exports/notebook.py docs/notebooks/observations.ipynb

Needs nbformat, nbclient, ipykernel, pandas, pyarrow and polars. The notebook runs in a new folder, so that
nothing of this machine is in its outputs.
"""

import sys
import tempfile

import nbformat
from nbclient import NotebookClient

CELLS = [
    """# Frames and scores of several runs

Two models, two seeds each, on 25 stories of MiniSV; then the same questions put to pandas and to polars.
Every column is described in [exports.md](../exports.md). The notebook needs `storyeval` on the path (or its place in the
variable `STORYEVAL`), pandas, pyarrow and polars, and runs from top to bottom in any empty folder.""",
    '''import os
import subprocess

import pandas as pd
import polars as pl


def storyeval(*arguments):
    subprocess.run([os.environ.get("STORYEVAL", "storyeval"), *arguments], check=True, capture_output=True)


models = ["storygpt-v-mini", "char-ldm-mini"]
storyeval("run", "--dataset", "minisv", "--model", ",".join(models), "--limit", "25", "--seeds", "0..1", "--out", "runs")
runs = [f"runs/{model}" for model in models]  # a folder of seeds stands for its runs
for table in ["observations", "labels", "scores"]:
    storyeval("export", *runs, "--what", table, "--out", f"{table}.parquet")''',
    "## pandas",
    '''frames = pd.read_parquet("observations.parquet")
frames.dtypes''',
    '''frames.groupby(["model", "seed", "pronoun"])[["clip_ti", "clip_ii", "lpips"]].mean().round(4)''',
    "A row a story, a column a model: the same stories, so that a difference is within stories.",
    '''stories = frames.groupby(["story", "model"])["clip_ti"].mean().unstack("model")
difference = stories["storygpt-v-mini"] - stories["char-ldm-mini"]
print(f"{len(difference)} stories, mean difference {difference.mean():.4f}, better in {(difference > 0).sum()}")''',
    "Which characters are missed most, of those that should be there:",
    '''labels = pd.read_parquet("labels.parquet")
there = labels[(labels.kind == "character") & (labels.truth == True)]
(there.probability > 0.5).groupby([there.label, there.model]).mean().unstack().round(3)''',
    "Scores over seeds:",
    '''scores = pd.read_parquet("scores.parquet")
chosen = scores[(scores["slice"] == "all") & scores.metric.isin(["char_acc", "fid", "clip_ti", "lpips"])]
chosen.pivot_table(index="model", columns="metric", values="value", aggfunc=["mean", "std"]).round(3)''',
    "## polars\nThe same, and the same numbers.",
    '''frames_pl = pl.read_parquet("observations.parquet")
frames_pl.group_by("model", "seed", "pronoun").agg(pl.col("clip_ti", "clip_ii", "lpips").mean().round(4)).sort("model", "seed", "pronoun")''',
    '''stories_pl = frames_pl.group_by("story", "model").agg(pl.col("clip_ti").mean()).pivot("model", index="story", values="clip_ti").sort("story")
difference_pl = stories_pl["storygpt-v-mini"] - stories_pl["char-ldm-mini"]
print(f"{len(difference_pl)} stories, mean difference {difference_pl.mean():.4f}, better in {(difference_pl > 0).sum()}")''',
    '''scores_pl = (
    pl.read_parquet("scores.parquet")
    .filter(pl.col("slice") == "all", pl.col("metric").is_in(["char_acc", "fid", "clip_ti", "lpips"]))
    .group_by("model", "metric")
    .agg(pl.col("value").mean().alias("mean"), pl.col("value").std().alias("std"))
    .sort("model", "metric")
)
scores_pl.with_columns(pl.col("mean", "std").round(3))''',
    '''assert abs(difference.mean() - difference_pl.mean()) < 1e-12
for row in scores_pl.iter_rows(named=True):
    values = chosen[(chosen.model == row["model"]) & (chosen.metric == row["metric"])].value
    assert abs(values.mean() - row["mean"]) < 1e-12 and abs(values.std() - row["std"]) < 1e-12''',
]


def write(cells):
    """Runs cells top to bottom in a new folder, and writes them with their outputs to the path of the command line."""
    notebook = nbformat.v4.new_notebook()
    notebook.metadata["kernelspec"] = {"display_name": "Python 3", "language": "python", "name": "python3"}
    for number, source in enumerate(cells):
        text = source.startswith(("#", "A ", "Which", "Scores over", "The ", "Several"))
        make = nbformat.v4.new_markdown_cell if text else nbformat.v4.new_code_cell
        cell = make(source)
        cell["id"] = f"cell-{number}"
        notebook.cells.append(cell)
    with tempfile.TemporaryDirectory() as folder:
        client = NotebookClient(notebook, timeout=600, resources={"metadata": {"path": folder}}, record_timing=False)
        client.execute()
    nbformat.write(notebook, sys.argv[1])


if __name__ == "__main__":
    write(CELLS)
