"""Where things live: private folders."""

from __future__ import annotations

import stat
from pathlib import Path

from sensecf_core.paths import var


def test_every_folder_on_the_way_is_its_owners_alone(private_var: Path) -> None:
    path = var("one", "two", "three")
    assert path == private_var / "one" / "two" / "three" and not path.exists()
    folders = [private_var, private_var / "one", private_var / "one" / "two"]
    assert [stat.S_IMODE(folder.stat().st_mode) for folder in folders] == [0o700] * 3
