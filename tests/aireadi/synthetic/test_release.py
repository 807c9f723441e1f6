from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from sensecf_core.aireadi.synthetic.files import release
from sensecf_core.aireadi.synthetic.population.settings import Settings
from sensecf_core.errors import InputError

SMALL = Settings(n=5, days=3, seed=1, compact=True)


def hashes(root: Path) -> dict[str, str]:
    files = sorted(path for path in root.rglob("*") if path.is_file())
    return {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_the_same_bytes_whatever_the_number_of_processes(tmp_path: Path) -> None:
    shares: list[float] = []
    release.write(tmp_path / "one", SMALL, lambda done, _: shares.append(done))
    release.write(tmp_path / "two", SMALL, jobs=2)
    assert hashes(tmp_path / "one") == hashes(tmp_path / "two")
    assert shares == [pytest.approx((number + 1) / 5) for number in range(5)]


def test_another_seed_makes_other_people(tmp_path: Path) -> None:
    release.write(tmp_path / "one", Settings(n=2, days=3, seed=1, compact=True))
    release.write(tmp_path / "two", Settings(n=2, days=3, seed=2, compact=True))
    one, two = hashes(tmp_path / "one"), hashes(tmp_path / "two")
    assert one["participants.tsv"] != two["participants.tsv"]


def test_what_is_said_about_size_is_so(tmp_path: Path) -> None:
    made = release.write(tmp_path / "one", SMALL)
    assert made.bytes == sum(path.stat().st_size for path in (tmp_path / "one").rglob("*") if path.is_file())
    assert 0.5 < SMALL.megabytes / (made.bytes / 1e6) < 2


@pytest.mark.parametrize("jobs", [1, 2])
def test_cancelling_leaves_nothing(tmp_path: Path, jobs: int) -> None:
    def cancel(done: float, message: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        release.write(tmp_path / "one", SMALL, cancel, jobs=jobs)
    assert list(tmp_path.iterdir()) == []


def test_an_empty_folder_is_taken_and_another_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    release.write(tmp_path / "empty", Settings(n=1, days=3, compact=True))
    assert (tmp_path / "empty/participants.tsv").is_file()
    with pytest.raises(InputError, match="is not empty; name a folder"):
        release.write(tmp_path / "empty", SMALL)
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="is a file; name a folder"):
        release.write(tmp_path / "file", SMALL)
    with pytest.raises(InputError, match="cannot be written"):
        release.write(tmp_path / "file/inside", SMALL)


def test_too_little_space_is_said_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="MB are free there"):
        release.write(tmp_path / "huge", Settings(n=99_999, days=14))
    assert list(tmp_path.iterdir()) == []
