#!/usr/bin/env bash
# Set-up, step by step. Every step can be run again: what is done is left alone, what was interrupted is
# picked up where it stopped, and a step that fails says which it was, why, and what to do.
#
#   tools/setup.sh app       .venv and what the app needs
#   tools/setup.sh models    the default language model, and whatever classifier is missing
#   tools/setup.sh tests     what the tests need on top: checkers, test tools, Debian's Chromium
#   tools/setup.sh peers     llama.cpp for `make bench-peers`, built from source, in .venv-peers
#   tools/setup.sh clean     remove what set-up made (never var/)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

VENV=.venv
PEERS=.venv-peers
TORCH=$(grep -E '^torch==' requirements.txt)
STEP="set-up"

say() { printf '%s\n' "$*"; }

# stop WHY WHAT-TO-DO: name the step, the reason and the remedy, and end.
stop() {
    printf '\nSet-up stopped at: %s\n  Why:        %s\n  What to do: %s\n' "$STEP" "$1" "$2" >&2
    exit 1
}

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

# The first Python of 3.11 or newer among $PYTHON, python3 and the versioned names.
find_python() {
    local candidate
    for candidate in ${PYTHON:+"$PYTHON"} python3.11 python3.12 python3.13 python3 python; do
        if new_enough "$candidate"; then
            command -v "$candidate"
            return
        fi
    done
    stop "no Python 3.11 or newer was found (looked at: ${PYTHON:+$PYTHON, }python3.11 to python3.13, python3)" \
        "install it (Debian, Ubuntu: sudo apt install python3 python3-venv), or name one: make run PYTHON=/path/to/python3"
}

venv_works() { new_enough "$VENV/bin/python" && "$VENV/bin/python" -m pip --version >/dev/null 2>&1; }

make_venv() {
    venv_works && return
    STEP="making the virtual environment $VENV"
    local python
    python=$(find_python)
    say "Making $VENV with $("$python" --version) ..."
    "$python" -c 'import ensurepip, venv' 2>/dev/null ||
        stop "this Python cannot make virtual environments (its venv module is missing)" \
            "sudo apt install python3-venv   (or python3.X-venv for another Python), then run the same command again"
    "$python" -m venv --clear "$VENV" ||
        stop "python -m venv failed (its own words are above)" "check that there is space and that $PWD may be written"
}

# A package whose unpacking was cut off has no RECORD, and pip would take it for installed.
drop_half_installed() {
    local info
    for info in "$VENV"/lib/python3*/site-packages/*.dist-info; do
        if [ -d "$info" ] && [ ! -s "$info/RECORD" ]; then
            say "Removing the half-installed ${info##*/} ..."
            rm -rf "$info"
        fi
    done
}

pip_install() {
    local quiet=()
    [ -t 1 ] || quiet=(--quiet)
    "$VENV/bin/python" -m pip install --disable-pip-version-check "${quiet[@]}" "$@" ||
        stop "pip could not install: $* (its own words are above)" \
            "check the network, the disk (df -h .) and the Python version ($("$VENV/bin/python" --version); Python 3.11 is what the pins were tried with), then run the same command again: it goes on where it stopped"
}

# Say which build of torch pip is about to take, and how much that is.
announce_torch() {
    local build
    build=$("$VENV/bin/python" tools/torch_build.py "$TORCH") ||
        stop "pip finds no $TORCH for $("$VENV/bin/python" --version)" \
            "check the network, or use Python 3.11 to 3.13: make clean, then make run PYTHON=/path/to/python3.11"
    say "$build"
}

# stamped NAME FILE...: whether $VENV carries the stamp of exactly these files; stamp writes it.
stamped() { [ "$(cat "$VENV/$1.stamp" 2>/dev/null)" = "$(cat "${@:2}" | sha256sum)" ]; }
stamp() { cat "${@:2}" | sha256sum >"$VENV/$1.stamp"; }

set_up_app() {
    make_venv
    stamped app requirements.txt requirements-nodeps.txt && return
    STEP="installing what the app needs (requirements.txt)"
    drop_half_installed
    if ! "$VENV/bin/python" -c "from importlib.metadata import version as v; import sys; sys.exit(v('torch').split('+')[0] != '${TORCH#*==}')" 2>/dev/null; then
        announce_torch
        pip_install "$TORCH" -c requirements.txt
    fi
    say "Installing the pinned requirements (about 410 MB to download beside torch) ..."
    pip_install -r requirements.txt
    STEP="installing the baselines (requirements-nodeps.txt)"
    pip_install --no-deps -r requirements-nodeps.txt
    stamp app requirements.txt requirements-nodeps.txt
    say "Installed."
}

set_up_models() {
    STEP="fetching the language model and training the classifiers"
    "$VENV/bin/python" -m sensecf_core prepare ||
        stop "see the line above" "mend it, then run the same command again: finished parts are kept"
}

set_up_tests() {
    set_up_app
    if ! stamped tests requirements.txt requirements-nodeps.txt requirements-dev.txt; then
        STEP="installing the test tools (requirements-dev.txt)"
        drop_half_installed
        say "Installing the test tools (about 60 MB) ..."
        pip_install -r requirements-dev.txt
        stamp tests requirements.txt requirements-nodeps.txt requirements-dev.txt
    fi
    find_browser
}

# Debian's Chromium for the browser tests: installed through apt where this user may install it.
find_browser() {
    [ -x "${CHROMIUM:-/usr/bin/chromium}" ] && return
    STEP="finding Chromium for the browser tests"
    local install="apt-get install -y --no-install-recommends chromium fonts-dejavu-core" root=()
    if [ "$(id -u)" != 0 ]; then
        sudo -n true 2>/dev/null || stop "Chromium is missing, and this user may not install it" \
            "sudo $install   (or name one: make test CHROMIUM=/path/to/chromium)"
        root=(sudo -n)
    fi
    command -v apt-get >/dev/null || stop "Chromium is missing, and there is no apt-get here" \
        "install Chromium and name it: make test CHROMIUM=/path/to/chromium"
    say "Installing Debian's Chromium (about 100 MB) ..."
    # shellcheck disable=SC2086  # the line is shown and run as the same words
    { "${root[@]}" apt-get update -q && "${root[@]}" env DEBIAN_FRONTEND=noninteractive $install; } </dev/null >"$VENV/chromium.log" 2>&1 ||
        { tail -n 5 "$VENV/chromium.log" >&2; stop "apt-get failed (its last words are above; all of them in $VENV/chromium.log)" \
            "sudo $install   (Ubuntu has Chromium as a snap only: sudo snap install chromium, then make test CHROMIUM=/snap/bin/chromium)"; }
    [ -x "${CHROMIUM:-/usr/bin/chromium}" ] || stop "apt-get finished, but there is no ${CHROMIUM:-/usr/bin/chromium}" "make test CHROMIUM=/path/to/chromium"
}

# llama-cpp-python from source, for this processor; a package index has no build of it. cmake and ninja come
# with the build where they are missing, the compiler does not. Its part for pictures (llava) is left out.
set_up_peers() {
    local VENV=$PEERS compiler
    venv_works && stamped peers requirements-peers.txt && return
    STEP="building llama.cpp for make bench-peers"
    for compiler in "${CC:-gcc}" "${CXX:-g++}"; do
        command -v "$compiler" >/dev/null || stop "llama.cpp is built from source, and there is no compiler $compiler" \
            "sudo apt install gcc g++   (or name others: CC=clang CXX=clang++ make bench-peers)"
    done
    make_venv
    STEP="building llama.cpp for make bench-peers"
    drop_half_installed
    say "Building llama.cpp from source in $VENV (76 MB to download, ten minutes or more to compile) ..."
    CMAKE_ARGS="-DLLAVA_BUILD=OFF ${CMAKE_ARGS:-}" pip_install --no-binary llama-cpp-python -r requirements-peers.txt
    stamp peers requirements-peers.txt
    say "Built."
}

clean() {
    rm -rf "$VENV" "$PEERS" models/base .mypy_cache .ruff_cache .pytest_cache .hypothesis test-results
    find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +
    say "Removed $VENV, $PEERS, models/base and caches. Kept: var/ (answers, runs, classifiers of your own cohorts);"
    say "delete it yourself if you want to lose them."
}

case "${1:-}" in
    app) set_up_app ;;
    models) set_up_app; set_up_models ;;
    tests) set_up_tests ;;
    peers) set_up_peers ;;
    clean) clean ;;
    *) sed -n '2,10s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit 2 ;;
esac
