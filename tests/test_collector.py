"""The collector of cyclic garbage is at rest where it is asked to be, and at work again afterwards."""

from __future__ import annotations

import gc

import pytest

from sensecf_core import collector


def test_it_rests_once_however_often_it_is_asked() -> None:
    with collector.paused():
        with collector.paused():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()


def test_it_works_again_after_an_error_and_looks_at_what_is_kept_no_more() -> None:
    with pytest.raises(ImportError), collector.kept():
        raise ImportError
    assert gc.isenabled()
    with collector.kept():
        kept = [[] for _ in range(1000)]
    assert gc.isenabled() and not any(one is kept for one in gc.get_objects())
