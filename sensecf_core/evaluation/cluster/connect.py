"""Tasks on the workers of a Dask cluster that exists, through joblib's own backend.

Nothing here decides a number: the workers must run the code and the libraries of this machine, and each does
one task at a time. What is asked, recorded and resumed is the business of the run, as on one machine.
"""

from __future__ import annotations

import logging
import threading
import time
import warnings
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from joblib import Parallel, delayed
from joblib._dask import DaskDistributedBackend

from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.errors import InputError, NotReadyError
from sensecf_core.evaluation.cluster import access, worker
from sensecf_core.evaluation.cluster.access import Address
from sensecf_core.evaluation.cluster.worker import Identity
from sensecf_core.provenance import install_command
from sensecf_core.types import Progress

if TYPE_CHECKING:
    from distributed import Client

CONNECT_SECONDS = 10.0
"""How long a scheduler may take to answer."""
WORKER_SECONDS = 60.0
"""How long a run waits for the first worker."""
EMPTY_SECONDS = 5.0
"""Seconds between two checks whether any worker is left."""

Task = TypeVar("Task")
Result = TypeVar("Result")


class _Backend(DaskDistributedBackend):  # type: ignore[misc]
    """joblib's Dask backend, with three things put right that lose or stop a run (joblib 1.6.0).

    A task that Dask gave up (its workers died, the scheduler went away) never reached joblib's callback, so
    that a run waited for ever or took the exception for a result. And with one worker joblib would compute
    in this process.
    """

    def effective_n_jobs(self, n_jobs: int) -> int:
        """Return the number of workers, at least 2."""
        return max(2, int(super().effective_n_jobs(n_jobs)))

    def submit(self, func: Any, callback: Callable[[Any], Any] | None = None) -> Any:
        """Submit a task; its failure is told to ``callback`` like a result."""
        future = super().submit(func, callback)
        if callback is not None:
            future.add_done_callback(lambda done: done.exception() and callback(done.exception()))
        return future

    def retrieve_result_callback(self, out: Any) -> Any:
        """Return the results of a task, or raise why there are none."""
        if isinstance(out, BaseException):
            raise out
        return super().retrieve_result_callback(out)


@dataclass
class Cluster:
    """Workers that may see one cohort, and that compute what this machine would; :func:`connect` makes it.

    ``hosts`` are those whose workers may be used (None: all); ``count`` is how many there were at the start.
    """

    address: Address
    module: str
    here: Identity
    hosts: tuple[str, ...] | None
    count: int
    tell: Progress
    _fraction: float = field(default=0.0, init=False)
    _last: str = field(default="", init=False)

    def progress(self, fraction: float, message: str) -> None:
        """Tell how far a run is, with the worker whose result was taken since the last time."""
        self._fraction, last, self._last = fraction, self._last, ""
        self.tell(fraction, f"{message} (on {last})" if last else message)

    def map(self, work: Callable[[Task], Result], tasks: Sequence[Task]) -> Generator[Result, None, None]:
        """Call ``work`` for every task on the workers; yields results as they are ready.

        Tasks of a worker that dies are done again by another; workers may join and leave. Closing the
        iterator leaves no task on the cluster.

        Raises
        ------
        NotReadyError : the scheduler went away, or a task's workers died again and again.
        InputError : a worker differs (:func:`~sensecf_core.evaluation.cluster.worker.check_worker`).
        """
        from distributed import KilledWorker
        from distributed.client import FutureCancelledError
        from distributed.protocol import pickle

        if not tasks:
            return
        # A client of its own: closing it is what makes the scheduler forget every task of this call, which
        # joblib's backend leaves to the end of the process.
        with _client(self.address) as client, self._told_when_empty(client):
            # The result of a task, not scattered data: those are lost with the last worker that holds them.
            # As bytes, since the scheduler keeps it and has no use for the object.
            where: Mapping[str, Any] = {} if self.hosts is None else {"workers": list(self.hosts)}
            shared = client.submit(pickle.loads, pickle.dumps(work), pure=False, **where)
            results = Parallel(
                n_jobs=-1,
                backend=_Backend(client=client, **where),
                return_as="generator_unordered",
                pre_dispatch="all",  # a worker that joins later finds work
                batch_size=1,
            )(delayed(worker.do)(self.module, self.here, shared, task) for task in tasks)
            try:
                for self._last, result in results:
                    yield result
            except KilledWorker as error:
                raise NotReadyError(
                    "The workers that tried one of the tasks died each time, as they do where memory is "
                    "short; start workers with more, then give the same command again: it goes on."
                ) from error
            except FutureCancelledError as error:
                raise NotReadyError(
                    f"The scheduler at {self.address} went away; start it again, then give the same command "
                    "again: it goes on."
                ) from error
            finally:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", UserWarning)  # stopping early is meant
                    results.close()

    @contextmanager
    def _told_when_empty(self, client: Client) -> Iterator[None]:
        """Say so while no worker is left: the run waits for one."""
        over = threading.Event()

        def watch() -> None:
            while not over.wait(EMPTY_SECONDS):
                if client.status == "running" and not client.nthreads():
                    self.tell(self._fraction, f"No worker is left at {self.address}: waiting for one")

        watching = threading.Thread(target=watch, daemon=True)
        watching.start()
        try:
            yield
        finally:
            over.set()
            watching.join()


@contextmanager
def connect(address: str, cohort: Cohort, module: str, tell: Progress) -> Iterator[Cluster]:
    """Find the workers of a scheduler, and check that they may see a cohort and compute as this machine.

    Parameters
    ----------
    address : like ``tcp://HOST:8786``.
    module : the one whose code decides the numbers, by its dotted name.
    tell : told what is waited for.

    Raises
    ------
    InputError : no address, a host that may not see the cohort, or a worker that differs.
    NotReadyError : Dask is not installed, no scheduler answers, or no worker joins it.
    """
    where = Address.of(address)
    access.check(where, cohort)
    here = worker.identity(module)
    with _client(where) as client:
        workers = _first_workers(client, where, tell)
        hosts = access.hosts(where, cohort, workers)
        try:  # the scheduler unpacks tasks on their way, so it needs the same program
            there = client.run_on_scheduler(worker.identity, module)
        except (ImportError, AttributeError) as error:
            raise _without_program(f"The scheduler at {where}", error) from error
        worker.check(f"The scheduler at {where}", here, there)
        for name, about in client.run(worker.about, module, workers=list(workers), on_error="return").items():
            if isinstance(about, BaseException):
                raise _without_program(f"The worker {name}", about)
            worker.check_worker(name, here, about)
    count = sum(hosts is None or access.host_of(name) in hosts for name in workers)
    yield Cluster(where, module, here, hosts, count, tell)


@contextmanager
def _client(address: Address) -> Iterator[Client]:
    try:
        from distributed import Client
    except ImportError as error:
        raise NotReadyError(f"--cluster needs Dask; `{install_command('cluster')}` installs it.") from error
    # What it warns of (a worker died, a task is done again) is its daily business, and is told as progress.
    for name in ("distributed.client", "distributed.scheduler"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    found: list[Client | BaseException] = []

    def start() -> None:
        try:
            found.append(Client(str(address), timeout=CONNECT_SECONDS, set_as_default=False))
        except (OSError, TimeoutError) as error:
            found.append(error)

    # Dask's own timeout does not hold where a host takes the connection and says nothing.
    starting = threading.Thread(target=start, daemon=True)
    starting.start()
    starting.join(2 * CONNECT_SECONDS)
    client = found[0] if found else TimeoutError()
    if isinstance(client, BaseException):
        raise NotReadyError(
            f"No Dask scheduler answers at {address} within {CONNECT_SECONDS:.0f} s; check the address, or "
            "start one (docs/cluster.md)."
        ) from client
    with client:
        yield client


def _without_program(who: str, error: BaseException) -> InputError:
    return InputError(
        f"{who} does not have this version of SenseCF ({type(error).__name__}); install it there and "
        "start it again."
    )


def _first_workers(client: Client, address: Address, tell: Progress) -> tuple[str, ...]:
    """Addresses of the workers, once there are some."""
    started = time.monotonic()
    while not (found := tuple(client.nthreads())):
        waited = time.monotonic() - started
        if waited > WORKER_SECONDS:
            raise NotReadyError(
                f"The scheduler at {address} has no worker, and none joined within {WORKER_SECONDS:.0f} s; "
                f"start some with `dask worker {address} --nthreads 1`."
            )
        tell(0.0, f"Waiting for a worker at {address}, at most {WORKER_SECONDS - waited:.0f} s more")
        time.sleep(1)
    return found
