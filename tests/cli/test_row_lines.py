"""What the commands print about the origin of the rows."""

from __future__ import annotations

import pytest

from sensecf_core.cli.row_lines import print_label, second_judge
from tests.small_cohort import SCHEMA


@pytest.mark.parametrize(
    ("real", "public", "expected"),
    [
        (False, True, "SYNTHETIC DATA: {title}. Nobody in these rows is real.\n"),
        (False, False, "SYNTHETIC DATA: {title}. Nobody in these rows is real.\n"),
        (True, False, "REAL DATA, private: {title}.\n"),
        (True, True, ""),
    ],
)
def test_invented_and_private_rows_are_called_so(
    real: bool, public: bool, expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    origin = SCHEMA.provenance.model_copy(update={"real": real, "public": public})
    print_label(SCHEMA.model_copy(update={"provenance": origin}))
    assert capsys.readouterr().out == expected.format(title=SCHEMA.title)


@pytest.mark.parametrize(
    ("probability", "own_line", "expected"),
    [
        (0.46, 0.36, "second judge agrees (46 of 100, its own line 36)"),
        (0.357, 0.36, "second judge agrees (just under 36 of 100, its own line 36)"),
        (0.46, None, "second judge agrees (46 of 100)"),
    ],
)
def test_the_second_judge_stands_beside_its_own_line(
    probability: float, own_line: float | None, expected: str
) -> None:
    assert second_judge("agrees", probability, own_line) == expected
