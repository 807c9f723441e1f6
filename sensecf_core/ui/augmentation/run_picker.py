"""Choose a run, and a cell, student and measure of it; or say what to do if there is none."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import streamlit as st

from sensecf_core.augmentation.findings import runs, words
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.evaluation.benchmark import run_folder
from sensecf_core.evaluation.benchmark.run_folder import BenchmarkRun
from sensecf_core.types import JsonView
from sensecf_core.ui.augmentation import chosen as chosen_module
from sensecf_core.ui.augmentation.chosen import Chosen
from sensecf_core.ui.choice import kept_picks
from sensecf_core.ui.common import wording

PREFERRED_SCENARIO, PREFERRED_MEASURE = "C", "auroc"
STUDENT_NOTES = {
    "trees": "the product's own classifier, gradient boosting",
    "ridge": "a logistic regression with a penalty: simple, and strong where labels are few",
    "forest": "100 trees on bootstrap samples",
    "panel": "the mean of the other three",
}


def choose(cohort: Cohort) -> Chosen | None:
    """Ask for a run and what of it to show; None if there is no run to show."""
    name = cohort.schema.name
    finished = {run.id: run for run in runs.runs(name) if run.finished}
    if not finished:
        return None
    columns = st.columns([3.3, 2.1, 1.4, 2.2, 2.4], gap="small")
    with columns[0]:
        default = max(finished.values(), key=lambda run: run.committed and _asks_language_model(run)).id
        picked = kept_picks.selectbox(
            "Run", "run", list(finished), lambda run_id: _title(finished[run_id]), default=default
        )
        run = finished[picked]
    summary = chosen_module.summary(str(run.folder), (run.folder / run_folder.SUMMARY).stat().st_mtime_ns)
    if isinstance(summary, str):
        st.error(wording.message(summary), icon=":material/error:")
        return None
    scenario, removed, student, measure = _picks(summary, columns[1:])
    return Chosen(cohort, run.folder, summary, scenario, removed, student, measure)


def _picks(
    summary: JsonView, columns: Sequence[st.delta_generator.DeltaGenerator]
) -> tuple[str, float, str, str]:
    results = summary["results"]
    shares = sorted({float(cell["removed"]) for cell in results})
    measured = next((cell for cell in results if cell["repeats"]), None)
    students = list(words.STUDENTS) if measured is None else list(measured["students"])
    with columns[0]:
        scenario = kept_picks.selectbox(
            "Scenario",
            "scenario",
            list(words.SCENARIOS),
            lambda name: f"{name}: {words.SCENARIOS[name].removesuffix(' gone')}",
            default=PREFERRED_SCENARIO,
            note="Who loses labels, in the training and validation part; test people stay as they are.",
        )
    with columns[1]:
        removed = kept_picks.selectbox(
            "Labels gone",
            "removed",
            [f"{share:g}" for share in shares],
            lambda s: words.percent(float(s)),
            default=_most_told(results),
        )
    with columns[2]:
        student = kept_picks.selectbox(
            "Student",
            "student",
            students,
            lambda name: words.STUDENTS[name].capitalize(),
            note="The model that is trained again.  \n"
            + "  \n".join(f"**{words.STUDENTS[name]}**: {note}." for name, note in STUDENT_NOTES.items()),
        )
    with columns[3]:
        measure = kept_picks.selectbox(
            "Measure",
            "measure",
            list(summary["measures"]),
            lambda name: _capital(words.measure_name(name, summary["measures"])),
            default=PREFERRED_MEASURE,
            note="  \n".join(
                f"**{words.measure_name(name, summary['measures'])}**: {text}."
                for name, text in summary["measures"].items()
            ),
        )
    return scenario, float(removed), student, measure


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def _most_told(results: Sequence[JsonView]) -> str | None:
    """The share that was run in most scenarios; of equally many the largest but one that is refused."""
    counts: dict[float, int] = {}
    for cell in results:
        counts[cell["removed"]] = counts.get(cell["removed"], 0) + bool(cell["repeats"])
    wanted = max(counts, key=lambda share: (counts[share], share == 0.9, share), default=None)
    return None if wanted is None else f"{wanted:g}"


def _title(run: BenchmarkRun) -> str:
    """Name a run by its repeats, by whether a language model is in it, and an own one by its time."""
    arms = f"with{'' if _asks_language_model(run) else 'out'} language model"
    begun = datetime.fromisoformat(run.config["created"])
    own = "" if run.committed else f", own, {begun.day} {begun:%b %H:%M}"
    return f"{run.config.get('repeats')} repeats {arms}{own}"


def _asks_language_model(run: BenchmarkRun) -> bool:
    return any(arm.startswith("lm-") for arm in run.config.get("arms", ()))


def others_with(chosen: Chosen, scenario: str) -> tuple[str, ...]:
    """The titles of other finished runs of the cohort that have a scenario with as many labels removed."""
    return tuple(
        _title(run)
        for run in runs.runs(chosen.cohort.schema.name)
        if run.finished
        and run.id != chosen.summary["id"]
        and {"scenario": scenario, "removed": chosen.removed} in run.config.get("cells", ())
    )


def say_other_rows(chosen: Chosen) -> None:
    """Warn where a run was made with other rows of the cohort than those in use."""
    if chosen.summary.get("sha256", {}).get("cohort") != chosen.cohort.data_sha256:
        st.warning("This run was made with other rows of this cohort.", icon=":material/warning:")


def nothing_yet(name: str) -> None:
    """Say what to do where no run of a cohort can be shown."""
    st.info(
        "No augmentation run of this cohort is here yet. Start a quick one below: it takes labels away and "
        "trains again with what each method makes of the rest. The whole experiment is a command that runs "
        "for hours:",
        icon=":material/library_add:",
    )
    st.code(runs.command(name), language=None, wrap_lines=True)


def unfinished(name: str) -> None:
    """List runs that were ended before their summary, each with the command that goes on with it."""
    waiting = [run for run in runs.runs(name) if not run.finished]
    if waiting:
        with st.expander(f"Not finished yet ({len(waiting)})", icon=":material/hourglass:"):
            st.markdown("Runs that are under way or were ended. The same command goes on where they stopped.")
            for run in waiting:
                st.code(str(run.config.get("command", "")), language=None, wrap_lines=True)
