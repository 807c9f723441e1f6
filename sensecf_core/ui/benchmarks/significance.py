"""Methods compared with each other: common queries, ranks and tests, effect of refining, raw rates."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from sensecf_core.evaluation.metrics.definitions import MEASURES
from sensecf_core.types import JsonView
from sensecf_core.ui.benchmarks import charts, tables as bench
from sensecf_core.ui.benchmarks.run_picker import ChosenRun
from sensecf_core.ui.benchmarks.show import draw, format_choice, show_table
from sensecf_core.ui.common import wording

PREFERRED = "gower"
CREDIT_NOTE = (
    "Credit: what a language model's valid share adds to that of the best control that knows as much, paired "
    "by query over the answerable ones, with its 95 % interval over people; only where those controls were "
    "asked the same queries."
)


def ranks(chosen: ChosenRun) -> None:
    """Rank plot of one measure on the queries that all methods solved, and the tests behind it."""
    st.header("Ranks on the same queries")
    view = chosen.view if chosen.view in chosen.group["comparisons"] else "in_use"
    comparison = chosen.group["comparisons"][view]
    left_out = wording.listed(bench.title(row) for row in comparison["left_out"])
    if left_out:
        st.caption(f"Left out, since they solve less than a quarter of the queries: {left_out}.")
    measures = list(comparison["friedman"])
    if not measures:
        st.caption("Ranks need three methods that solved the same queries; this run has fewer.")
        _common(comparison)
        return
    measure = st.selectbox(
        "Rank by",
        measures,
        index=measures.index(PREFERRED) if PREFERRED in measures else 0,
        format_func=lambda name: MEASURES[name].label,
        key="benchmark_rank",
        help="  \n".join(f"**{MEASURES[name].label}**: {bench.definition(name)}" for name in measures),
    )
    test = comparison["friedman"][measure]
    methods = {row["row"]: row["method"] for row in chosen.group["rows"]}
    mean_ranks = {name: rank for name, rank in test["mean_ranks"].items() if rank is not None}
    if not mean_ranks:
        st.caption("No two queries have this measure for all methods.")
    else:
        draw(charts.ranks(mean_ranks, methods, _friedman(test)), "ranks")
        format_choice()
    _common(comparison)
    pairs = comparison["pairs"].get(measure)
    if pairs:
        with st.expander("Pair by pair (Wilcoxon, Holm-corrected)", icon=":material/compare_arrows:"):
            _pairs(measure, pairs)


def _friedman(test: JsonView) -> str:
    sentence = (
        f"Mean rank over the {wording.counted(test['queries'], 'query', 'queries')} on which all of them "
        "have the number."
    )
    if test["p"] is None:
        return sentence
    p = f"p {_p(test['p'], '= ')}"
    return (
        f"{sentence} Friedman's test: {p}; agreement of the queries (Kendall's W) {test['agreement']:.2f}, "
        "where 0 is no order and 1 always the same."
    )


def _p(value: float, sign: str = "") -> str:
    return "< 0.001" if value < 0.001 else f"{sign}{value:.3f}"


def _common(comparison: JsonView) -> None:
    common = comparison["common"]
    title = f"Means on the same queries ({common['queries']} of {common['of']} were solved by all)"
    with st.expander(title, icon=":material/join_inner:"):
        names = list(comparison["quality"])
        counts = {bench.heading(name): str(comparison["quality"][name]["queries"]) for name in names}
        frame = pd.DataFrame(
            [
                {
                    "Method": bench.title(row),
                    **{
                        bench.heading(n): bench.cell(n, comparison["quality"][n]["means"].get(row))
                        for n in names
                    },
                }
                for row in comparison["rows"]
            ]
            + [{"Method": "Queries", **counts}]
        )
        show_table(frame, "common", names)
        st.caption(
            "A method that answers only easy queries looks near and sparse; here all have the same ones: "
            "of those that all solved (coverage and validity: of all) the ones on which each has the number. "
            "The last line counts them. A method that never has a number stays out of its column."
        )


def _pairs(measure: str, pairs: list[JsonView]) -> None:
    frame = pd.DataFrame(
        [
            {
                "First": bench.title(pair["first"]),
                "Second": bench.title(pair["second"]),
                "Difference": bench.cell(measure, pair["difference"]),
                "First better": pair["wins"],
                "Worse": pair["losses"],
                "Tied": pair["ties"],
                "p (Holm)": "–" if pair["p_holm"] is None else _p(pair["p_holm"]),
                "Different": "yes" if pair["significant"] else "not shown",
            }
            for pair in pairs
        ]
    )
    show_table(frame, "pairs")
    st.caption(
        "Difference: first minus second, paired by query. “Different”: Friedman's test and this pair are "
        "both below 0.05 after Holm's correction."
    )


def refining(chosen: ChosenRun) -> None:
    """The effect of the program's own post-processing on every method, paired by query."""
    st.header("What does our refining add?")
    names = ("validity", "violations", "gower", "features_changed", "lof_inlier", "gower_diversity")
    frame = pd.DataFrame(
        [
            {
                "Method": bench.title(entry["method"]),
                **{bench.heading(name): bench.cell(name, entry["measures"].get(name)) for name in names},
            }
            for entry in chosen.group["refine_effect"]
        ]
    )
    show_table(frame, "refining", names)
    st.caption(
        "Refined minus as returned, on the queries where both have the number. The same steps are run on "
        "every method's answers, so that no method wins by them alone."
    )


def raw(chosen: ChosenRun) -> None:
    """Raw rates of the sampling methods, before any check."""
    group = chosen.group
    rows = [
        row
        for row in chosen.summary["raw"]
        if all(row[name] == group[name] for name in ("direction", "limits", "goal"))
    ]
    if not rows:
        st.caption("This run has no method that samples.")
        return
    all_queries = [row for row in rows if row["asked"] == "all"]
    sentence = (
        "Share of raw candidates that pass each check and all before it; nothing is filtered, undone or "
        "sorted yet. Valid and plausible: for the people for whom there is an answer. Controls are the "
        "yardstick."
    )
    draw(charts.raw_rates(all_queries, sentence), "raw")
    format_choice()
    if group["without_grammar"]:
        with st.expander("Final answers with and without the grammar", icon=":material/table:"):
            _grammar(group["without_grammar"])
    with st.expander("Table, with and without the grammar", icon=":material/table:"):
        frame = pd.DataFrame([_raw_line(row) for row in rows])
        show_table(frame, "raw")
        st.caption(
            "The grammar holds a language model to readable answers within the limits. “With” and “without” "
            "are over the same queries. “By the same number of random changes”: draws that change as many "
            f"features. {CREDIT_NOTE}"
        )


def _grammar(entries: list[JsonView]) -> None:
    labels = {"with": "with", "without": "without", "difference": "without minus with"}
    names = list(entries[0]["with"])
    frame = pd.DataFrame(
        [
            {
                "Method": f"{bench.title(entry['row'])}, {label}",
                "Queries": wording.count(entry["queries"]),
                **{bench.heading(name): bench.cell(name, entry[way][name]) for name in names},
            }
            for entry in entries
            for way, label in labels.items()
        ]
    )
    show_table(frame, "grammar", names)
    st.caption("The same queries with and without; differences are paired by query.")


def _raw_line(row: JsonView) -> dict[str, str]:
    steps = {
        "readable": "Readable ↑",
        "within_limits": "Within limits ↑",
        "valid": "Valid ↑",
        "of_answerable_valid": "Valid, of answerable queries ↑",
        "of_answerable_solid": "Solid, of answerable queries ↑",
        "of_answerable_control_valid": "By the same number of random changes",
        "of_answerable_second_valid": "Valid by the second judge too ↑",
        "of_answerable_third_valid": "Valid by a random forest too ↑",
        "plausible": "Plausible ↑",
        "distinct": "Distinct ↑",
        "shown": "Answered in the end ↑",
    }
    cells = {label: _rate(row.get(name)) for name, label in steps.items()}
    cells["Credit"] = bench.credit(row)
    name = bench.title(row["method"].removesuffix(", no grammar"))
    return {"Method": name, "Asked": str(row["asked"]), "Queries": wording.count(row["people"]), **cells}


def _rate(rate: JsonView | None) -> str:
    if rate is None or rate.get("mean") is None:
        return "–"
    return bench.cell("validity", {"value": rate["mean"], "low": rate["low"], "high": rate["high"]})
