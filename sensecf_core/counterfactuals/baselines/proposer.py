"""One package as a proposer: asked within a budget, its rows written as candidates that the checks judge.

A package's own word on its answers counts for nothing: rows come back as text, like a language model's,
and go through the same checks. They are shown as they came, not refined, so that the name on them is true.
"""

from __future__ import annotations

import logging
import random
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib import import_module
from importlib.metadata import version
from threading import Lock
from time import perf_counter

import numpy as np

from sensecf_core.counterfactuals.baselines.black_box import BlackBox, SearchEndedError
from sensecf_core.counterfactuals.baselines.movable_table import BaselineResult, MovableTable
from sensecf_core.counterfactuals.baselines.timeout import OverdueError, ended_at
from sensecf_core.counterfactuals.baselines.treecf import REDUCTIONS
from sensecf_core.counterfactuals.problem.budget import BudgetSpentError, CancelledError
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.problem.search_space import SearchSpace
from sensecf_core.counterfactuals.proposal import Proposal, ProposalRequest, Stopped, written
from sensecf_core.errors import NotReadyError
from sensecf_core.provenance import install_command
from sensecf_core.queries.methods import Method, Package
from sensecf_core.queries.query import Query

ENDED_BY_ITSELF = "itself"
"""An answer's provenance says ``ended``: this, what stopped it, or "failure" of the package."""

_one_at_a_time = Lock()
"""Packages draw from the process's own random numbers; two searches at once would disturb each other."""


@dataclass(frozen=True)
class BaselineProposer:
    """Asks one package for up to ``k`` counterfactuals; NICE and CFNOW give one.

    ``method`` is a row of :data:`sensecf_core.queries.methods.METHODS` that has a package.
    """

    fitted: FittedCohort
    method: Method
    k: int

    def propose(self, query: Query, run: ProposalRequest) -> Proposal:
        """Search on the query's behalf, asking the classifier through ``run.budget``.

        Raises ``NotReadyError`` where the package is not installed, and ``ValueError`` without a budget.
        """
        if run.budget is None:
            raise ValueError(f"{self.method.name} asks the classifier, so it needs a run with a budget")
        started = perf_counter()
        run.callbacks.progress(0.05, f"{self._title} searches")
        table = MovableTable.of(self.fitted, SearchSpace.of(self.fitted.schema, query))
        black_box = BlackBox(self.fitted, table, run.budget, run, kept_rows=self.k)
        package = installed(self.method)
        seed = query.own_seed(run.seed) % 2**32
        found, notes = table.none(), tuple[str, ...]()
        stopped: Stopped | None = None
        try:
            with _one_at_a_time, _undisturbed(seed), ended_at(run.deadline, run.callbacks.cancelled):
                found, notes = self._search(black_box, seed)
        except (SearchEndedError, OverdueError, CancelledError, BudgetSpentError) as end:
            stopped = _why(end, run)
        return Proposal(
            texts=tuple(written(table.space, table.whole(table.allowed(found.rows)))),
            decode_seconds=perf_counter() - started,
            stopped=stopped,
            provenance=(
                ("package", package),
                ("ended", str(stopped or found.ended or ENDED_BY_ITSELF)),
                ("repeatable", "yes" if self.method.repeatable else "no: bound by time"),
            ),
            notes=notes,
            finished=True,
        )

    @property
    def _title(self) -> str:
        title = package_of(self.method).title
        return f"{title} ({self.method.search})" if self.method.search else title

    def _search(self, black_box: BlackBox, seed: int) -> tuple[BaselineResult, tuple[str, ...]]:
        """Ask the package, and say in words why it found nothing.

        Its own failure is told with its reason and counts as "none found", so that one row on which a
        package stumbles does not end a comparison of hundreds.
        """
        search = import_module(module_of(self.method)).search
        try:
            found: BaselineResult = search(black_box, kind=self.method.search, k=self.k, seed=seed)
        except (CancelledError, BudgetSpentError):
            raise
        except ImportError as missing:
            raise NotReadyError(
                f"{self.method.name} needs `{missing.name}`; `{install_command('baselines')}` installs it."
            ) from missing
        except Exception as failure:
            none = replace(black_box.table.none(), ended="failure")
            return none, (f"{self._title} failed: {type(failure).__name__}: {failure}",)
        if len(found.rows):
            return found, ()
        if found.certified:
            most = black_box.table.space.max_changes
            kind = black_box.table.space.query.goal.kind
            does = {
                "lower": f"moves the risk by {REDUCTIONS[-1]:g} points",
                "target": "reaches the target risk",
            }.get(kind, "reaches the desired class")
            return found, (
                f"{self._title} certifies that no change of at most {most} features within these limits "
                f"{does}.",
            )
        if found.ended == "budget":
            return found, (f"{self._title} found no counterfactual within its budget of search nodes.",)
        return found, (f"{self._title} found no counterfactual within these limits.",)


def package_of(method: Method) -> Package:
    """The package behind a method; raises ``ValueError`` for a method of ours."""
    if method.package is None:
        raise ValueError(f"{method.name} is no method of a package")
    return method.package


def module_of(method: Method) -> str:
    """The module that asks a method's package, by its dotted name."""
    return f"{__package__}.{package_of(method).module}"


def installed(method: Method) -> str:
    """Name and version of the package behind a method; raises ``NotReadyError`` where it is missing."""
    name = package_of(method).distribution
    try:
        return f"{name} {version(name)}"
    except ModuleNotFoundError as missing:
        raise NotReadyError(
            f"The package {name} is not installed; `{install_command('baselines')}` installs it."
        ) from missing


@contextmanager
def _undisturbed(seed: int) -> Iterator[None]:
    """Seed the process's random numbers for a search, and keep them, warnings and logs as they were."""
    states = random.getstate(), np.random.get_state()
    silent = logging.NullHandler()  # without a handler, `logging.log` would set one up for the process
    logging.getLogger().addHandler(silent)
    random.seed(seed)
    np.random.seed(seed)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
        logging.getLogger().removeHandler(silent)


def _why(end: BaseException, run: ProposalRequest) -> Stopped:
    if isinstance(end, SearchEndedError):
        return end.why
    if isinstance(end, BudgetSpentError):
        return "budget"
    return "cancelled" if run.callbacks.cancelled() else "deadline"
