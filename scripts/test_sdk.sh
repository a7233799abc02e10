#!/usr/bin/env bash
# The official SDK (paradex-py) against the local Paradex: the proof of likeness. Its native wheel
# exists for CPython 3.10 only, so it lives in an environment of its own.
set -euo pipefail
venv=$1
sdk_venv=$2

find_python310() {
  for candidate in python3.10 "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.10.*/bin/python; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 10))' 2>/dev/null; then
      command -v "$candidate"
      return
    fi
  done
}

python=$(find_python310)
if [ -z "$python" ]; then
  echo "test-sdk: SKIPPED, no CPython 3.10 was found (paradex-py has no wheel for any other)"
  exit 0
fi
if [ ! -f "$sdk_venv/.ready" ]; then
  "$python" -m venv "$sdk_venv"
  "$sdk_venv/bin/python" -m pip install --quiet --disable-pip-version-check 'paradex-py==0.8.2'
  touch "$sdk_venv/.ready"
fi
PARADEX_SDK_PYTHON="$(cd "$sdk_venv" && pwd)/bin/python" "$venv/bin/python" -m pytest -m sdk tests/sdk
