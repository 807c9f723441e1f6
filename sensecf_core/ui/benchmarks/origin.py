"""What surrounds the numbers: methods not run here, published figures, and how the run was made."""

from __future__ import annotations

from dataclasses import asdict

import pandas as pd
import streamlit as st

from sensecf_core.evaluation.benchmark.published import PUBLISHED
from sensecf_core.evaluation.metrics.definitions import MEASURES
from sensecf_core.ui.benchmarks import run_picker, tables as bench
from sensecf_core.ui.benchmarks.run_picker import ChosenRun
from sensecf_core.ui.benchmarks.show import measured, show_measures, show_table
from sensecf_core.ui.common import widgets, wording
from sensecf_core.ui.common.widgets import facts_table


def about(chosen: ChosenRun) -> None:
    """What was asked, every measure, methods that did not run, and how the run was made."""
    st.markdown(run_picker.asked_in_full(chosen))
    widgets.csv_button(
        lambda: bench.long_csv(chosen.summary),
        f"{chosen.summary['id']}.csv",
        key="benchmark_csv",
        label="Download the run as CSV",
    )
    with st.expander("Every measure", icon=":material/table:"):
        show_measures(chosen.rows, [name for name in MEASURES if measured(chosen.rows, name)], "every")
    _not_run(chosen)
    _origin(chosen)


def _not_run(chosen: ChosenRun) -> None:
    """Methods without numbers in this run, each with the reason and the command that runs it."""
    absent = chosen.summary["absent"]
    if not absent:
        return
    st.header("Not run here")
    for entry in absent:
        name = entry["title"] or bench.title(entry["row"])
        with st.expander(f"{wording.plain(name)}: {entry['status']}", icon=":material/block:"):
            st.markdown(wording.message(entry["why"]))
            if entry["commands"]:
                st.code("\n".join(entry["commands"]), language=None, wrap_lines=True)
            else:
                st.caption("There is no command for it.")


def published(chosen: ChosenRun | None) -> None:
    """The papers' figures with their source, beside this run's figures of the same name."""
    st.header("What the papers published")
    st.warning(
        "**Not comparable** with the numbers of this program: other data, other classifiers, and formulas "
        "that nobody published. “Up to” names a best cell, not a mean.",
        icon=":material/compare_arrows:",
    )
    names = {
        "measure": "Measure",
        "figure": "Figure",
        "here": "Here",
        "method": "Method",
        "data": "Data",
        "source": "Source",
    }
    rows = [{**asdict(figure), "here": _measured_here(chosen, figure.measure)} for figure in PUBLISHED]
    show_table(pd.DataFrame(rows)[list(names)].rename(columns=names), "published")
    if chosen is not None:
        st.caption(
            "Here: the language models' rows of the question chosen above, as means over people with 95 % "
            "intervals; plausibility is the share inside the local density of given rows (LOF), sparsity the "
            "number of features changed."
        )


OURS = {"validity": "validity", "plausibility": "lof_inlier", "sparsity": "features_changed"}
"""Our measure for each published one."""


def _measured_here(chosen: ChosenRun | None, measure: str) -> str:
    """What the language models of the displayed run reach by a published measure."""
    if chosen is None:
        return "no run yet"
    name = OURS[measure]
    cells = [
        f"{bench.title(row['row'])} {bench.cell(name, row['measures'].get(name))}"
        for row in chosen.rows
        if bench.family(row["method"]) == "language model"
    ]
    return "; ".join(cells) or "none in this run"


def _origin(chosen: ChosenRun) -> None:
    """The command, commit, machine and hashes behind the numbers."""
    summary = chosen.summary
    provenance = summary["provenance"]
    with st.expander("How this run was made", icon=":material/fact_check:"):
        st.code(summary["command"], language=None, wrap_lines=True)
        machine = summary["machine"]
        facts = {
            "Run": summary["id"],
            "Begun": wording.moment(summary["created"]),
            "Commit": str(provenance.get("commit")),
            "Machine": f"{machine.get('processor')}, {machine.get('cores')} cores",
            "Seed": str(summary["seed"]),
            "Candidates a query of methods that sample": str(summary["candidates"]),
            "Max. changes": str(summary["max_changes"]),
            "Versions": ", ".join(f"{name} {version}" for name, version in provenance["version"].items()),
            **{
                f"sha256 of {name}": str(digest)[:16]
                for name, digest in provenance["sha256"].items()
                if digest
            },
        }
        facts_table(facts, "How this run was made")
