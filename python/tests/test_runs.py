"""`storyeval.runs` on run folders that the program made, compared with what the program exports of them."""

import json
import math
import shutil
import subprocess
import sys

import pytest

pandas = pytest.importorskip("pandas")
polars = pytest.importorskip("polars")
pytest.importorskip("PIL")
parquet = pytest.importorskip("pyarrow.parquet")

from storyeval import _files, runs  # noqa: E402

TABLES = ["observations", "labels", "captions", "scores"]


@pytest.fixture
def mine(runs_folder):
    """A run with real frames beside it."""
    return runs.open(runs_folder / "shuffled", truth=runs_folder / "ground-truth")


def same(one, other):
    """Whether two values of a table are the same; similarities may differ in the last bits."""
    if one is None or other is None:
        return one is other
    if isinstance(one, float) or isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-12)
    return one == other


@pytest.mark.parametrize("table", TABLES)
def test_tables_are_those_of_the_export(program, runs_folder, tmp_path, table):
    out = tmp_path / "out.parquet"
    folders = [runs_folder / "shuffled", runs_folder / "ground-truth"]
    truth = ["--truth", folders[1]] if table == "observations" else []
    subprocess.run([program, "-q", "export", *folders, "--what", table, *truth, "--out", out], check=True)
    expected = parquet.read_table(out).to_pylist()
    found = [runs.open(folder, truth=folders[1]) for folder in folders]
    frame = getattr(runs, table)(found, "polars")
    assert frame.columns[: len(expected[0])] == list(expected[0]), "the columns of the export come first, in its order"
    rows = frame.to_dicts()
    assert len(rows) == len(expected) > 0
    wrong = [(it, row[it], want[it]) for row, want in zip(rows, expected) for it in want if not same(row[it], want[it])]
    assert not wrong, wrong[:5]
    # pandas has the same values and columns.
    other = getattr(runs, table)(found)
    assert list(other.columns) == frame.columns
    assert other.astype(object).where(other.notna(), None)[list(expected[0])].to_dict("records") == [
        {it: row[it] for it in expected[0]} for row in rows
    ]


def test_types_do_not_depend_on_the_rows(mine):
    dtypes = mine.scores().dtypes
    assert (dtypes["value"], dtypes["n"], dtypes["true_positives"]) == ("float64", "uint64", "float64")
    schema = mine.observations("polars").schema
    assert (schema["absent"], schema["lpips"], schema["frame"]) == (polars.String, polars.Float64, polars.UInt64)
    assert runs.scores([], "polars").columns == list(mine.scores("polars").columns)
    with pytest.raises(ValueError, match="not 'numpy'"):
        mine.scores("numpy")


def test_frames_plan_and_features(mine):
    assert mine.model == mine.name == "shuffled" and mine.seed == 0 and mine.identity["dataset"] == "minisv"
    story = mine.stories[0]
    unit = mine.unit(story)
    frames = mine.frames(story)
    assert len(frames) == len(unit.text) == len(unit.pronouns) == 4 and frames[0].mode == "RGB"
    assert frames[0].tobytes() != mine.truth.frame(story, 1).tobytes()
    assert mine.features("generated").shape[0] == len(mine.observations())
    with pytest.raises(runs.RunError, match="no features 'nothing'; there are .*clip_generated"):
        mine.features("nothing")
    with pytest.raises(runs.RunError, match="'nowhere' is not in the plan"):
        mine.strip("nowhere")


def test_strips_have_a_row_per_run_and_the_truth_once(mine):
    story = mine.stories[0]
    alone, with_truth = runs.open(mine.folder).strip(story), mine.strip(story)
    assert with_truth.width == alone.width and with_truth.height == alone.height + 168
    assert with_truth._repr_png_()[:4] == b"\x89PNG", "a notebook shows it"
    both = runs.strips([mine.truth, mine], story)
    assert both.height == with_truth.height, "a run of the ground truth is not drawn twice"
    small = mine.strip(story, size=80)
    assert small.width < alone.width
    # The first frame is where the caption of the first frame is.
    left, top = 12 + 120, with_truth.height - 12 - 160
    drawn = with_truth.crop((left, top, left + 160, top + 160))
    expected = mine.frame(story, 1).resize((160, 160), 3)
    assert drawn.tobytes() == expected.tobytes()


def test_absent_frames_are_named(mine, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(mine.folder, copy)
    story = mine.stories[1]
    lines = (copy / "journal.jsonl").read_text().splitlines()
    entry = next(json.loads(line) for line in lines if json.loads(line)["story"] == story)
    entry["frames"][1] = {"absent": "refused"}
    entry["reports"] = [{}, {"note": "too rude", "seconds": 1.5}, {}, {"peak_memory_bytes": 7}]
    entry["written"] = [None, None, None, "He dozes."]
    changed = [json.dumps(entry) if json.loads(line)["story"] == story else line for line in lines]
    (copy / "journal.jsonl").write_text("\n".join(changed) + '\n{"unit":99,"sto')
    run = runs.open(copy)
    run.path(story, 2).unlink()
    assert run.absences == {(story, 2): "refused"} and run.frame(story, 2) is None
    rows = [it for it in run.reports("polars").to_dicts() if it["story"] == story]
    assert [it["absent"] for it in rows] == [None, "refused", None, None]
    assert (rows[1]["note"], rows[1]["seconds"], rows[3]["peak_memory_bytes"], rows[3]["written"]) == ("too rude", 1.5, 7, "He dozes.")
    row = next(it for it in run.observations("polars").to_dicts() if (it["story"], it["frame"]) == (story, 2))
    assert row["absent"] == "refused" and row["path"] is None
    assert run.strip(story).tobytes() != mine.strip(story).tobytes()


def test_find_gives_runs_with_their_truth(runs_folder, mine):
    found = runs.find(runs_folder)
    assert {"ground-truth", "shuffled"} <= {it.name for it in found}
    assert [it.folder for it in found] == sorted(it.folder for it in found)
    assert all(it.truth is not None and it.truth.model == "ground-truth" for it in found)
    with pytest.raises(runs.RunError, match=r"is not a run: \d+ runs are below it, such as .*ground-truth|char-ldm-mini"):
        runs.open(runs_folder)
    with pytest.raises(runs.RunError, match="is not a folder"):
        runs.find(runs_folder / "nowhere")
    with pytest.raises(runs.RunError, match="is a run of shuffled"):
        runs.open(mine.folder, truth=mine.folder)


def test_compare_puts_equal_signatures_into_a_column(mine, tmp_path):
    table = runs.compare([mine.truth, mine], ["char_acc", "fid"])
    assert list(table.columns) == ["run", "model", "seed", "char_acc", "fid"]
    scores = mine.scores()
    expected = scores[(scores["slice"] == "all") & (scores.metric == "char_acc")].value.item()
    assert table.char_acc[1] == expected and table.char_acc[0] == 100
    pronoun = runs.compare([mine], ["char_acc"], slice="pronoun", library="polars")
    assert pronoun["char_acc"][0] is not None and runs.compare([mine]).shape[1] > 8
    with pytest.raises(runs.RunError, match="no run has the metrics charm on the slice 'all'"):
        runs.compare([mine], ["charm"])
    copy = tmp_path / "copy"
    shutil.copytree(mine.folder, copy)
    changed = (copy / "scores.json").read_text().replace("gt:middle", "gt:random")
    (copy / "scores.json").write_text(changed)
    with pytest.raises(runs.RunError, match=r"char_acc of .*are computed in different ways(.|\n)*gt:middle(.|\n)*gt:random"):
        runs.compare([mine, runs.open(copy)], ["char_acc"])


def test_files_of_other_versions_and_absent_files_are_named(mine, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(mine.folder, copy)
    manifest = json.loads((copy / "manifest.json").read_text())
    (copy / "manifest.json").write_text(json.dumps({**manifest, "format": 9}))
    with pytest.raises(runs.RunError, match="manifest.json has format 9, and this package reads 1"):
        _ = runs.open(copy).model
    (copy / "manifest.json").write_text(json.dumps(manifest))
    (copy / "scores.json").unlink()
    (copy / "observations.parquet").unlink()
    with pytest.raises(runs.RunError, match="has no scores: storyeval score"):
        runs.open(copy).scores()
    with pytest.raises(runs.RunError, match="was not observed: storyeval observe"):
        runs.open(copy).observations()


def test_the_file_is_read_without_pyarrow_too(mine, monkeypatch):
    path = mine.folder / "observations.parquet"
    expected = _files.parquet(path)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    assert _files.parquet(path) == expected


@pytest.mark.parametrize(
    ("story", "folder"),
    [
        ("s_01.e-2", "s_01.e-2"),
        (".hidden", "%2Ehidden"),
        ("a/../b c", "a%2F..%2Fb%20c"),
        ("", "%"),
        ("ä", "%C3%A4"),
        ("x" * 181, "x" * 100 + "~dc31ed5afb940294fdd687c69bbba2ae"),
    ],
)
def test_folders_of_stories_are_named_as_the_program_names_them(story, folder):
    assert _files.one_folder(story) == folder
