"""An export that was killed goes on; one whose inputs changed does not."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from toy import graph, plan, toy

from storyeval_export.bundle import write
from storyeval_export.error import OUTPUT, ExportError
from storyeval_export.settings import Settings
from storyeval_export.progress import Progress

TESTS = Path(__file__).parent


def run(out, source, **environment):
    paths = os.pathsep.join([str(TESTS.parent), str(TESTS)])
    return subprocess.run([sys.executable, TESTS / "toy.py", out, source], capture_output=True, text=True,
                          env=os.environ | {"PYTHONPATH": paths} | environment)


def test_after_a_kill_the_same_command_goes_on(tmp_path):
    out, source = tmp_path / "out", tmp_path / "weights"
    source.write_text("one")
    killed = run(out, source, DIE="1")
    assert killed.returncode == -signal.SIGKILL
    partial = tmp_path / "out.partial"
    assert not out.exists() and (partial / "first.onnx").is_file()
    written = (partial / "first.onnx").stat().st_mtime_ns
    again = run(out, source)
    assert again.returncode == 0, again.stderr
    assert "first: finished before" in again.stderr and "second: start" in again.stderr
    assert again.stdout.splitlines()[-1] == str(out)
    assert (out / "first.onnx").stat().st_mtime_ns == written
    assert not partial.exists()
    assert sorted(it.name for it in out.iterdir()) == ["bundle.toml", "first.onnx", "parity.npz", "second.onnx"]


class Stop(Exception):
    """Ends an export in its second graph."""


def interrupted(folder, built, source, settings=Settings()):
    def build():
        built.append("first")
        return toy()

    def stop():
        raise Stop

    graphs = [graph("first", build), graph("second", stop)]
    with pytest.raises(Stop):
        write(plan({"weights": source}, graphs), folder / "out", "toy", settings, Progress(quiet=True))


def test_changed_inputs_settings_and_files_are_made_again(tmp_path):
    source, built = tmp_path / "weights", []
    source.write_text("one")
    interrupted(tmp_path, built, source)
    interrupted(tmp_path, built, source)
    assert len(built) == 1, "nothing changed"
    source.write_text("two")
    interrupted(tmp_path, built, source)
    assert len(built) == 2, "another checkpoint"
    interrupted(tmp_path, built, source, Settings(shard_size=9000))
    assert len(built) == 3, "other settings"
    assert list((tmp_path / "out.partial").glob("first.data-*"))
    interrupted(tmp_path, built, source)
    assert len(built) == 4 and not list((tmp_path / "out.partial").glob("first.data-*")), "old shards are gone"
    with open(tmp_path / "out.partial" / "first.onnx", "ab") as file:
        file.write(b"0")
    interrupted(tmp_path, built, source)
    assert len(built) == 5, "a file that is not the recorded one"


def test_a_finished_bundle_is_never_overwritten(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "bundle.toml").write_text("")
    with pytest.raises(ExportError, match="exists already") as error:
        write(plan({}, []), tmp_path / "out", "toy", Settings(), Progress(quiet=True))
    assert error.value.code == OUTPUT
