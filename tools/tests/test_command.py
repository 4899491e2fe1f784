"""The command line: usage, exit codes, room."""

import argparse
import subprocess
import sys
from pathlib import Path

import pytest

from storyeval_export import disk
from storyeval_export.command import shard_size
from storyeval_export.error import OUTPUT, SETUP, USAGE, ExportError
from storyeval_export.models import MODELS

TOOLS = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize("text, size", [("1.9GB", 1_900_000_000), ("64mb", 64_000_000), ("20kB", 20_000), ("7", 7)])
def test_sizes(text, size):
    assert shard_size(text) == size


@pytest.mark.parametrize("text", ["", "x", "-1", "0", "3GB", "1TB", "nan", "inf"])
def test_sizes_that_are_none(text):
    with pytest.raises(argparse.ArgumentTypeError):
        shard_size(text)


def test_usage_errors_end_with_two(export, tmp_path):
    assert export()[0] == USAGE
    assert export("no-such-model", "--out", tmp_path / "o")[0] == USAGE
    code, _, err = export("char-ldm", "--out", tmp_path / "o")
    assert code == USAGE and "error: neither --first-stage nor --checkpoint is given" in err and "hint: " in err


def test_help_lists_every_model_and_loads_no_network_library():
    code = ("import sys\nfrom storyeval_export.command import main\n"
            "try: main(['--help'])\nexcept SystemExit as end: assert end.code == 0\n"
            "print('loaded', sorted({'torch', 'transformers', 'numpy'} & set(sys.modules)))")
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=TOOLS).stdout
    assert said.endswith("loaded []\n")
    assert all(f"    {model.name}" in said and model.help.split()[0] in said for model in MODELS.values())


def test_help_answers_where_no_package_is_installed():
    def call(*arguments):
        # -S leaves out the folder of installed packages.
        command = [sys.executable, "-S", "-m", "storyeval_export", *arguments]
        return subprocess.run(command, capture_output=True, text=True, cwd=TOOLS)

    assert call("--help").returncode == 0 and "inception-fid" in call("--help").stdout
    refused = call("clip", "--checkpoint", "x", "--out", "y")
    assert refused.returncode == SETUP and "hint: pip install" in refused.stderr


@pytest.mark.parametrize("name", sorted(MODELS))
def test_every_model_has_its_functions(name):
    own = argparse.ArgumentParser()
    MODELS[name].arguments(own)
    assert own.parse_args([]) is not None and callable(MODELS[name].function(MODELS[name].planner))


def test_an_absent_file_is_named(export, tmp_path):
    code, out, err = export("char-ldm", "--checkpoint", tmp_path, "--out", tmp_path / "o")
    assert code == SETUP and "holds no first-stage/pytorch_model.bin" in err and out == ""
    assert "Traceback" not in err


def test_too_little_disk_is_told_with_figures(monkeypatch, tmp_path):
    monkeypatch.setattr(disk, "free_disk", lambda folder: 100 << 20)
    disk.check_disk(tmp_path, 10 << 20)
    with pytest.raises(ExportError, match=r"needs 3\.5 GB, but its disk has 104\.9 MB") as error:
        disk.check_disk(tmp_path, 3_440_000_000)
    assert error.value.code == SETUP and "--out" in error.value.hint


def test_too_little_memory_is_told_with_figures(monkeypatch):
    monkeypatch.setattr(disk, "available_memory", lambda: 4_000_000_000)
    disk.check_memory("fuse", disk.memory_of(3_000_000, "fp32", 0))
    with pytest.raises(ExportError, match=r"graph unet needs about 8\.0 GB .* 4\.0 GB are available") as error:
        disk.check_memory("unet", disk.memory_of(860_000_000, "fp32", 1 << 26))
    assert "--ignore-memory" in error.value.hint
    monkeypatch.setattr(disk, "available_memory", lambda: None)
    disk.check_memory("unet", 1 << 60)


def test_the_machine_says_what_it_has():
    assert disk.available_memory() > 1 << 20
    assert disk.free_disk(disk.Path("/no/such/folder")) > 0


def test_an_existing_bundle_is_kept(export, tmp_path):
    from small_diffusion import diffusers_folder

    diffusers_folder(tmp_path / "sd")
    (tmp_path / "o").mkdir()
    (tmp_path / "o" / "mine.txt").write_text("kept")
    code, _, err = export("ldm", "--checkpoint", tmp_path / "sd", "--out", tmp_path / "o", "--quiet")
    assert code == OUTPUT and "exists already" in err
    assert (tmp_path / "o" / "mine.txt").read_text() == "kept"
