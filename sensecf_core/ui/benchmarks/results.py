"""How good the methods are: the main table and one chart per question, each with its table below."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from sensecf_core.evaluation.metrics.definitions import MEASURES
from sensecf_core.queries.methods import METHODS
from sensecf_core.types import JsonView
from sensecf_core.ui.benchmarks import charts as benchmark_charts, tables as bench
from sensecf_core.ui.benchmarks.run_picker import ChosenRun
from sensecf_core.ui.common import charts, row_wording, widgets, wording
from sensecf_core.ui.common.charts import Chart

HEADLINE = (
    "solid",
    "believed",
    "third_validity",
    "validity",
    "coverage",
    "gower",
    "features_changed",
    "lof_inlier",
    "seconds",
)
"""Belief first: validity alone only says that a method asked the classifier."""
BELIEF = {
    "cross": ("unseen_validity", "third_validity", "believed", "solid"),
    "lower": ("unseen_reduction", "third_validity", "believed", "solid"),
}
LOOKS = ("lof_inlier", "in_domain", "nearest", "neighbours")
DIVERSITY = ("gower_diversity", "count_diversity", "dpp_diversity", "feature_entropy")
RATES = ("solid", "believed", "coverage", "solved", "coverage_validity")
ON_COMPLETE = ("coverage", "validity", "actionable", "gower", "features_changed")
FORMATS = ("svg", "png")
FEW = 3
"""At most this many equally good methods are named in a sentence."""


def show(chosen: ChosenRun) -> None:
    """Show everything about one direction of a run, the most common questions first."""
    if not chosen.rows:
        st.info("This run has no such rows. Choose other rows above.", icon=":material/filter_alt_off:")
        return
    _main_table(chosen)
    _belief(chosen)
    _solved(chosen)
    _distance(chosen)
    _plausibility(chosen)
    _diversity(chosen)
    _changes(chosen)
    _time(chosen)


def _main_table(chosen: ChosenRun) -> None:
    st.header("All methods at a glance")
    show_measures(chosen.rows, [name for name in HEADLINE if _measured(chosen.rows, name)], "main")
    with st.expander("Every measure", icon=":material/table:"):
        show_measures(chosen.rows, [name for name in MEASURES if _measured(chosen.rows, name)], "every")
    with st.container(horizontal=True, gap="large", vertical_alignment="bottom"):
        widgets.csv_button(
            lambda: bench.long_csv(chosen.summary),
            f"{chosen.summary['id']}.csv",
            key="benchmark_csv",
            label="Download the run as CSV",
        )
        st.radio(
            "The camera above a chart saves it as",
            FORMATS,
            format_func=str.upper,
            horizontal=True,
            key="benchmark_format",
        )


def _belief(chosen: ChosenRun) -> None:
    goal = chosen.group["goal"]
    st.header("Can the answers be believed, and how far are they?")
    measure = _pick("Believed by", BELIEF[goal], f"belief_{goal}")
    front = bench.leaders(chosen.rows, measure)
    if not front:
        st.caption("Nothing here says how far an answer can be believed.")
        return
    names = wording.listed([bench.title(row["row"]) for row in front])
    sentence = (
        f"Near the upper left corner an answer is believed and little is changed. No other method is both "
        f"nearer and more believed than {names}. Each over the queries that it solved."
    )
    draw(benchmark_charts.belief_and_distance(chosen.rows, measure, sentence), "belief")
    _table_under(chosen.rows, (*BELIEF[goal], "second_validity", "refit_validity", "noise_validity"))


def _solved(chosen: ChosenRun) -> None:
    rows = chosen.rows
    best = _best(rows, "coverage_validity")
    sentence = (
        f"Filled: share of queries with a counterfactual; open: share of those that meet the goal. "
        f"The highest product of both: {best}."
    )
    measures = ("coverage", "validity")
    st.header("Is there an answer, and is it right?")
    draw(benchmark_charts.dots(rows, measures, sentence), "solved")
    _table_under(
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
    nearest, sparsest = _best(chosen.rows, "gower"), _best(chosen.rows, "features_changed")
    sentence = (
        f"Near the lower left corner little is changed. The nearest are those of {nearest}, the fewest "
        f"changes those of {sparsest}; each over the queries that it solved (Ranks below: on the same ones)."
    )
    st.header("How much has to change?")
    draw(benchmark_charts.distance_and_sparsity(chosen.rows, sentence), "distance")
    measures = ["gower", "mad_l1", "features_changed", "redundancy", "violations"]
    if _measured(chosen.rows, "optimum_ratio"):
        measures.append("optimum_ratio")
    _table_under(chosen.rows, measures)


def _plausibility(chosen: ChosenRun) -> None:
    people = row_wording.people(chosen.schema)
    st.header(f"Do they look like {people}?")
    measure = _pick("Plausibility by", LOOKS, "look")
    real = chosen.group["real_rows"][measure]
    level = bench.cell(measure, real)
    sentence = (
        f"The dashed line is what held-out {people} with that outcome reach: {level}. On the better side "
        f"of it ({MEASURES[measure].arrow}) a method's suggestions are as usual as they are. No single "
        "measure says that someone is plausible."
    )
    draw(benchmark_charts.against_real(chosen.rows, measure, real, sentence), "looks")
    _table_under(
        chosen.rows, ("lof_inlier", "isolation_inlier", "in_domain", "in_range", "nearest", "neighbours")
    )


def _diversity(chosen: ChosenRun) -> None:
    st.header("Do the options differ?")
    if not any(_measured(chosen.rows, name) for name in DIVERSITY[:3]):
        st.caption("No method gave two valid counterfactuals for one query.")
        return
    measure = _pick("Diversity by", [name for name in DIVERSITY if _measured(chosen.rows, name)], "diversity")
    sentence = f"{MEASURES[measure].definition} A method with one answer a query has none."
    draw(benchmark_charts.dots(chosen.rows, [measure], sentence), "diversity")
    _table_under(chosen.rows, DIVERSITY)


def _changes(chosen: ChosenRun) -> None:
    st.header("Which features does each method change?")
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
    st.header("How long does it take?")
    if not _measured(chosen.rows, "seconds"):
        st.caption("Nothing was timed.")
        return
    fastest = _best(chosen.rows, "seconds")
    sentence = (
        "Median wall time of one answer, on a log scale, one query at a time with nothing beside it on "
        f"{wording.plain(str(chosen.summary['machine'].get('processor')))}. The fastest is {fastest}."
    )
    draw(benchmark_charts.dots(chosen.rows, ["seconds"], sentence, log=True), "time")
    _table_under(chosen.rows, ("seconds", "seconds_each", "model_rows", "model_rows_each"))


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


def show_measures(rows: Sequence[JsonView], measures: Sequence[str], key: str) -> None:
    """Show measures of rows; pointing at a heading shows its definition."""
    show_table(bench.measure_table(rows, measures), key, measures)


def show_table(frame: pd.DataFrame, key: str, measures: Sequence[str] = ()) -> None:
    """Show a table of texts with definitions on its headings, and offer it as CSV."""
    columns: dict[str, Any] = {
        bench.heading(name): st.column_config.TextColumn(help=bench.definition(name)) for name in measures
    }
    columns["Method"] = st.column_config.TextColumn(pinned=True, help=_method_notes())
    st.dataframe(
        frame,
        hide_index=True,
        column_config=columns,
        key=f"benchmark_table_{key}",
        height="content",
        alt=f"Benchmark table: {', '.join(map(str, frame.columns))}",
    )
    widgets.csv_button(
        lambda: bench.as_csv(frame),
        f"benchmark-{key}.csv",
        key=f"benchmark_csv_{key}",
        label="Table as CSV",
        type="tertiary",
    )


def draw(chart: Chart, key: str) -> None:
    """Show a chart that can be saved for a paper in the format chosen on the page."""
    chosen = st.session_state.get("benchmark_format", FORMATS[0])
    charts.show(chart, f"benchmark_{key}", charts.saved_as(chosen, f"benchmark-{key}"))


def _table_under(rows: Sequence[JsonView], measures: Sequence[str]) -> None:
    with st.expander("Table and definitions", icon=":material/table:"):
        show_measures(rows, measures, measures[0])
        st.markdown(
            "\n".join(
                f"- **{bench.heading(name)}**: {wording.plain(bench.definition(name))}" for name in measures
            )
        )


def _pick(label: str, measures: Sequence[str], key: str) -> str:
    return st.radio(
        label,
        measures,
        format_func=lambda name: MEASURES[name].label,
        horizontal=True,
        key=f"benchmark_{key}_pick",
        help="  \n".join(f"**{MEASURES[name].label}**: {bench.definition(name)}" for name in measures),
    )


def _measured(rows: Sequence[JsonView], measure: str) -> bool:
    return any((row["measures"].get(measure) or {}).get("value") is not None for row in rows)


def _best(rows: Sequence[JsonView], measure: str) -> str:
    """The row with the best mean; if several share it, their names, or their number if they are many."""
    sign = 1 if MEASURES[measure].better == "higher" else -1
    values = {
        bench.title(row["row"]): sign * mean
        for row in rows
        if (mean := (row["measures"].get(measure) or {}).get("value")) is not None
    }
    if not values:
        return "no method"
    top = max(values.values())
    best = [name for name, value in values.items() if value == top]
    return wording.listed(best) if len(best) <= FEW else f"{len(best)} of {len(values)} methods"


def _method_notes() -> str:
    methods = [METHODS[name] for name in wording.in_order(METHODS)]
    return "  \n".join(f"**{method.short_title}**: {method.note}" for method in methods)
