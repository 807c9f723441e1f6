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
}

lint
[ "${1:-}" = lint ] || check "tests (pytest)" .venv/bin/python -m pytest
