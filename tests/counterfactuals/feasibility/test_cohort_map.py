"""The map of a whole cohort: every row and profile, and what it is kept by."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sensecf_core.classifiers import store
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.counterfactuals.feasibility import cohort_map
from sensecf_core.counterfactuals.feasibility.assess import assess
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.problem.make_queries import make_queries
from sensecf_core.queries.limits import Limits


@pytest.fixture(scope="module")
def few(fitted: FittedCohort) -> FittedCohort:
    """The same with thirty people to ask about."""
    cohort = fitted.cohort
    some = cohort.rows.index[:30]
    return replace(
        fitted,
        cohort=replace(
            cohort,
            rows=cohort.rows.loc[some],
            target=cohort.target.loc[some],
            parts=cohort.parts.loc[some],
            subgroups=cohort.subgroups.loc[some],
        ),
    )


@pytest.fixture(scope="module")
def frame(few: FittedCohort):
    return cohort_map.build(few)


def test_every_row_is_asked_for_the_class_that_it_lacks(few: FittedCohort, frame) -> None:
    flagged = few.classifier.predict(few.cohort.rows) == 1
    towards = frame[frame["desired"] == 0]
    for profile in ("intervention", "contrast"):
        people = towards.loc[towards["profile"] == profile, "participant_id"]
        assert people.tolist() == [person for person, _ in few.cohort.rows.index[flagged]]
    away = frame[frame["desired"] == 1]
    assert set(away["profile"]) == {"contrast"}
    assert away["participant_id"].tolist() == [person for person, _ in few.cohort.rows.index[~flagged]]


def test_a_line_says_what_one_query_says(few: FittedCohort, frame) -> None:
    for line in frame.sample(6, random_state=0).itertuples():
        limits = Limits(profile=line.profile, max_changes=cohort_map.MAX_CHANGES)
        query = make_queries(few, [(line.participant_id, line.row_id)], line.desired, limits)[0]
        (reach,) = assess(few, [query])
        assert (line.cross, line.lower, line.best_probability) == (
            reach.cross,
            reach.lower,
            reach.best_probability,
        )


def test_a_map_is_kept_and_left_out_where_the_classifier_changed(
    few: FittedCohort, frame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cohort = few.cohort
    monkeypatch.setattr(store, "load", lambda _: few.classifier)
    monkeypatch.setattr(cohort_map, "file_of", lambda _: tmp_path / "map.parquet")
    missing = cohort_map.read(cohort)
    assert missing.frame is None and "feasibility --cohort small" in missing.why
    path = cohort_map.write(few, frame)
    first = path.read_bytes()
    assert cohort_map.write(few, frame).read_bytes() == first
    kept = cohort_map.read(cohort)
    assert kept.frame is not None and kept.why == ""
    assert kept.frame["cross"].tolist() == frame["cross"].tolist()
    assert kept.frame["best_probability"].tolist() == pytest.approx(frame["best_probability"].tolist())
    other = cohort_map.read(replace(cohort, data_sha256="2" * 64))
    assert other.frame is None and "other data or another classifier" in other.why
    path.write_bytes(b"no table")
    assert "cannot be read" in cohort_map.read(cohort).why


def test_the_summary_counts_lines_by_profile_and_direction(few: FittedCohort, frame) -> None:
    groups = cohort_map.summary(frame)
    assert sum(group["rows"] for group in groups) == len(frame)
    for group in groups:
        assert sum(group["cross"].values()) == sum(group["lower"].values()) == group["rows"]
        assert group["nothing"] <= group["rows"] - group["cross"].get("solid", 0)


def test_a_private_cohort_keeps_its_map_private(small_cohort: Cohort, private_var: Path) -> None:
    assert private_var in cohort_map.file_of(small_cohort).parents
