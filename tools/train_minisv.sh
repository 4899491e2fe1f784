#!/usr/bin/env bash
# Draws the training world, trains every MiniSV model and exports the bundles: the one command of tools/README.md.
#
#   tools/train_minisv.sh [WORK]      WORK takes the environment, data and checkpoints (about 10 GB; default: target/minisv)
#
# Finished steps are skipped, so the same command goes on after an interruption.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
work=${1:-$root/target/minisv}
mkdir -p "$work"

if [ ! -x "$work/venv/bin/python" ]; then
    python3 -m venv "$work/venv"
    "$work/venv/bin/pip" install --quiet uv
fi
"$work/venv/bin/uv" pip install --quiet --python "$work/venv/bin/python" -r "$root/tools/requirements.txt"

if [ ! -f "$work/data/minisv.json" ]; then
    cargo run --release --manifest-path "$root/Cargo.toml" -- \
        dataset synth --seed 0 --stories 300 --val-stories 120 --train-clips 10000 --out "$work/data"
fi

PYTHONPATH="$root/tools" exec "$work/venv/bin/python" -m storyeval_train \
    --data "$work/data" --work "$work/checkpoints" --out "$root/reference-data"
