"""Samples: the test part only, one predicted class, the seed decides, larger draws extend smaller ones."""

from __future__ import annotations

from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.evaluation.sampling import sample_rows as draw


def test_only_the_test_part_and_the_asked_class(fitted: FittedCohort) -> None:
    test = fitted.cohort.part("test")
    for predicted in (0, 1):
        drawn = draw(fitted.cohort, fitted.classifier, predicted=predicted, n=0, seed=0)
        expected = test.index[fitted.classifier.predict(test) == predicted]
        assert sorted(drawn) == sorted(expected)


def test_the_seed_decides_and_larger_draws_extend_smaller_ones(fitted: FittedCohort) -> None:
    def take(n: int, seed: int) -> list[tuple[str, str]]:
        return draw(fitted.cohort, fitted.classifier, predicted=1, n=n, seed=seed)

    assert take(20, 0)[:5] == take(5, 0)
    assert take(5, 0) != take(5, 1)
    assert take(10_000, 0) == take(0, 0)
