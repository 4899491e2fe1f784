"""Times `storyeval table` and `storyeval export` over many runs.

    python tools/bench/joining.py target/release/storyeval FOLDER [RUNS] [STORIES]

Draws a MiniSV of STORIES stories (2500: 10,000 frames), runs `shuffled` on it once with every network but the
captioner, and makes RUNS run folders (200) of it: models m-0.. with 5 seeds each, whose plan, manifest and
observations name them, and whose scores are moved a little, so that no two are alike. Frames and features
are left out: no command here reads them. Then every command runs three times; printed are the median wall
time and the largest resident memory of the whole process.
"""

import hashlib
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

SEEDS = 5


def base(program: str, folder: Path, stories: int) -> Path:
    run = folder / "base"
    if not (run / "scores.json").exists():
        world = folder / "world"
        if not world.exists():
            subprocess.run([program, "dataset", "synth", "--stories", str(stories), "--out", world], check=True)
        command = [program, "run", "--dataset", "minisv", "--data", world, "--model", "shuffled"]
        subprocess.run([*command, "--skip", "captioner", "--out", run], check=True, stdout=subprocess.DEVNULL)
    return run


def copy(run: Path, to: Path, model: str, seed: int) -> None:
    """The run as that of another model and seed; what names either is written anew."""
    if (to / "scores.json").exists():
        return
    to.mkdir(parents=True)
    units = [json.loads(line) for line in (run / "plan.jsonl").read_text().splitlines()]
    lines = []
    for unit in units:
        unit.update(model=model, seed=seed)
        lines.append(json.dumps(unit, ensure_ascii=False, separators=(",", ":")) + "\n")
    plan = "".join(lines).encode()
    (to / "plan.jsonl").write_bytes(plan)
    manifest = json.loads((run / "manifest.json").read_text())
    manifest["identity"].update(model=model, seed=seed, plan_hash=hashlib.sha256(plan).hexdigest())
    manifest["cards"]["model"]["id"] = model
    (to / "manifest.json").write_text(json.dumps(manifest, indent=2))
    for name in ["journal.jsonl", "observed.json", "observations.parquet"]:
        shutil.copyfile(run / name, to / name)
    scores = json.loads((run / "scores.json").read_text())
    scores.update(run=to.name, model=model)
    moved = random.Random(f"{model} {seed}")
    for score in scores["scores"]:
        if score["value"] is not None:
            score["value"] *= 1 + moved.gauss(0, 0.02)
    (to / "scores.json").write_text(json.dumps(scores, indent=2))


def timed(command: list[str]) -> tuple[float, float]:
    """Wall seconds and MB of resident memory of one process, its output thrown away."""
    begin = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - begin
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        sys.exit(f"{' '.join(command[:6])} ... ended with {child.returncode}")
    return seconds, usage.ru_maxrss / 1024


def main() -> None:
    program, folder = os.path.abspath(sys.argv[1]), Path(sys.argv[2])
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 200
    stories = int(sys.argv[4]) if len(sys.argv) > 4 else 2500
    folder.mkdir(parents=True, exist_ok=True)
    run = base(program, folder, stories)
    runs = []
    for number in range(count):
        model, seed = f"m-{number // SEEDS}", number % SEEDS
        runs.append(folder / "runs" / model / f"seed-{seed}")
        copy(run, runs[-1], model, seed)
    runs = [str(run) for run in runs]
    frames = len((run / "journal.jsonl").read_text().splitlines()) * 4
    print(f"{count} runs of {frames} frames")
    out = str(folder / "out")
    commands = {
        "ls runs": ["ls", "runs", str(folder / "runs")],
        "table": ["table", *runs, "--detail"],
        "table --format json": ["table", *runs, "--format", "json"],
        "export scores, csv": ["export", *runs, "--what", "scores", "--out", f"{out}.csv"],
        "export observations, csv": ["export", *runs, "--what", "observations", "--out", f"{out}.csv"],
        "export observations, jsonl": ["export", *runs, "--what", "observations", "--out", f"{out}.jsonl"],
        "export observations, parquet": ["export", *runs, "--what", "observations", "--out", f"{out}.parquet"],
        "export labels, parquet": ["export", *runs, "--what", "labels", "--out", f"{out}.parquet"],
    }
    print("| command | seconds | MB |\n|---|---|---|")
    for name, arguments in commands.items():
        rounds = [timed([program, *arguments]) for _ in range(3)]
        seconds = statistics.median(seconds for seconds, _ in rounds)
        memory = max(memory for _, memory in rounds)
        print(f"| {name} | {seconds:.2f} | {memory:.0f} |", flush=True)


main()
