"""What ``make soak`` loads: every page there is, by the name that its address has."""

from __future__ import annotations

from sensecf_core import paths
from tools.soak import __main__ as soak, pages


def test_every_page_is_loaded_by_its_own_name() -> None:
    files = {path.stem.split("_", 1)[1] for path in (paths.ROOT / "pages").glob("*.py")}
    assert set(pages.NAMES) == {"Home", *files}


def test_descriptors_that_grow_are_seen() -> None:
    held = [pages.Held(loads, descriptors, 1000) for loads, descriptors in ((25, 40), (50, 60), (75, 90))]
    assert pages.grown(held) == 50 > soak.MOST_GROWN
