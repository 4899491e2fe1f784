#!/usr/bin/env bash
# The Python tests of tools/ and examples/ that need no PyTorch, in an environment of their own in target/. The others are skipped, so
# the script counts: fewer passes than now mean that a test was lost.
set -euo pipefail
cd "$(dirname "$0")/../.."
least=107
environment=target/python-tests
[ -x "$environment/bin/python" ] || python3 -m venv "$environment"
"$environment/bin/python" -m pip install --quiet --disable-pip-version-check -r tools/tests/requirements.txt
report=$environment/report.txt
"$environment/bin/python" -m pytest -q -rs -p no:cacheprovider tools/tests examples/tests | tee "$report"
passed=$(sed -n 's/^\([0-9]*\) passed.*/\1/p' "$report")
if [ "${passed:-0}" -lt "$least" ]; then
  echo "error: ${passed:-0} tests passed, and at least $least should" >&2
  exit 1
fi
