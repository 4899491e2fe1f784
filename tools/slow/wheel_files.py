"""Compares the files of a wheel with those that git knows: `python tools/slow/wheel_files.py WHEEL`, in the repository."""

import subprocess
import sys
import zipfile

SOURCES = {"python/storyeval/": "storyeval/", "tools/storyeval_export/": "storyeval_export/", "tools/storyeval_train/": "storyeval_train/"}
INFO = {"METADATA", "RECORD", "WHEEL", "licenses/LICENSE-APACHE", "licenses/LICENSE-MIT", "licenses/NOTICE"}


def main():
    names = zipfile.ZipFile(sys.argv[1]).namelist()
    known = subprocess.run(["git", "ls-files", *SOURCES], capture_output=True, text=True, check=True).stdout.split()
    expected = {target + path.removeprefix(source) for path in known for source, target in SOURCES.items() if path.startswith(source)}
    program = [name for name in names if ".data/scripts/storyeval" in name]
    info = {name.split(".dist-info/")[1] for name in names if ".dist-info/" in name}
    modules = {name for name in names if ".dist-info/" not in name and name not in program}
    assert len(program) == 1, program
    assert modules == expected, sorted(modules ^ expected)
    # The bill of materials of the Rust crates is named by maturin.
    assert {it for it in info if not it.startswith("sboms/")} == INFO, sorted(info ^ INFO)
    print(f"{len(modules)} modules, the program and the licences are in the wheel")


main()
