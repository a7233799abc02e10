#!/usr/bin/env bash
# Creates the project's own environment: uv where present, else venv and pip.
set -euo pipefail
venv=$1

find_python() {
  for candidate in python3 python3.13 python3.14 python3.12; do
    if "$candidate" -c 'import sys; sys.exit(not (3, 12) <= sys.version_info < (3, 15))' 2>/dev/null; then
      command -v "$candidate"
      return
    fi
  done
  echo "Python 3.12, 3.13 or 3.14 is needed and was not found" >&2
  exit 1
}

if command -v uv >/dev/null 2>&1; then
  [ -x "$venv/bin/python" ] || uv venv --quiet --python '>=3.12,<3.15' "$venv"
  VIRTUAL_ENV=$(cd "$venv" && pwd) uv pip install --quiet --editable . --group dev
else
  python=$(find_python)
  [ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --editable . --group dev
fi
