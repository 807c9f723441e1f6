"""What is compared: a method, perhaps with a named language model, and which rows of its answers are scored.

Every method has two rows. *As returned* scores what the method itself gives, without our post-processing:

- methods that search (they ask the classifier themselves): the first k different rows, in the method's own
  order, whatever the checks say of them;
- methods that sample (language models and controls, which never ask it about a changed row): of the samples
  that pass every check, the k that :func:`~sensecf_core.counterfactuals.checks.select.select` chooses.
  Nothing is refined. Their raw rates, before any check, have a table of their own.

*+ refine* scores what is left once the answers are checked, refined and chosen, by the same steps for every
method, so that nobody wins by our post-processing alone. Of samplers these are the program's own final
counterfactuals; the program shows the answers of a search as they came, so they are refined here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Literal

import numpy as np

from sensecf_core.cohorts.encoding import Codes, from_values
from sensecf_core.counterfactuals.checks.graded import GradedRows
from sensecf_core.counterfactuals.checks.refine import refine_passed
from sensecf_core.counterfactuals.checks.select import listed
from sensecf_core.counterfactuals.checks.verify import CheckResults, verify
from sensecf_core.counterfactuals.problem.budget import Budget
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.problem.problem import Problem
from sensecf_core.counterfactuals.problem.search_space import SearchSpace
from sensecf_core.counterfactuals.proposers.registry import check_method
from sensecf_core.errors import InputError
from sensecf_core.language.models import registry
from sensecf_core.queries.answer import Answer, Candidate
from sensecf_core.queries.methods import METHODS

Variant = Literal["returned", "refined"]
VARIANTS: tuple[Variant, ...] = ("returned", "refined")
EVERYTHING = "all"


@dataclass(frozen=True)
class Entry:
    """A method; ``model`` names a language model (None: the default), ``grammar`` holds it to the form."""

    method: str
    model: str | None = None
    grammar: bool = True

    @property
    def name(self) -> str:
        """How commands and tables name it: "nice-sparsity", "lm-few-shot@biomistral-7b"."""
        model = f"@{self.model}" if self.model else ""
        return f"{self.method}{model}{'' if self.grammar else ', no grammar'}"

    @property
    def asks_language_model(self) -> bool:
        """Whether a language model answers."""
        return METHODS[self.method].asks_language_model

    @property
    def samples(self) -> bool:
        """Whether it draws candidates without asking the classifier about a changed row."""
        return METHODS[self.method].samples

    @property
    def slow_when_infeasible(self) -> bool:
        """Whether it takes seconds to a minute, and all of its budget, where there is nothing to find."""
        return METHODS[self.method].slow_when_infeasible

    @property
    def crosses_only(self) -> bool:
        """Whether it looks for nothing but the other side of the line, whatever the goal."""
        package = METHODS[self.method].package
        return package is not None and not package.lowers

    @property
    def reported_variant(self) -> Variant:
        """The variant that the program uses: samplers are refined by the engine."""
        return "refined" if self.samples else "returned"

    def row(self, variant: Variant) -> str:
        """The name of one of its rows."""
        return self.name if variant == "returned" else f"{self.name} + refine"


def parse(names: Sequence[str]) -> tuple[Entry, ...]:
    """Read ``--methods``: names of methods, ``method@model``, or ``all``; repeated ones once.

    Raises ``InputError`` for none, an unknown method or model, and a model for a method that asks none.
    """
    entries: dict[Entry, None] = {}
    for name in names:
        method, at, model = name.partition("@")
        if name == EVERYTHING:
            entries |= dict.fromkeys(Entry(method) for method in METHODS)
            continue
        check_method(method)
        entry = Entry(method, model or None)
        if at:
            registry.spec(model)
            if not entry.asks_language_model:
                raise InputError(f"The method {method} asks no language model; leave out @{model}.")
        entries[entry] = None
    if not entries:
        raise InputError(f"No method is named; there are {', '.join(METHODS)}.")
    return tuple(entries)


@dataclass(frozen=True)
class Scored:
    """The rows of an answer that are scored by variant, each of shape (at most k, features).

    ``model_rows`` and ``seconds`` are the cost of refining beyond the answer's own: 0 for samplers.
    """

    codes: dict[Variant, Codes]
    model_rows: int
    seconds: float


def scored(fitted: FittedCohort, space: SearchSpace, answer: Answer, entry: Entry, k: int) -> Scored:
    """The rows of an answer that are scored, by variant; see the module's docstring."""
    different = [c for c in answer.trace.candidates if c.edits is not None and c.duplicate_of is None]
    passed = [c for c in different if c.within_limits and c.valid and c.plausible]
    if not entry.samples:
        started, problem = perf_counter(), Problem(fitted, space, Budget(fitted.classifier))
        small = refine_passed(problem, _verified(fitted, space, passed))
        # As in the program, no more are taken than answers passed every check.
        refined = listed(space, small, min(k, len(passed)))
        returned = _codes(space, different)[:k]
        return Scored(
            {"returned": returned, "refined": refined}, problem.budget.rows, perf_counter() - started
        )
    final = [from_values(fitted.schema, found.features) for found in answer.counterfactuals]
    return Scored(
        {
            "returned": _chosen_unrefined(fitted, space, passed, k),
            "refined": np.array(final).reshape(-1, len(space.factual)),
        },
        0,
        0.0,
    )


def _codes(space: SearchSpace, candidates: Sequence[Candidate]) -> Codes:
    rows = [space.apply(candidate.edits or {}) for candidate in candidates]
    return np.array(rows).reshape(-1, len(space.factual))


def _verified(fitted: FittedCohort, space: SearchSpace, candidates: Sequence[Candidate]) -> CheckResults:
    """Check results of candidates that were checked already; this costs the method nothing more."""
    return verify(Problem(fitted, space, Budget(fitted.classifier)), _codes(space, candidates))


def _chosen_unrefined(
    fitted: FittedCohort, space: SearchSpace, candidates: Sequence[Candidate], k: int
) -> Codes:
    problem = Problem(fitted, space, Budget(fitted.classifier))
    return listed(space, GradedRows.of(problem, _verified(fitted, space, candidates)), k)
