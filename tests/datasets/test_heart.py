from __future__ import annotations

from sensecf_core.datasets import heart

HEADER = (
    "age\tgender\tchest pain\trest SBP\tcholesterol\tfasting blood sugar > 120\trest ECG\tmax HR\t"
    "exerc ind ang\tST by exercise\tslope peak exc ST\tmajor vessels colored\tthal\tdiameter narrowing\n"
    "c\td\td\tc\tc\td\tnormal\tc\t0 1\tc\tupsloping\tc\tnormal\td\n"
    "\t\t\t\t\t\t\t\t\t\t\t\t\tclass\n"
)
FIRST = (
    "63\tmale\ttypical ang\t145\t233\t1\tleft vent hypertrophy\t150\t0\t2.3\t"
    "downsloping\t0\tfixed defect\t0\n"
)
SECOND = "38\tmale\tnon-anginal\t138\t175\t0\tnormal\t173\t0\t0\tupsloping\t?\t?\t1\n"


def test_codes_become_names_and_question_marks_missing() -> None:
    table, flow = heart.build((HEADER + FIRST + SECOND).encode())
    assert table.index.tolist() == [("1", "0"), ("2", "0")]
    assert table.loc[("1", "0"), "fasting_sugar"] == "above 120 mg/dL"
    assert table.loc[("1", "0"), "thallium"] == "fixed defect"
    assert table[["vessels", "thallium"]].isna().to_numpy().tolist() == [[False, False], [True, True]]
    assert table["narrowed"].tolist() == [0, 1]
    assert table["age_band"].tolist() == ["60 and over", "under 50"]
    assert flow[0].rows == 2
