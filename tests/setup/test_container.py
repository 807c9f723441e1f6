"""The container file names what a checkout has, and nothing private."""

from __future__ import annotations

import re
import shlex
from fnmatch import fnmatch

from sensecf_core.paths import ROOT

LINES = (ROOT / "Containerfile").read_text("utf-8").replace("\\\n", " ").splitlines()
IGNORED = [
    line for line in (ROOT / ".containerignore").read_text("utf-8").splitlines() if not line.startswith("#")
]


def copied() -> list[str]:
    """What is copied into the image, as paths of the checkout."""
    words = [shlex.split(line)[1:-1] for line in LINES if line.startswith("COPY ")]
    return [word for line in words for word in line if not word.startswith("--")]


def test_what_is_copied_is_there_and_not_ignored() -> None:
    assert len(copied()) > 10
    for path in copied():
        assert (ROOT / path).exists(), path
        allowed = path + "**" if path.endswith("/") else path
        assert f"!{allowed}" in IGNORED, path


def test_nothing_private_is_copied() -> None:
    assert IGNORED[0] == "**"
    kept = [line[1:] for line in IGNORED if line.startswith("!")]
    for private in ("var/sensecf.db", ".streamlit/secrets.toml", ".git/config", ".venv/bin/python"):
        assert not any(fnmatch(private, pattern) for pattern in kept), private
    assert "models/base" in IGNORED


def test_what_runs_in_it_exists() -> None:
    text = "\n".join(LINES)
    for step in re.findall(r"^RUN .*tools/setup\.sh (\w+)", text, re.MULTILINE):
        assert re.search(rf"^\s*{step}\)", (ROOT / "tools/setup.sh").read_text("utf-8"), re.MULTILINE), step
    module = re.search(r'"-m", "([\w.]+)"', text)
    assert module is not None and (ROOT / module[1].replace(".", "/") / "__main__.py").is_file()
    python = re.search(r"^FROM .*/python:(3\.\d+)-", text, re.MULTILINE)
    assert python is not None and f"Python {python[1]}" in (ROOT / "requirements.txt").read_text("utf-8")
