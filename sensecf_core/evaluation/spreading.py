"""Where tasks run: in processes of this machine, or on the workers of a cluster."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import Protocol, TypeVar

from sensecf_core.processes import parallel_map

Task = TypeVar("Task")
Result = TypeVar("Result")


class Workers(Protocol):
    """Workers that tasks can be given to, like :class:`~sensecf_core.evaluation.cluster.connect.Cluster`.

    How tasks travel does not decide a number, so it stays out of the code that a run's hash covers.
    """

    def map(self, work: Callable[[Task], Result], tasks: Sequence[Task]) -> Generator[Result, None, None]:
        """Call ``work`` for every task; yields results as they are ready; closing it ends what is left."""
        ...


def spread(
    work: Callable[[Task], Result], tasks: Sequence[Task], jobs: int, cluster: Workers | None
) -> Generator[Result, None, None]:
    """Call ``work`` for every task, on a cluster if there is one, else in ``jobs`` processes.

    A caller that may stop early closes the iterator (``contextlib.closing``), which ends the tasks.
    """
    return parallel_map(work, tasks, jobs) if cluster is None else cluster.map(work, tasks)
