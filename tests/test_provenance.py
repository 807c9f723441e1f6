"""What the hash of code depends on: what the code does and what it imports, not its words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sensecf_core import provenance

ROOT_MODULE = '''"""A docstring."""
from sensecf_core.low import number


def twice() -> int:
    """Double it."""
    return 2 * number()  # a comment
'''
FILES = {
    "sensecf_core/__init__.py": "",
    "sensecf_core/top.py": ROOT_MODULE,
    "sensecf_core/low.py": "def number() -> int:\n    return 1\n",
    "sensecf_core/apart.py": "ANSWER = 42\n",
    "sensecf_core/room/__init__.py": "",
    "sensecf_core/room/inner.py": "SIZE = 1\n",
}


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    monkeypatch.setattr(provenance, "ROOT", tmp_path)
    provenance.code_sha256.cache_clear()
    yield tmp_path
    provenance.code_sha256.cache_clear()


def hash_after(package: Path, name: str, old: str, new: str, *roots: str) -> str:
    path = package / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    provenance.code_sha256.cache_clear()
    return provenance.code_sha256(*roots)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("sensecf_core/top.py", "A docstring.", "Another docstring, longer."),
        ("sensecf_core/top.py", "Double it.", "Twice as much."),
        ("sensecf_core/top.py", "  # a comment", ""),
        ("sensecf_core/top.py", "\n\n\ndef", "\n\ndef"),
        ("sensecf_core/apart.py", "42", "43"),
    ],
)
def test_words_and_modules_that_are_not_imported_do_not_count(
    package: Path, name: str, old: str, new: str
) -> None:
    before = provenance.code_sha256("sensecf_core.top")
    assert hash_after(package, name, old, new, "sensecf_core.top") == before


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [("sensecf_core/top.py", "2 * ", "3 * "), ("sensecf_core/low.py", "return 1", "return 2")],
)
def test_what_code_does_counts_also_in_what_it_imports(package: Path, name: str, old: str, new: str) -> None:
    before = provenance.code_sha256("sensecf_core.top")
    assert hash_after(package, name, old, new, "sensecf_core.top") != before


def test_a_package_stands_for_all_of_its_modules(package: Path) -> None:
    before = provenance.code_sha256("sensecf_core.room")
    assert hash_after(package, "sensecf_core/room/inner.py", "1", "2", "sensecf_core.room") != before
