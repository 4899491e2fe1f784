#!/usr/bin/env bash
# How often the default rules of the gate raise a false alarm, and which faults they see at 10 to 100 stories: the table of
# docs/gate.md. Draws 100 stories of MiniSV with three seeds and with faults (about four minutes a run on one CPU
# core), then simulates. Runs that are there are kept.
#
#     tools/slow/gate_study.sh [FOLDER]
set -euo pipefail
cd "$(dirname "$0")/../.."
folder=${1:-target/slow/gate}
mkdir -p "$folder"
cargo build --locked --release --bin storyeval
draw() { # NAME MODEL SEED [BUNDLES]
  [ -f "$folder/$1/scores.json" ] && return
  STORYEVAL_BUNDLES=${4:-reference-data/bundles} target/release/storyeval run --dataset minisv --limit 100 \
    --skip locator --model "$2" --seed "$3" --out "$folder/$1"
}
# A copy of the bundles with one fault.
spoiled() {
  rm -rf "$folder/bundles-$1"
  cp -r reference-data/bundles "$folder/bundles-$1"
}
for seed in 0 1 2; do
  draw "seed-$seed" storygpt-v-mini "$seed"
done
draw fault-char-ldm char-ldm-mini 0
spoiled guidance
sed -i 's/guidance_scale = 3.0/guidance_scale = 1.0/' "$folder/bundles-guidance/storygpt-v-mini/bundle.toml"
draw fault-guidance storygpt-v-mini 9 "$folder/bundles-guidance"
spoiled portraits
(
  cd "$folder/bundles-portraits/storygpt-v-mini"
  mv portraits/mira.png other.png
  mv portraits/bolt.png portraits/mira.png
  mv other.png portraits/bolt.png
  sed -i 's/start_merge_step = 15/start_merge_step = 0/' bundle.toml
  for name in mira bolt; do
    hash=$(sha256sum "portraits/$name.png" | cut -d' ' -f1)
    sed -i "s|^\"portraits/$name.png\" = .*|\"portraits/$name.png\" = \"$hash\"|" bundle.toml
  done
)
draw fault-portraits storygpt-v-mini 9 "$folder/bundles-portraits"
STORYEVAL_GATE_STUDY=$(realpath "$folder")
export STORYEVAL_GATE_STUDY
cargo test --locked --release --test suite mutants::faults_of_code -- --ignored
cargo test --locked --release --lib gate::study_tests -- --ignored --nocapture
