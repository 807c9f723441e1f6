"""What surrounds the numbers: models that were not run here, and how the run was made."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from sensecf_core.types import JsonView
from sensecf_core.ui.augmentation import show
from sensecf_core.ui.augmentation.chosen import Chosen
from sensecf_core.ui.common import wording


def about(chosen: Chosen) -> None:
    """Not run here, and the run's command, machine and hashes."""
    _not_run(chosen)
    _made(chosen)


def _not_run(chosen: Chosen) -> None:
    st.header("Not run here")
    absent = chosen.summary.get("not_run")
    if not absent:
        st.caption(
            "Of arms that could not run, this run says nothing." if absent is None else "Every arm ran."
        )
        return
    frame = pd.DataFrame(
        [
            {
                "What": one["title"],
                "Why": one["why"].replace("`", ""),
                "Command": " && ".join(one.get("commands") or ()) or "there is none",
            }
            for one in absent
        ]
    )
    show.table(chosen, frame, "not-run", height=min(280, 80 + 36 * len(frame)))


def _chain(adapter: JsonView) -> str:
    return f"{adapter.get('name') or adapter.get('folder')}: {', '.join(adapter['chain'])}"


def _made(chosen: Chosen) -> None:
    st.header("How this run was made")
    summary = chosen.summary
    st.code(summary["command"], language=None, wrap_lines=True)
    machine = summary["machine"]
    adapter = summary.get("adapter")
    facts = {
        "Run": summary["id"],
        "Begun, finished": f"{wording.moment(summary['created'])}, {wording.moment(summary['finished'])}",
        "Repeats, seed": f"{summary['repeats']}, {summary['seed']}",
        "Commit": str(summary.get("commit")),
        "Machine": f"{machine.get('processor')}, {machine.get('cores')} cores, {summary['jobs']} processes",
        **({"Adapter, and the cohorts it learned from": _chain(adapter)} if adapter else {}),
        "Versions": ", ".join(f"{name} {version}" for name, version in summary["versions"].items()),
        **{f"sha256 of {name}": str(digest)[:16] for name, digest in summary["sha256"].items() if digest},
    }
    st.table(
        pd.DataFrame({"": list(facts), " ": [wording.plain(value) for value in facts.values()]}),
        hide_index=True,
        hide_header=True,
        border="horizontal",
        alt="How this run was made",
    )
