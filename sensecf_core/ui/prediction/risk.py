"""The calibrated risk of one row: a sentence, an icon array, its range, the threshold, what was recorded."""

from __future__ import annotations

import streamlit as st

from sensecf_core.counterfactuals.checks import sentences
from sensecf_core.ui.common import browser, data, drawings, row_wording, sensors, wording
from sensecf_core.ui.page.frame import Page

PARTS = {
    "test": "Held out: the model has not seen it.",
    "val": "The model has not learned from {this}, but its calibration and its line were set with it.",
    "train": "The model has learned from {this}, so this says little about others.",
}


def show(page: Page) -> None:
    """Show the risk of the chosen row: its gauge, what it means, what the models say, what was recorded."""
    schema, classifier = page.required_cohort.schema, page.classifier
    low, high = data.risk_interval(page.required_cohort, classifier, page.row_key)
    task, threshold = schema.task, classifier.threshold
    with st.container(border=True, key="risk", gap="xsmall"):
        st.header(f"Risk {wording.of_100(page.risk)}", anchor=False)
        st.image(
            drawings.gauge(page.risk, (low, high), threshold),
            width="stretch",
            alt=f"Risk of {task.label} from 0 to 100: {sentences.risk(page.risk)}, retrained models "
            f"{wording.interval(low, high)}; the line is at {sentences.risk(threshold)}.",
        )
        st.caption(
            f"Tall mark: flagged from {wording.of_100(threshold)}. Bracket: range when the model is "
            f"retrained, {wording.interval(low, high)} (90 %)."
        )
        st.markdown(_verdict(page))
        with st.container(horizontal=True, gap="small", vertical_alignment="center"):
            icons(page.risk, task.class_1, noun=row_wording.plural(schema), width=110)
            st.markdown(
                f"Of **100 {row_wording.similar_rows(schema)}**, the model expects "
                f"**{sentences.risk(page.risk)}** to have: "
                f"{wording.plain(sentences.lower_first(task.class_1))} (filled dots).",
                width=190 if browser.on_phone() else 330,  # beside the dots, not below them
            )
        _recorded(page)


def icons(risk: float, meaning: str, *, noun: str, width: int = 210) -> None:
    """Show 100 rows as dots, ``width`` pixels wide; ``noun`` is their plural."""
    st.image(
        drawings.icon_array(risk),
        width=width,
        alt=f"Ten rows of ten {noun}; {round(100 * risk)} of the 100 are filled: {meaning}.",
    )


def _verdict(page: Page) -> str:
    classifier = page.classifier
    flagged = page.risk >= classifier.threshold
    second = float(classifier.second_probability(data.one_row(page.required_cohort, page.row_key))[0])
    own_line = classifier.second_threshold
    agrees = (second >= own_line) == flagged
    return (
        f"{':material/flag:' if flagged else ':material/outlined_flag:'} "
        f"The model **{'flags' if flagged else 'does not flag'}** "
        f"{row_wording.this_row(page.required_cohort.schema)}: it flags from "
        f"{wording.of_100(classifier.threshold)}, "
        f"and the risk is {wording.distance(page.risk, classifier.threshold)}. "
        f"A second, simpler model {'agrees' if agrees else '**disagrees**'} "
        f"({sentences.risk_beside(second, own_line)} of 100; its own line: {sentences.risk(own_line)})."
    )


def warn(page: Page) -> None:
    """Say above the options if the prediction that they would alter contradicts what was recorded."""
    text = contradicted(page)
    if text is not None:
        st.info(text, icon=":material/fact_check:")


def contradicted(page: Page) -> str | None:
    """Say that what was recorded contradicts the prediction that options would alter; else None."""
    cohort, flagged = page.required_cohort, int(page.risk >= page.classifier.threshold)
    if flagged in (int(cohort.target.loc[page.row_key]), cohort.schema.task.desired):
        return None
    this = row_wording.this_row(cohort.schema)
    return (
        f"Recorded for {this}: {_outcome(page)}. The model is wrong here: what is found would change the "
        f"model’s mind, and says nothing of {this}."
    )


def _outcome(page: Page) -> str:
    """The recorded outcome in words, with the measurement that decided it if there is one."""
    measured = _measured(page)
    return f"{_meaning(page)}{'' if measured is None else f' ({measured})'}"


def _meaning(page: Page) -> str:
    cohort, task = page.required_cohort, page.required_cohort.schema.task
    meaning = task.class_1 if cohort.target.loc[page.row_key] else task.class_0
    return wording.plain(sentences.lower_first(meaning))


def _measured(page: Page) -> str | None:
    """The measurement that decided the outcome: "measured: 41 of 100"."""
    measured = sensors.measured_stress(page.required_cohort, page.row_key)
    return None if measured is None else f"measured: {measured} of 100"


def _recorded(page: Page) -> None:
    """Show which outcome was recorded as a badge, and say whether the model has seen it."""
    cohort, key = page.required_cohort, page.row_key
    this = row_wording.this_row(cohort.schema)
    agrees = (page.risk >= page.classifier.threshold) == bool(cohort.target.loc[key])
    st.badge(
        f"Recorded: {_meaning(page)}",
        icon=":material/fact_check:" if agrees else ":material/compare_arrows:",
        color="gray" if agrees else "orange",
    )
    measured = _measured(page)
    st.caption(
        f"What was recorded for {this}{'' if measured is None else f' ({measured})'}. The model "
        f"{'says the same' if agrees else '**says otherwise**'}. "
        f"{PARTS[str(cohort.parts.loc[key])].format(this=this)} The risk is what a model makes of the "
        "measurements, not the probability of a disease in this person."
    )
