"""Install this checkout as anybody would, into an empty environment, and use it from another folder.

    make check-wheel              in a temporary folder, or FOLDER=/tmp/kept to keep it

Downloads what a plain `pip install` downloads. Ends with 1 at the first thing that is not as it should be.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from sensecf_core.paths import ROOT

EXPLAIN = ("explain", "--cohort", "heart", "--sample", "2", "--method", "random", "--json")
COMMANDS = (
    ("--version",),
    ("cohort", "list"),
    ("predict", "--cohort", "nhanes", "--participant", "93705"),
    ("predict", "--cohort", "aireadi", "--participant", "900500"),
    EXPLAIN,
)


def main() -> int:
    """Check in the folder named on the command line, or in one that is removed afterwards."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", help="an empty or new folder, which is kept")
    asked = parser.parse_args().folder
    if asked is not None:
        return check(asked.resolve())
    with tempfile.TemporaryDirectory() as folder:
        return check(Path(folder))


def check(folder: Path) -> int:
    """Build the wheel, install it, run the commands; print a line for each and return the exit code."""
    python, home = folder / "venv/bin/python", folder / "home"
    home.mkdir(parents=True)
    _run(sys.executable, "-m", "venv", folder / "venv")
    started = time.monotonic()
    pip = (python, "-m", "pip", "--disable-pip-version-check", "--quiet")
    _run(*pip, "wheel", "--no-deps", "--wheel-dir", folder, ROOT)
    (wheel,) = folder.glob("sensecf-*.whl")
    print(f"{wheel.name}: {wheel.stat().st_size / 1e6:.1f} MB")
    _run(*pip, "install", wheel)
    size = sum(path.stat().st_size for path in (folder / "venv").rglob("*") if path.is_file())
    print(f"installed in {time.monotonic() - started:.0f} s, {size / 1e9:.1f} GB with all it needs")

    environment = {name: value for name, value in os.environ.items() if not _moves_data(name)}
    environment["HOME"] = str(home)
    outputs = {}
    for command in COMMANDS:
        started = time.monotonic()
        outputs[command] = _run(folder / "venv/bin/sensecf", *command, cwd=home, env=environment)
        print(f"sensecf {' '.join(command)}: {time.monotonic() - started:.1f} s")

    _run(python, ROOT / "examples" / "own_model.py", cwd=home, env=environment)
    print("a model and a frame of one's own: explained")

    faults = []
    private = {**environment, "SENSECF_VAR": str(folder / "var")}
    here = _run(sys.executable, "-m", "sensecf_core", *EXPLAIN, cwd=ROOT, env=private)
    if _counterfactuals(outputs[EXPLAIN]) != _counterfactuals(here):
        faults.append("the installation's counterfactuals are not those of the checkout")
    data = home / ".local/share/sensecf"
    if sys.platform == "darwin":
        data = home / "Library/Application Support/sensecf"
    if not (data / "var/sensecf.db").is_file() or data.stat().st_mode & 0o077:
        faults.append(f"{data} is not the private folder that holds var/")
    for fault in faults:
        print(f"check-wheel: {fault}", file=sys.stderr)
    return 1 if faults else 0


def _moves_data(name: str) -> bool:
    return name.startswith("SENSECF_") or name in ("XDG_DATA_HOME", "PYTHONPATH")


def _counterfactuals(output: str) -> list[Any]:
    return [answer["counterfactuals"] for answer in json.loads(output)["answers"]]


def _run(*command: str | Path, **options: Any) -> str:
    done = subprocess.run([*map(str, command)], stdout=subprocess.PIPE, text=True, check=False, **options)
    if done.returncode:
        sys.exit(f"check-wheel: failed: {' '.join(map(str, command))}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
