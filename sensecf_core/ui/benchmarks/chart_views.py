"""One chart per question, each with its table below; only the picked one is drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pandas as pd
import streamlit as st

from sensecf_core.evaluation.metrics.definitions import MEASURES
from sensecf_core.types import JsonView
from sensecf_core.ui.benchmarks import charts as benchmark_charts, tables as bench
from sensecf_core.ui.benchmarks.run_picker import ChosenRun
from sensecf_core.ui.benchmarks.show import (
    best_of,
    draw,
    format_choice,
    measured,
    pick,
    show_table,
    table_under,
)
from sensecf_core.ui.choice import kept_picks
from sensecf_core.ui.common import row_wording, wording

LOOKS = ("lof_inlier", "in_domain", "nearest", "neighbours")
DIVERSITY = ("gower_diversity", "count_diversity", "dpp_diversity", "feature_entropy")
RATES = ("solid", "believed", "coverage", "solved", "coverage_validity")
ON_COMPLETE = ("coverage", "validity", "actionable", "gower", "features_changed")


def show_chart(chosen: ChosenRun) -> None:
    """Ask for a question, and show its chart and table."""
    people = row_wording.people(chosen.schema)
    titles = {name: title.format(people=people) for name, title in QUESTIONS.items()}
    with st.container(horizontal=True, gap="large", vertical_alignment="bottom"):
        question = kept_picks.selectbox("Chart", "chart", list(titles), titles.__getitem__)
        format_choice()
    _VIEWS[question](chosen)


def _solved(chosen: ChosenRun) -> None:
    rows = chosen.rows
    best = best_of(rows, "coverage_validity")
    sentence = (
        f"Filled: share of queries with a counterfactual; open: share of those that meet the goal. "
        f"Highest share of all queries with one that does: {best}."
    )
    measures = ("coverage", "validity")
    draw(benchmark_charts.dots(rows, measures, sentence), "solved")
    table_under(
        rows, (*measures, "coverage_validity", "margin_validity", "second_validity", "third_validity")
    )
    with st.expander("Of the queries that can be answered at all", icon=":material/rule:"):
        show_table(bench.part_table(rows, "answerable", RATES), "answerable", RATES)
    with st.expander("Of people with nothing missing", icon=":material/person_check:"):
        show_table(bench.part_table(rows, "complete", ON_COMPLETE), "complete", ON_COMPLETE)
        share = round(100 * (chosen.group["complete"]["value"] or 0))
        st.caption(f"Everything was measured of {share} of 100 of these people.")
    with st.expander("Coverage by subgroup", icon=":material/diversity_3:"):
        _subgroups(rows)


def _distance(chosen: ChosenRun) -> None:
    nearest, sparsest = best_of(chosen.rows, "gower"), best_of(chosen.rows, "features_changed")
    sentence = (
        f"Near the lower left corner little is changed. The nearest are those of {nearest}, the fewest "
        f"changes those of {sparsest}; each over the queries that it solved (Ranks below: on the same ones)."
    )
    draw(benchmark_charts.distance_and_sparsity(chosen.rows, sentence), "distance")
    measures = ["gower", "mad_l1", "features_changed", "redundancy", "violations"]
    if measured(chosen.rows, "optimum_ratio"):
        measures.append("optimum_ratio")
    table_under(chosen.rows, measures)


def _plausibility(chosen: ChosenRun) -> None:
    people = row_wording.people(chosen.schema)
    measure = pick("Plausibility by", LOOKS, "look")
    real = chosen.group["real_rows"][measure]
    level = bench.cell(measure, real)
    sentence = (
        f"The dashed line is what held-out {people} with that outcome reach: {level}. On the better side "
        f"of it ({MEASURES[measure].arrow}) a method's suggestions are as usual as they are. No single "
        "measure says that someone is plausible."
    )
    draw(benchmark_charts.against_real(chosen.rows, measure, real, sentence), "looks")
    table_under(
        chosen.rows, ("lof_inlier", "isolation_inlier", "in_domain", "in_range", "nearest", "neighbours")
    )


def _diversity(chosen: ChosenRun) -> None:
    if not any(measured(chosen.rows, name) for name in DIVERSITY[:3]):
        st.caption("No method gave two valid counterfactuals for one query.")
        return
    measure = pick("Diversity by", [name for name in DIVERSITY if measured(chosen.rows, name)], "diversity")
    sentence = f"{MEASURES[measure].definition} A method with one answer a query has none."
    draw(benchmark_charts.dots(chosen.rows, [measure], sentence), "diversity")
    table_under(chosen.rows, DIVERSITY)


def _changes(chosen: ChosenRun) -> None:
    sentence = "Share of each method's valid counterfactuals that change a feature; empty: never."
    labels = chosen.summary["labels"]
    draw(benchmark_charts.changed_features(chosen.rows, labels, sentence), "changes")
    with st.expander("Table", icon=":material/table:"):
        used = [name for name in labels if any(name in row["changes"] for row in chosen.rows)]
        frame = pd.DataFrame(
            [
                {
                    "Method": bench.title(row["row"]),
                    **{labels[name]: bench.cell(name, row["changes"].get(name)) for name in used},
                }
                for row in chosen.rows
            ]
        )
        show_table(frame, "changes")


def _time(chosen: ChosenRun) -> None:
    if not measured(chosen.rows, "seconds"):
        st.caption("Nothing was timed.")
        return
    fastest = best_of(chosen.rows, "seconds")
    sentence = (
        "Median wall time of one answer, on a log scale, one query at a time with nothing beside it on "
        f"{wording.plain(str(chosen.summary['machine'].get('processor')))}. The fastest is {fastest}."
    )
    draw(benchmark_charts.dots(chosen.rows, ["seconds"], sentence, log=True), "time")
    table_under(chosen.rows, ("seconds", "seconds_each", "model_rows", "model_rows_each"))


def _subgroups(rows: Sequence[JsonView]) -> None:
    levels = {
        (name, level): None
        for row in rows
        for name, by_level in row["subgroups"].items()
        for level in by_level
    }
    if not levels:
        st.caption("Too few queries in every subgroup to say.")
        return
    frame = pd.DataFrame(
        [
            {
                "Method": bench.title(row["row"]),
                **{
                    f"{name}: {level}": bench.cell("coverage", row["subgroups"].get(name, {}).get(level))
                    for name, level in levels
                },
            }
            for row in rows
        ]
    )
    show_table(frame, "subgroups")
    st.caption("Wide brackets mean that a difference may be chance.")


QUESTIONS: Mapping[str, str] = {
    "solved": "Coverage and validity",
    "distance": "How much has to change?",
    "looks": "Do they look like {people}?",
    "diversity": "Do the options differ?",
    "changes": "Which features does each method change?",
    "time": "How long does it take?",
}
"""What each chart answers; ``{people}`` is how the cohort's rows are called."""
_VIEWS: Mapping[str, Callable[[ChosenRun], None]] = {
    "solved": _solved,
    "distance": _distance,
    "looks": _plausibility,
    "diversity": _diversity,
    "changes": _changes,
    "time": _time,
}
