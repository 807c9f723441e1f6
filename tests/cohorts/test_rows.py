from __future__ import annotations

import pytest

from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.cohorts.rows import locate
from sensecf_core.errors import InputError


def test_a_row_is_found_by_both_ids(small_cohort: Cohort) -> None:
    assert locate(small_cohort, "p0007", "0") == ("p0007", "0")


def test_without_a_row_the_first_one_is_meant(small_cohort: Cohort) -> None:
    assert locate(small_cohort, "p0007") == ("p0007", "0")


def test_an_unknown_participant_names_near_ones(small_cohort: Cohort) -> None:
    with pytest.raises(InputError, match=r"Unknown participant 'p0600'; did you mean p0"):
        locate(small_cohort, "p0600")


def test_an_unknown_row_names_those_there_are(small_cohort: Cohort) -> None:
    with pytest.raises(InputError, match="Unknown row of participant p0007 '9'; did you mean 0"):
        locate(small_cohort, "p0007", "9")
