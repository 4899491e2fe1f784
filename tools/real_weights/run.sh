#!/usr/bin/env bash
# Compares the built program with other tools on published weights. Needs Python 3.11 or later with venv, and the Python registry.
#
#     tools/real_weights/run.sh [--storyeval FILE] [--threads N] [--write-golden]
#
# STORYEVAL_REAL_WEIGHTS_VENV names an environment that has requirements.txt already; without it one is made in
# target/real-weights/venv. Exit 0: all comparisons hold. 1: one does not. 3: they could not be made, which is not a pass.
set -euo pipefail
cd "$(dirname "$0")/../.."

here=tools/real_weights
work=target/real-weights
venv=${STORYEVAL_REAL_WEIGHTS_VENV:-$work/venv}
rm -f "$work/results.json"

not_run() {
  mkdir -p "$work"
  printf '{"ran": false, "reason": "%s"}\n' "$1" > "$work/results.json"
  printf '\nREAL WEIGHTS WERE NOT COMPARED: %s\n' "$1" >&2
  printf '0 passed, 0 failed: not run\n'
  exit 3
}

if [[ -z ${STORYEVAL_REAL_WEIGHTS_VENV:-} ]]; then
  wanted=$(cat tools/requirements.txt $here/requirements.txt | sha256sum)
  if [[ $(cat "$venv/wanted" 2> /dev/null) != "$wanted" ]]; then
    rm -rf "$venv"
    python3 -m venv "$venv" || not_run "python3 -m venv failed"
    # PyTorch from the registry comes with CUDA's libraries, 3 GB, and does not load without them.
    started=$SECONDS
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-cache-dir --no-compile --retries 2 --timeout 20 \
      --constraint tools/requirements.txt --requirement $here/requirements.txt \
      || not_run "the registry did not give the packages of $here/requirements.txt"
    echo "installed in $((SECONDS - started)) s"
    echo "$wanted" > "$venv/wanted"
  fi
fi

export PYTHONPATH=tools PYTHONDONTWRITEBYTECODE=1
# Two programs that wait by turning slow each other down.
export OMP_WAIT_POLICY=PASSIVE
"$venv/bin/python" -m pytest --quiet -p no:cacheprovider tools/tests/test_real_weights.py
exec "$venv/bin/python" -W ignore -m real_weights "$@"
