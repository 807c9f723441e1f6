"""One thread for fitting: the same sums on any number of cores, and faster on tables of this size."""

from __future__ import annotations

from typing import Any


def one_thread() -> Any:
    """Limit OpenMP and BLAS to one thread inside a ``with`` block.

    The libraries are imported first: only those that are loaded already can be limited. (Small histograms
    were built 20 times slower by two threads than by one when another process kept a core busy.)
    """
    import scipy.linalg  # noqa: F401
    import sklearn.ensemble
    import sklearn.linear_model  # noqa: F401
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    return threadpool_limits(1)
