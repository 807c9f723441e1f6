"""What else is asked of raw candidates: do other classifiers agree, how much they change, and could the
query be answered at all."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from sensecf_core.counterfactuals.checks.verify import verify
from sensecf_core.counterfactuals.problem.budget import Budget
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.problem.make_queries import make_queries
from sensecf_core.counterfactuals.problem.search_space import SearchSpace
from sensecf_core.counterfactuals.proposers.random import RandomProposer
from sensecf_core.evaluation.metrics.independent_classifier import IndependentClassifier
from sensecf_core.evaluation.raw_candidates.feasible_queries import feasible_queries
from sensecf_core.queries.answer import Answer
from sensecf_core.queries.query import Query
from sensecf_core.types import Mask


@dataclass(frozen=True)
class CandidateRates:
    """Measures answers of one cohort; what it learns about a query is kept for the other methods."""

    checker: FittedCohort
    third: IndependentClassifier
    _answerable: dict[str, bool] = field(default_factory=dict)

    def of(self, answer: Answer) -> dict[str, Any]:
        """:meth:`rates`, and ``answerable``: whether the answer or a wide search holds one within limits."""
        query = self._query(answer)
        can = answer.trace.valid > 0 or self.can_be_answered(query)
        return {"answerable": can, **self.rates(answer)}

    def rates(self, answer: Answer) -> dict[str, Any]:
        """Measure one answer that kept its candidates; raw ones are those of the first asking.

        Returns
        -------
        ``second_valid``, ``third_valid`` : candidates within limits that the second judge, the third
        classifier, put in the desired class; None where that one does not agree with the classifier on
        the factual. ``control_valid`` : of uniform draws with as many changes as each readable candidate
        has, those within limits that reach the class. ``changed``, ``gower`` : means over the readable
        candidates; ``final_changed`` over the counterfactuals shown, and ``final_violations`` counted over
        them.
        """
        moves = SearchSpace.of(self.checker.schema, self._query(answer))
        kept = [c for c in answer.trace.candidates if c.edits is not None and c.asking == 1]
        codes = np.array([moves.apply(c.edits or {}) for c in kept]).reshape(-1, len(moves.factual))
        inside = np.array([bool(c.within_limits) for c in kept], dtype=bool)
        shown = answer.counterfactuals
        return {
            "second_valid": self._second(moves, codes, inside),
            "third_valid": self._third(moves, codes, inside),
            "control_valid": self._control(moves, answer.seed, codes),
            "changed": float(moves.changed(codes).sum(axis=1).mean()) if len(codes) else None,
            "gower": float(self.checker.distances.gower(moves.factual, codes).mean()) if len(codes) else None,
            "final_changed": float(np.mean([c.n_changed for c in shown])) if shown else None,
            "final_violations": sum(len(c.violations) > 0 for c in shown),
        }

    def can_be_answered(self, query: Query) -> bool:
        """Whether a wide search finds an answer within the query's limits."""
        key = query.model_dump_json(exclude={"movable"})
        if key not in self._answerable:
            self._answerable[key] = bool(feasible_queries(self.checker, [query])[0])
        return self._answerable[key]

    def _query(self, answer: Answer) -> Query:
        key = (answer.participant_id, answer.row_id)
        return make_queries(self.checker, [key], answer.desired, answer.limits)[0]

    def _control(self, moves: SearchSpace, seed: int, codes: np.ndarray) -> int:
        counts = moves.changed(codes).sum(axis=1)
        return int(control(self.checker, moves, counts[counts > 0], seed=seed).sum())

    def _second(self, moves: SearchSpace, codes: np.ndarray, inside: np.ndarray) -> int | None:
        classifier = self.checker.classifier
        judged = classifier.second_judge_of_codes(np.vstack([moves.factual[None], codes]))
        return _agreeing(judged >= classifier.second_threshold, moves.desired, inside)

    def _third(self, moves: SearchSpace, codes: np.ndarray, inside: np.ndarray) -> int | None:
        judged = self.third.predict(np.vstack([moves.factual[None], codes]))
        return _agreeing(judged == 1, moves.desired, inside)


def control(checker: FittedCohort, moves: SearchSpace, counts: npt.NDArray[np.int64], *, seed: int) -> Mask:
    """Which of uniform draws with so many changes each are within limits and reach the class, shape (n,)."""
    draws = RandomProposer(checker.schema)
    rng = np.random.default_rng([moves.query.own_seed(seed), 1])
    drawn = [moves.apply(draws.draw(moves.query, rng, int(count))) for count in counts]
    if not drawn:
        return np.zeros(0, dtype=bool)
    verdicts = verify(checker, moves, np.array(drawn), Budget(checker.classifier))
    return verdicts.valid & verdicts.within_limits


def _agreeing(ones: np.ndarray, desired: int, inside: np.ndarray) -> int | None:
    """Count candidates in the desired class; None if the factual (the first) is there already."""
    there = ones == bool(desired)
    return None if there[0] else int((there[1:] & inside).sum())
