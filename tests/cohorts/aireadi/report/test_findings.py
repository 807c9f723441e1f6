"""Clinical tables: values beside their reference, and what was not measured."""

from __future__ import annotations

import math

from sensecf_core.cohorts.aireadi.report.findings import Finding, asked, findings


def found(**values: object) -> dict[str, Finding]:
    return {one.asked.item: one for group in findings(values).values() for one in group}


def test_values_are_told_above_below_or_inside_their_reference() -> None:
    given = found(hba1c=6.1, ldl=130.0, hdl=38.0, cesd10=10, moca=26)
    assert given["hba1c"].outside == "above"
    assert given["ldl"].outside == "", "on the bound is inside"
    assert given["hdl"].outside == "below"
    assert given["cesd10"].outside == "above" and given["moca"].outside == ""


def test_what_was_not_measured_is_no_number_and_not_outside() -> None:
    given = found(hba1c=math.nan, ldl=None, hdl="low", bmi=True)
    assert [given[name].value for name in ("hba1c", "ldl", "hdl", "bmi", "systolic")] == [None] * 5
    assert {one.outside for one in given.values()} == {""}


def test_every_line_has_a_unit_of_the_clinical_items_and_every_range_a_source() -> None:
    assert list(findings({})) == ["Laboratory", "Blood pressure and body", "Questionnaires"]
    for one in asked():
        assert (one.reference != "") == (one.source != "") == (one.low is not None or one.high is not None)
    assert {one.item: one.unit for one in asked()}["hba1c"] == "%"
