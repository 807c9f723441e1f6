from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sensecf_core.cohorts.cohort import Cohort, locate
from sensecf_core.cohorts.encoding import to_codes
from sensecf_core.errors import InputError


def test_a_row_is_found_by_both_ids(small_cohort: Cohort) -> None:
    assert locate(small_cohort, "p0007", "0") == ("p0007", "0")


def test_without_a_row_the_first_one_is_meant(small_cohort: Cohort) -> None:
    assert locate(small_cohort, "p0007") == ("p0007", "0")


def test_an_unknown_participant_names_near_ones(small_cohort: Cohort) -> None:
    with pytest.raises(InputError, match=r"Unknown participant 'p0600'; did you mean p0"):
        locate(small_cohort, "p0600")


@pytest.mark.parametrize(("public", "own", "real"), [(False, False, False), (True, True, True)])
def test_an_unknown_participant_of_a_private_cohort_names_nobody_else(
    small_cohort: Cohort, public: bool, own: bool, real: bool
) -> None:
    provenance = small_cohort.schema.provenance.model_copy(update={"public": public, "real": real})
    schema = small_cohort.schema.model_copy(update={"provenance": provenance})
    with pytest.raises(InputError, match="Unknown participant 'p0600' of cohort") as refused:
        locate(replace(small_cohort, schema=schema, own=own), "p0600")
    people = small_cohort.rows.index.get_level_values(0)
    assert not any(str(one) in str(refused.value) for one in people if one != "p0600")


def test_an_unknown_row_names_those_there_are(small_cohort: Cohort) -> None:
    with pytest.raises(InputError, match="Unknown row of participant p0007 '9'; did you mean 0"):
        locate(small_cohort, "p0007", "9")


def test_a_level_that_does_not_exist_never_becomes_missing(small_cohort: Cohort) -> None:
    schema, rows = small_cohort.schema, small_cohort.rows.iloc[:3].copy()
    name = next(feature.name for feature in schema.features if feature.named)
    rows[name] = rows[name].astype(object)
    rows.iloc[1, rows.columns.get_loc(name)] = None
    assert np.isnan(to_codes(schema, rows)[1, schema.positions[name]])
    rows.iloc[2, rows.columns.get_loc(name)] = "Elsewhere"
    with pytest.raises(InputError, match=f"1 rows have a value of `{name}` .*'Elsewhere'"):
        to_codes(schema, rows)
