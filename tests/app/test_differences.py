from __future__ import annotations

import pytest

from sensecf_core.evaluation.side_by_side import Agreement, Options
from sensecf_core.queries.answer import Counterfactual
from sensecf_core.ui.common.charts import Dumbbells, Pair, dumbbell
from sensecf_core.ui.comparison.differences import finding, which_way
from tests.records.made_answers import make_counterfactual
from tests.small_cohort import SCHEMA


def changing(*names: str) -> tuple[Counterfactual, ...]:
    to = {"bmi": (33.5, 30.0), "sleep": (5.5, 7.0), "sugar": (140, 80)}
    return (make_counterfactual({name: to[name] for name in names}),)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"a": changing("bmi")}, "Only one method found an option"),
        ({"a": changing("bmi"), "b": changing("sleep")}, "No two of the 2 methods change the same feature."),
        ({"a": changing("bmi"), "b": changing("bmi", "sleep")}, "Both methods change body mass index."),
        (
            {"a": changing("bmi", "sleep"), "b": changing("bmi", "sleep"), "c": changing("sleep")},
            "All 3 methods change sleep. Fewer methods agree on 1 other feature.",
        ),
        (
            {"a": changing("bmi", "sleep"), "b": changing("bmi", "sleep"), "c": changing("sugar")},
            "Body mass index and sleep are each changed by 2 of 3 methods.",
        ),
    ],
)
def test_the_finding_names_what_most_methods_change(options: Options, expected: str) -> None:
    assert finding(SCHEMA, options).startswith(expected)


def test_which_way_is_in_words_for_every_kind() -> None:
    def way(name: str, **ways: str) -> str:
        return which_way(SCHEMA.feature(name), Agreement(name, ways)).replace("\u00a0", " ")  # type: ignore[arg-type]

    assert way("bmi", a="down", b="down") == "▼ lower"
    assert way("bmi", a="up", b="down", c="down") == "▲ higher (1), ▼ lower (2)"
    assert way("active", a="up") == "to “yes”"
    assert way("diet", a="other") == "to another level"
    assert way("sleep", a="other") == "either way"


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
