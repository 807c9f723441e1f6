"""Where a number came from: command, program version, commit, library versions, machine.

Also how this program is started here, for the commands that messages name.
"""

from __future__ import annotations

import ast
import hashlib
import os
import platform
import subprocess
import sys
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Literal

from sensecf_core import __version__
from sensecf_core.paths import CHECKOUT, ROOT

INSTALLED = not CHECKOUT or Path(sys.argv[0]).name == "sensecf"
"""Whether pip installed this program: it is not set up by a checkout's make, and there is a ``sensecf``."""

PROGRAM = "sensecf" if INSTALLED else "python -m sensecf_core"
"""The program's name in records and in its own help."""

_OWN_PYTHON = not INSTALLED and (ROOT / ".venv/bin/python").exists()
CLI = f".venv/bin/{PROGRAM}" if _OWN_PYTHON else PROGRAM
"""What to type before a command's name, for messages: in a checkout with the Python that set-up made."""

DATA_REMEDY = "install sensecf again" if INSTALLED else "run `make data`"
"""What mends data of a built-in cohort that are damaged."""

NO_DEPENDENCIES = ("dice-ml==0.12", "NICEx==0.2.3", "cfnow==0.0.6")
"""``requirements-nodeps.txt``: the baselines that no extra can name, as their own pins do not fit ours."""

LIBRARIES = (
    *("numpy", "scipy", "pandas", "scikit-learn", "shap", "torch", "transformers", "peft", "llguidance"),
    *("dice-ml", "NICEx", "cfnow", "treecf", "streamlit"),
)


def install_command(extra: Literal["baselines", "cluster", "exports", "gpu"]) -> str:
    """The command that installs the packages of an extra: ``make setup`` installs those of all."""
    if not INSTALLED:
        return "make setup"
    with_extra = f'pip install "sensecf[{extra}]"'
    without = f" && pip install --no-deps {' '.join(NO_DEPENDENCIES)}"
    return with_extra + (without if extra == "baselines" else "")


def command() -> str:
    """The command that this process runs, as one would type it; a notebook's own arguments stay out of it."""
    program = Path(sys.argv[0])
    if program.name != "sensecf" and program.parent.name != "sensecf_core":
        return f"{PROGRAM}, called from Python"
    return " ".join([PROGRAM, *sys.argv[1:]])


@cache
def commit() -> str | None:
    """Git commit of the checkout, with ``+changes`` where files differ from it; None outside git."""
    if not CHECKOUT:  # a virtual environment may lie in the repository of something else
        return None

    def git(*args: str) -> str:
        command = ["git", "-C", str(ROOT), *args]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip()

    try:
        return git("rev-parse", "HEAD") + ("+changes" if git("status", "--porcelain", "-uno") else "")
    except (OSError, subprocess.SubprocessError):
        return None


@cache
def versions() -> dict[str, str]:
    """Versions of the libraries that decide a result (installed ones only)."""
    found = {"python": platform.python_version(), "sensecf": __version__}
    for name in LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


@cache
def machine() -> dict[str, str | int | None]:
    """Processor, cores and system; no host or user name."""
    return {"processor": _processor(), "cores": os.cpu_count(), "system": platform.platform(terse=True)}


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:  # noqa: PTH123 (a device file)
            for line in lines:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


@cache
def code_sha256(*roots: str) -> str:
    """Hash what the code of some modules does, and of every module of this package that they import.

    ``roots`` are dotted names; a package stands for all modules below it. Comments and docstrings do not
    count: nothing is made anew because of a word.
    """
    found: dict[str, str] = {}
    waiting = [name for root in roots for name in _modules_below(root)]
    while waiting:
        name = waiting.pop()
        if name not in found:
            tree = ast.parse(_source(name).read_bytes())
            waiting += _imported(tree)
            found[name] = ast.dump(_WithoutStrings().visit(tree))
    return hashlib.sha256("\n".join(f"{name} {found[name]}" for name in sorted(found)).encode()).hexdigest()


class _WithoutStrings(ast.NodeTransformer):
    """Drops strings that stand by themselves: docstrings, also those of constants."""

    def visit_Expr(self, node: ast.Expr) -> ast.Expr | None:
        """Drop a statement that is only a string."""
        alone = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        return None if alone else node


def _source(module: str) -> Path:
    path = ROOT.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def _modules_below(module: str) -> list[str]:
    folder = ROOT.joinpath(*module.split("."))
    below = sorted(folder.rglob("*.py")) if folder.is_dir() else []
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in below]
    return [module, *(name.removesuffix(".__init__") for name in names)]


def _imported(tree: ast.Module) -> list[str]:
    """Modules of this package that a module imports, wherever in it; not its face, which has the version."""
    names: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("sensecf_core"):
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            names += [alias.name for alias in node.names if alias.name.startswith("sensecf_core")]
    return [name for name in names if name != "sensecf_core" and _source(name).is_file()]
