"""Shows that pandas, pyarrow and polars read the same from CSV, JSON lines and Parquet.

    python tools/exports/check.py target/release/storyeval RUN...

Needs pandas, pyarrow and polars. Every table is exported in every format; each column of each reader is
compared value by value with the Parquet file as pyarrow reads it, doubles by their bits.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import pandas as pd
import polars as pl
import pyarrow.parquet as pq

TABLES = ["observations", "labels", "captions", "scores"]


def same(table, expected, found):
    assert list(expected.columns) == list(found.columns), table
    for name in expected.columns:
        a, b = expected[name], found[name]
        assert (a.isna() == b.isna()).all(), (table, name)
        there = ~a.isna()
        # Integers with gaps come back as doubles: objects compare by value.
        assert (a[there].astype(object).to_numpy() == b[there].astype(object).to_numpy()).all(), (table, name)


def main():
    program, runs = sys.argv[1], sys.argv[2:]
    for table in TABLES:
        with tempfile.TemporaryDirectory() as folder:
            paths = {}
            for ending in ["csv", "jsonl", "parquet"]:
                paths[ending] = Path(folder) / f"{table}.{ending}"
                command = [program, "export", *runs, "--what", table, "--out", paths[ending]]
                subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
            arrow = pq.read_table(paths["parquet"])
            assert arrow.schema.metadata[b"storyeval.table"] == table.encode()
            expected = arrow.to_pandas()
            same(table, expected, pd.read_parquet(paths["parquet"]))
            # The readers' own taste in what is no value, and in dates, is switched off.
            same(table, expected, pd.read_csv(paths["csv"], keep_default_na=False, na_values=[""]))
            same(table, expected, pd.read_json(paths["jsonl"], lines=True, precise_float=True, dtype=False))
            frame = pl.read_parquet(paths["parquet"])
            assert frame.equals(pl.from_arrow(arrow)), table
            assert frame.equals(pl.read_csv(paths["csv"], schema=frame.schema)), table
            assert frame.equals(pl.read_ndjson(paths["jsonl"], schema=frame.schema)), table
            print(f"{table}: {frame.height} rows, {frame.width} columns, equal in three formats and three readers")


main()
