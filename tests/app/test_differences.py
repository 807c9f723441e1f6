from __future__ import annotations

import pytest

from sensecf_core.evaluation.side_by_side import Options
from sensecf_core.jobs.compare_methods import MethodStatus, State
from sensecf_core.jobs.job_table import JobView
from sensecf_core.queries.answer import Answer, Best, Change, Counterfactual, Feasibility, Grade
from sensecf_core.ui.common.charts import Dumbbells, Pair, dumbbell
from sensecf_core.ui.comparison import agreement, matrix
from tests.records.made_answers import FACTUAL, make_answer, make_counterfactual
from tests.small_cohort import SCHEMA

TO = {
    "bmi": (33.5, 30.0),
    "sleep": (5.5, 7.0),
    "sugar": (140, 80),
    "active": (0, 1),
    "diet": ("mixed", "plants"),
    "smoking": ("current", "former"),
}


def changing(*names: str, probability: float = 0.21, grade: Grade | None = None) -> Counterfactual:
    made = make_counterfactual({name: TO[name] for name in names})
    return made.model_copy(update={"probability": probability, "grade": grade})


def answering(method: str, *options: Counterfactual, **changed: object) -> Answer:
    status = "found" if options else "none"
    return make_answer(
        method, **({"method": method, "counterfactuals": options, "status": status, "best": None} | changed)
    )


def status_of(answer: Answer) -> MethodStatus:
    return MethodStatus(answer.method, "answered", answer=answer)


def said(*answers: Answer, asked: int | None = None) -> str:
    return agreement.sentence(SCHEMA, answers, asked=len(answers) if asked is None else asked)


BMI, SLEEP, SUGAR = changing("bmi"), changing("sleep"), changing("sugar")
MANY = ("bmi", "sleep", "sugar")


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ([], ""),
        ([answering("a")], ""),
        (
            [answering("a", BMI)],
            "The only method lands under the cut-off of 31, by body mass index.",
        ),
        (
            [answering("a", BMI), answering("b", BMI)],
            "Both methods land under the cut-off of 31, both by body mass index.",
        ),
        (
            [answering("a", BMI), answering("b", SLEEP), answering("c", BMI)],
            "All three methods land under the cut-off of 31; two by body mass index, one by sleep.",
        ),
        (
            [answering("a", BMI), answering("b"), answering("c")],
            "One of three methods lands under the cut-off of 31, by body mass index. The other two found "
            "none.",
        ),
        (
            [answering("a", BMI), answering("b", BMI), answering("c")],
            "Two of three methods land under the cut-off of 31, both by body mass index. The other one found "
            "none.",
        ),
        (
            [answering("a", changing("bmi", probability=0.5)), answering("b", BMI)],
            "One of two methods lands under the cut-off of 31 and one comes closer to it, both by body mass "
            "index.",
        ),
        (
            [answering("a", changing("bmi", probability=0.5))],
            "The only method lowers the risk but stays over the cut-off of 31, by body mass index.",
        ),
        (
            [answering("a", changing("bmi", probability=0.4), desired=1)],
            "The only method lands over the cut-off of 31, by body mass index.",
        ),
        (
            [answering("a", changing(*MANY)), answering("b", changing(*MANY[:2], "active"))],
            "Both methods land under the cut-off of 31. Both change body mass index and sleep.",
        ),
    ],
)
def test_the_sentence_says_where_the_answers_land_and_by_what(answers: list[Answer], expected: str) -> None:
    assert said(*answers) == expected


def test_while_methods_are_at_work_answers_are_counted() -> None:
    assert said(answering("a", BMI), answering("b", BMI), asked=3).startswith("Both answers land under")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"a": (BMI,), "b": (SLEEP,)}, "They change different features."),
        (
            {"a": (BMI,), "b": (SLEEP,), "c": (SUGAR,)},
            "No two of the three change the same feature.",
        ),
        (
            {"a": (changing("bmi", "sleep"),), "b": (changing("bmi", "sleep"),), "c": (SLEEP,)},
            "All three change sleep. 1 other feature is changed by fewer of them.",
        ),
        (
            {"a": (changing("bmi", "sleep"),), "b": (changing("bmi", "sleep"),), "c": (SUGAR,)},
            "Body mass index and sleep are each changed by two of three.",
        ),
    ],
)
def test_the_finding_names_what_most_methods_change(options: Options, expected: str) -> None:
    assert agreement.finding(SCHEMA, options) == expected


def test_a_cell_is_an_arrow_with_the_new_value() -> None:
    def cell(name: str) -> str:
        before, after = TO[name]
        return matrix.new_value(SCHEMA.feature(name), Change(before=before, after=after))

    assert cell("bmi") == "▼ 30.0"
    assert cell("sleep") == "▲ 7.0"
    assert cell("diet") == "→ plants" and cell("active") == "→ yes"


def rows(*statuses: MethodStatus, best_only: bool = True) -> dict[str, matrix.Row]:
    return {row.title: row for row in matrix.rows(SCHEMA, FACTUAL, statuses, best_only=best_only)}


def test_the_matrix_has_the_risk_on_top_the_grade_at_the_bottom_and_the_features_between() -> None:
    first = answering("a", changing("bmi", "sugar", grade="solid"), changing("sleep", grade="fragile"))
    table = rows(status_of(first), status_of(answering("b", changing("sugar", grade="fragile"))))
    assert list(table) == ["Risk of 100 (cut-off 31)", "Sugar", "If body mass index moved", "Answer", "Grade"]
    assert table["Risk of 100 (cut-off 31)"].now == "63"
    assert table["Risk of 100 (cut-off 31)"].cells["a"].replace("\u00a0", " ") == "63 → 21  ▼ 42"
    assert (table["Sugar"].heading, table["Sugar"].now) == ("Sugar (g/day)", "140")
    assert table["Sugar"].cells == {"a": "▼ 80", "b": "▼ 80"}
    assert table["If body mass index moved"].heading == "If body mass index moved (kg/m²)"
    assert table["If body mass index moved"].cells == {"a": "▼ 30.0", "b": matrix.STAYS}
    assert table["Answer"].cells == {"a": "2 options, answered before", "b": "1 option, answered before"}
    assert table["Grade"].cells == {"a": "✓ Solid", "b": "△ Fragile"}


def test_all_options_of_a_method_stand_in_one_cell() -> None:
    first = answering("a", changing("bmi", grade="solid"), changing("sleep", probability=0.3))
    table = rows(status_of(first), best_only=False)
    assert table["Risk of 100 (cut-off 31)"].cells["a"].count(" or ") == 1
    assert table["Sleep"].cells["a"] == "▲ 7.0" and "If body mass index moved" in table
    assert table["Grade"].cells["a"] == "✓ Solid or Not graded"


def test_who_has_no_option_has_a_column_too() -> None:
    proven = Feasibility(cross="proven none", reliable_reduction=None)
    nearest = Best(changes={"sleep": Change(before=5.5, after=7.0)}, probability=0.33)
    job = JobView.__new__(JobView)
    states: tuple[State, ...] = ("queued", "running", "failed", "cancelled")
    table = rows(
        MethodStatus("a", "answered", job, answering("a", BMI)),
        MethodStatus("b", "answered", job, answering("b", feasibility=proven)),
        MethodStatus("c", "answered", job, answering("c", best=nearest)),
        MethodStatus("d", "answered", job, answering("d", status="already_desired")),
        *(MethodStatus(state, state) for state in states),
    )
    assert table["Answer"].cells == {
        "a": "1 option",
        "b": "No option",
        "c": "No option",
        "d": "No option",
        "queued": "Waiting",
        "running": "At work",
        "failed": "No answer",
        "cancelled": "Cancelled",
    }
    assert table["Grade"].cells == {
        "a": "Not graded",
        "b": "Proven none",
        "c": "None found",
        "d": "Nothing to change",
    } | dict.fromkeys(states, matrix.STAYS)
    assert table["Risk of 100 (cut-off 31)"].cells["c"].startswith("nearest tried: 63 → 33")
    assert table["If body mass index moved"].cells["b"] == matrix.NOTHING


def test_a_dumbbell_has_a_label_and_four_traces_a_line_and_keeps_inside_the_frame() -> None:
    pairs = (Pair("One: 110", 1.4, (0.5, 0.2)), Pair("Two: 116", 1.4, (-0.3,)))
    figure = dumbbell([Dumbbells("Blood pressure", pairs)], "What it shows.").figure
    texts = [note.text for note in figure.layout.annotations]
    assert texts[:3] == ["<b>Blood pressure</b>", "One: 110", "Two: 116"]
    drawn = [x for trace in figure.data for x in trace.x]
    assert min(drawn) == 0.0 and max(drawn) == 1.0
    rings = [list(trace.x) for trace in figure.data if trace.mode == "markers" and trace.marker.line.width]
    assert rings == [[0.5, 0.2], [0.0]]
    heights = {trace.y[0] for trace in figure.data}
    assert len(heights) == 2
