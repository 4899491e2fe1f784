#!/usr/bin/env bash
# The Python package as its users get it: a wheel around the release build, its list of files, an empty environment, the
# README's first table without cargo and without a network, and the tests of python/tests.
# Needs Python 3.10 or later with pip and the Python registry. Takes a minute or two beside the build, which it shares with
# `cargo test --release`. PROFILE=dev takes cargo's other profile.
set -euo pipefail
cd "$(dirname "$0")/../.."

# Fewer passes than this mean that a test was lost.
least=52
scratch=$PWD/target/slow/python-package
profile=${PROFILE:-release}
rm -rf "$scratch/dist" "$scratch/user" "$scratch/home"
mkdir -p "$scratch/home"
[ -x "$scratch/builder/bin/python" ] || python3 -m venv "$scratch/builder"
"$scratch/builder/bin/pip" install --quiet --disable-pip-version-check maturin==1.16.0 twine==7.0.0
PATH="$scratch/builder/bin:$PATH" CARGO_TARGET_DIR=$PWD/target \
  maturin build --profile "$profile" --locked --out "$scratch/dist"
wheel=$(ls "$scratch"/dist/*.whl)
"$scratch/builder/bin/twine" check --strict "$wheel"
"$scratch/builder/bin/python" tools/slow/wheel_files.py "$wheel"

python3 -m venv "$scratch/user"
"$scratch/user/bin/pip" install --quiet --disable-pip-version-check "$wheel[runs]" pytest==9.2.0
# The interpreter alone may come from elsewhere than /usr/bin; nothing else does, and nothing can be fetched.
bare() {
  env -i PATH=/usr/bin:/bin HOME="$scratch/home" STORYEVAL_OFFLINE=1 STORYEVAL_CACHE="$scratch/home/cache" "$@"
}
if bare sh -c 'command -v cargo'; then
  echo "error: cargo is in /usr/bin, and this script shows that it is not needed" >&2
  exit 1
fi
cd "$scratch/home"
bare "$scratch/user/bin/storyeval" run --dataset minisv --model storygpt-v-mini,char-ldm-mini,ground-truth,shuffled \
  --limit 3 --out runs > table.md
for model in storygpt-v-mini char-ldm-mini ground-truth shuffled; do
  grep -q "^| $model .*12 / 12 |" table.md
done
report=$scratch/report.txt
bare STORYEVAL_INSTALLED=1 STORYEVAL_RUNS="$scratch/home/runs" "$scratch/user/bin/python" -m pytest -q -rs -p no:cacheprovider \
  "$OLDPWD/python/tests" | tee "$report"
passed=$(sed -n 's/^\([0-9]*\) passed.*/\1/p' "$report")
if [ "${passed:-0}" -lt "$least" ]; then
  echo "error: ${passed:-0} tests passed, and at least $least should" >&2
  exit 1
fi
