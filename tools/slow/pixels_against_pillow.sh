#!/usr/bin/env bash
# JPEG decoding and resizing against Pillow, byte by byte: 3,302 JPEG files and 1,000 shapes, made anew.
# Needs Python 3 with pip and the Python registry. Takes about 20 seconds beside the build.
set -euo pipefail
cd "$(dirname "$0")/../.."

scratch=target/slow/pixels
mkdir -p "$scratch"
if [ ! -x "$scratch/venv/bin/python" ]; then
  python3 -m venv "$scratch/venv"
fi
"$scratch/venv/bin/pip" install --quiet --disable-pip-version-check pillow==13.0.0 numpy==2.4.6
python="$scratch/venv/bin/python"
rm -rf "$scratch/jpeg"
"$python" tools/golden/jpeg.py many "$scratch/jpeg"
PYTHONPATH=tools/golden "$python" tools/golden/resize.py --many 7 1000 > "$scratch/resize.json"
STORYEVAL_JPEG_FOLDER="$PWD/$scratch/jpeg" STORYEVAL_RESIZE_CASES="$PWD/$scratch/resize.json" \
  cargo test --locked --release --lib vision:: -- --ignored --nocapture
