"""Clinical tables: values beside their reference, and what was not measured."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import pytest

from sensecf_core.aireadi.report.findings import Finding, finding_specs, findings


def by_item(**values: object) -> dict[str, Finding]:
    return {finding.spec.item: finding for group in findings(values).values() for finding in group}


def test_values_are_told_above_below_or_inside_their_reference() -> None:
    given = by_item(hba1c=6.1, crp_hs=10.0, hdl=38.0, cesd10=10, moca=26)
    assert given["hba1c"].outside == "above"
    assert given["crp_hs"].outside == "", "on the bound is inside"
    assert given["hdl"].outside == "below"
    assert given["cesd10"].outside == "above" and given["moca"].outside == ""


def test_a_value_that_the_text_puts_outside_has_its_mark() -> None:
    """ "below 120" leaves 120 out, "above 39" leaves 39 out, and 119.5 is shown as 120."""
    strict = {
        match: spec
        for spec in finding_specs()
        if (match := re.search(r"(below|above) (\d+)", spec.reference))
    }
    assert len(strict) == 7
    for match, spec in strict.items():
        bound, step = float(match[2]), 1 if match[1] == "above" else -1
        assert Finding(spec, bound).outside == {"below": "above", "above": "below"}[match[1]]
        assert Finding(spec, bound + step).outside == ""
    assert by_item(bmi=25.0)["bmi"].outside == "above" and by_item(bmi=24.9)["bmi"].outside == ""
    assert by_item(systolic=119.5)["systolic"].outside == "above"


@pytest.mark.parametrize(
    ("sign", "value", "low", "high", "expected"),
    [
        ("<", 20.0, None, 10.0, "unknown"),
        ("<", 10.0, None, 10.0, ""),
        ("<", 4.0, 4.0, 6.0, "below"),
        ("<", 5.0, 4.0, 6.0, "unknown"),
        (">", 6.0, 4.0, 6.0, "above"),
        (">", 5.0, 4.0, 6.0, "unknown"),
        (">", 5.0, 4.0, None, ""),
        ("?", 5.0, 4.0, 6.0, "unknown"),
        ("?", 5.0, None, None, ""),
        ("", 6.0, 4.0, 6.0, ""),
    ],
)
def test_a_limit_of_the_assay_is_compared_as_far_as_it_goes(
    sign: str, value: float, low: float | None, high: float | None, expected: str
) -> None:
    line = replace(finding_specs()[0], decimals=1, low=low, high=high)
    assert Finding(line, value, sign).outside == expected


def test_what_was_not_measured_is_no_number_and_not_outside() -> None:
    given = by_item(hba1c=math.nan, ldl=None, hdl="low", bmi=True)
    assert [given[name].value for name in ("hba1c", "ldl", "hdl", "bmi", "systolic")] == [None] * 5
    assert {finding.outside for finding in given.values()} == {""}


def test_every_line_has_a_unit_of_the_clinical_items_and_every_range_a_source() -> None:
    assert list(findings({})) == ["Laboratory", "Blood pressure and body", "Questionnaires"]
    for spec in finding_specs():
        assert (
            (spec.reference != "") == (spec.source != "") == (spec.low is not None or spec.high is not None)
        )
    assert {spec.item: spec.unit for spec in finding_specs()}["hba1c"] == "%"
