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


def test_it_works_again_after_an_error() -> None:
    with pytest.raises(ImportError), collector.paused():
        raise ImportError
    assert gc.isenabled()
