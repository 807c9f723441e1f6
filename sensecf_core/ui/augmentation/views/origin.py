"""What surrounds the numbers: models that were not run here, and how the run was made."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from sensecf_core.augmentation.not_run import not_run
from sensecf_core.types import JsonView
from sensecf_core.ui.augmentation import show
from sensecf_core.ui.augmentation.chosen import Chosen
from sensecf_core.ui.common import wording
from sensecf_core.ui.common.widgets import csv_button, facts_table


def about(chosen: Chosen) -> None:
    """Not run here, the run's command, machine and hashes, and everything that it measured."""
    _not_run(chosen)
    _made(chosen)
    csv_button(
        lambda: show.as_csv(chosen, whole(chosen.summary)),
        f"augment-{chosen.summary['id']}.csv",
        key="augment_whole",
        label="Download the run as CSV",
    )


def whole(summary: JsonView) -> pd.DataFrame:
    """Every mean and gain of a run: a line a cell, student, arm and measure."""
    return pd.DataFrame(
        [
            {
                **{name: cell[name] for name in ("scenario", "removed")},
                "student": student,
                "arm": arm,
                "measure": measure,
                "mean": found["means"][measure],
                **{f"gain_{end}": gain[end] for end in ENDS},
                "recovery": found["recovery"].get(measure),
            }
            for cell in summary["results"]
            for student, of_student in cell.get("students", {}).items()
            for arm, found in of_student.get("arms", {}).items()
            for measure, gain in found["gains"].items()
        ]
    )


ENDS = ("mean", "se", "low", "high", "corrected_low", "corrected_high", "repeats")


def _not_run(chosen: Chosen) -> None:
    st.header("Not run here")
    # Summaries of version 1 do not say it; they had no language model at all.
    absent = chosen.summary.get("not_run") or not_run(chosen.cohort.schema.name, None)
    with_command = [one for one in absent if one.get("commands")]
    without = [one for one in absent if not one.get("commands")]
    st.table(
        pd.DataFrame(
            [
                {
                    "What": wording.plain(one["title"]),
                    "Why": wording.message(one["why"]),
                    "Command": "  \n".join(f"`{command}`" for command in one["commands"]),
                }
                for one in with_command
            ],
            columns=["What", "Why", "Command"],
        ),
        hide_index=True,
        border="horizontal",
        alt="Models that were not run here, with the commands that run them",
    )
    with st.expander(f"Without a command ({len(without)})", icon=":material/block:"):
        for one in without:
            st.markdown(f"- **{wording.plain(one['title'])}**: {wording.message(one['why'])}")
    frame = pd.DataFrame(
        [
            {"what": one["title"], "why": one["why"], "command": " && ".join(one.get("commands") or ())}
            for one in absent
        ]
    )
    show.csv(chosen, frame, "not-run", "Not run, as CSV")


def _chain(adapter: JsonView) -> str:
    return f"{adapter.get('name') or adapter.get('folder')}: {', '.join(adapter['chain'])}"


def _made(chosen: Chosen) -> None:
    summary = chosen.summary
    with st.expander("How this run was made", icon=":material/fact_check:", expanded=True):
        _facts(summary)


def _facts(summary: JsonView) -> None:
    st.code(summary["command"], language=None, wrap_lines=True)
    machine = summary["machine"]
    adapter = summary.get("adapter")
    facts = {
        "Run": summary["id"],
        "Begun, finished": f"{wording.moment(summary['created'])}, {wording.moment(summary['finished'])}",
        "Repeats, seed": f"{summary['repeats']}, {summary['seed']}",
        "Commit": str(summary.get("commit")),
        "Machine": f"{machine.get('processor')}, {machine.get('cores')} cores, "
        f"{wording.counted(summary['jobs'], 'process', 'processes')}",
        **({"Adapter, and the cohorts it learned from": _chain(adapter)} if adapter else {}),
        "Versions": ", ".join(f"{name} {version}" for name, version in summary["versions"].items()),
        **{f"sha256 of {name}": str(digest)[:16] for name, digest in summary["sha256"].items() if digest},
    }
    facts_table(facts, "How this run was made")
