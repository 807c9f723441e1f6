"""More rates of raw candidates: do other classifiers agree, how much do they change, and has the query an
answer at all."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from sensecf_core.counterfactuals.checks.grades import grade_rows
from sensecf_core.counterfactuals.checks.verify import verify
from sensecf_core.counterfactuals.feasibility.assess import assess
from sensecf_core.counterfactuals.problem.aim import Aim
from sensecf_core.counterfactuals.problem.budget import Budget
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.problem.make_queries import make_queries
from sensecf_core.counterfactuals.problem.problem import Problem
from sensecf_core.counterfactuals.problem.search_space import SearchSpace
from sensecf_core.counterfactuals.proposers.random import RandomProposer
from sensecf_core.evaluation.metrics.independent_classifier import IndependentClassifier
from sensecf_core.evaluation.raw_candidates.feasible_queries import feasible_queries
from sensecf_core.queries.answer import Answer
from sensecf_core.queries.query import Query
from sensecf_core.types import Floats, Mask


@dataclass(frozen=True)
class CandidateRates:
    """Measures answers of one cohort; whether a query has an answer is found once for all methods."""

    fitted: FittedCohort
    independent: IndependentClassifier
    _answerable: dict[str, bool] = field(default_factory=dict)

    def of(self, answer: Answer) -> dict[str, Any]:
        """:meth:`rates`, and ``answerable``: whether the answer or a wide search holds one within limits."""
        query = self._query(answer)
        can = answer.trace.valid > 0 or self.is_answerable(query)
        return {"answerable": can, **self.rates(answer)}

    def rates(self, answer: Answer) -> dict[str, Any]:
        """Measure one answer that kept its candidates; raw ones are those of the first attempt.

        Returns
        -------
        ``second_valid``, ``third_valid`` : candidates within limits that the second classifier, and the
        independent one, puts in the desired class; None where it does not agree with the classifier on the
        factual. To lower the risk: those for which it moves the desired way. ``control_valid`` : of uniform
        draws with as many changes as each readable candidate has, those within limits that are valid.
        ``solid`` : candidates within limits that are solid (docs/metrics.md, Grades); None without refits.
        ``changed``, ``gower`` : means over the readable candidates; ``final_changed`` over the
        counterfactuals shown, and ``final_violations`` counted over them.
        """
        space = SearchSpace.of(self.fitted.schema, self._query(answer))
        candidates = [c for c in answer.trace.candidates if c.edits is not None and c.asking == 1]
        codes = np.array([space.apply(c.edits or {}) for c in candidates]).reshape(-1, len(space.factual))
        inside = np.array([bool(c.within_limits) for c in candidates], dtype=bool)
        shown = answer.counterfactuals
        return {
            "second_valid": self._second(space, codes, inside),
            "third_valid": self._third(space, codes, inside),
            "control_valid": self._control(space, answer.seed, codes),
            "solid": self._solid(space, codes[inside]),
            "changed": float(space.changed(codes).sum(axis=1).mean()) if len(codes) else None,
            "gower": float(self.fitted.distances.gower(space.factual, codes).mean()) if len(codes) else None,
            "final_changed": float(np.mean([c.n_changed for c in shown])) if shown else None,
            "final_violations": sum(len(c.violations) > 0 for c in shown),
        }

    def is_answerable(self, query: Query) -> bool:
        """Whether a wide search finds an answer within the query's limits."""
        key = query.model_dump_json(exclude={"movable"})
        if key not in self._answerable:
            self._answerable[key] = self._searched(query)
        return self._answerable[key]

    def _searched(self, query: Query) -> bool:
        if query.goal.kind == "lower":
            return assess(self.fitted, [query])[0].lower != "none found"
        return bool(feasible_queries(self.fitted, [query])[0])

    def _query(self, answer: Answer) -> Query:
        key = (answer.participant_id, answer.row_id)
        query = make_queries(self.fitted, [key], answer.desired, answer.limits)[0]
        return query if answer.goal is None else query.model_copy(update={"goal": answer.goal})

    def _solid(self, space: SearchSpace, codes: np.ndarray) -> int | None:
        if not self.fitted.classifier.refits:
            return None
        problem = Problem(self.fitted, space, Budget(self.fitted.classifier))
        return grade_rows(problem, codes, complete=False).grades.count("solid") if len(codes) else 0

    def _control(self, space: SearchSpace, seed: int, codes: np.ndarray) -> int:
        counts = space.changed(codes).sum(axis=1)
        return int(control(self.fitted, space, counts[counts > 0], seed=seed).sum())

    def _second(self, space: SearchSpace, codes: np.ndarray, inside: np.ndarray) -> int | None:
        classifier = self.fitted.classifier
        risks = classifier.second_probability_of_codes(np.vstack([space.factual[None], codes]))
        return self._agreeing(space, risks, classifier.second_threshold, inside)

    def _third(self, space: SearchSpace, codes: np.ndarray, inside: np.ndarray) -> int | None:
        risks = self.independent.probability(np.vstack([space.factual[None], codes]))
        return self._agreeing(space, risks, self.independent.threshold, inside)

    def _agreeing(
        self, space: SearchSpace, risks: Floats, threshold: float, inside: np.ndarray
    ) -> int | None:
        """Count candidates that meet the goal; None if the factual (the first) is in the class already."""
        aim = Aim.of(space.query.goal, space.desired, threshold)
        if aim.line is not None and aim.met(risks[:1], risks[0])[0]:
            return None
        return int((aim.met(risks[1:], risks[0]) & inside).sum())


def control(fitted: FittedCohort, space: SearchSpace, counts: npt.NDArray[np.int64], *, seed: int) -> Mask:
    """Whether draws with ``counts`` changes each are within limits and reach the class, shape (n,)."""
    draws = RandomProposer(fitted.schema)
    rng = np.random.default_rng([space.query.own_seed(seed), 1])
    drawn = [space.apply(draws.draw(space.query, rng, int(count))) for count in counts]
    if not drawn:
        return np.zeros(0, dtype=bool)
    checks = verify(Problem(fitted, space, Budget(fitted.classifier)), np.array(drawn))
    return checks.valid & checks.within_limits
