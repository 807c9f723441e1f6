#!/usr/bin/env bash
# Every check, in the order of the cheapest first: format, lint, types, then unit, page and browser tests.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

check() {
    echo "== $1"
    "${@:2}" || { echo "make test: failed at: $1" >&2; exit 1; }
}

lint() {
    check "format (ruff format --check)" .venv/bin/ruff format --check .
    check "lint (ruff check)" .venv/bin/ruff check .
    check "types (mypy --strict sensecf_core)" .venv/bin/mypy sensecf_core
    check "rooms (import-linter)" .venv/bin/lint-imports --no-cache
}

lint
[ "${1:-}" = lint ] && exit
# Two at a time, each with one thread of its own, in the order of tests/conftest.py (the longest files first).
TWO=(-n 2 --dist loadfile --no-loadscope-reorder)
OMP_NUM_THREADS=1 check "unit and page tests (pytest)" .venv/bin/python -m pytest "${TWO[@]}" -m "not browser"
# A browser, a server and a model share two cores here: what fails once is tried once more, and is listed.
check "browser tests (pytest)" .venv/bin/python -m pytest "${TWO[@]}" -m browser --reruns 1 -r R
