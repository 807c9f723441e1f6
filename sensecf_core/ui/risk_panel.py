"""The calibrated risk of one row: a sentence, an icon array, its range, and the line it is judged by."""

from __future__ import annotations

import streamlit as st

from sensecf_core.counterfactuals import sentence
from sensecf_core.ui import data, drawings, words
from sensecf_core.ui.frame import Frame


def show(frame: Frame) -> None:
    """Show the risk of the chosen row."""
    schema, classifier = frame.known.schema, frame.classifier
    low, high = data.risk_interval(frame.known, classifier, frame.row_key)
    task = schema.task
    with st.container(border=True, key="risk"):
        st.header(f"Risk {words.of_100(frame.risk)}")
        st.markdown(
            f"Of **100 people like this participant**, the model expects **{sentence.risk(frame.risk)}** to "
            f"have: {words.plain(sentence.lower_first(task.class_1))}. Nine of ten retrained models say "
            f"{words.interval(low, high)}."
        )
        icons(frame.risk, task.class_1)
        st.markdown(_verdict(frame))
        st.caption(
            f"Filled dots: {words.plain(sentence.lower_first(task.class_1))}; rings: not. This is what a "
            "model makes of the measurements, not the probability of a disease in this person."
        )


def icons(risk: float, meaning: str, colour: str = drawings.UP) -> None:
    """Show 100 people as dots."""
    st.image(
        drawings.icon_array(risk, colour),
        width=210,
        alt=f"Ten rows of ten people; {round(100 * risk)} of the 100 are filled: {meaning}.",
    )


def _verdict(frame: Frame) -> str:
    classifier = frame.classifier
    flagged = frame.risk >= classifier.threshold
    second = float(classifier.second_judge(data.one_row(frame.known, frame.row_key))[0])
    agrees = (second >= classifier.second_threshold) == flagged
    return (
        f"{':material/flag:' if flagged else ':material/outlined_flag:'} "
        f"The model **{'flags' if flagged else 'does not flag'}** this participant: it flags from "
        f"{words.of_100(classifier.threshold)}, and the risk is "
        f"{words.distance(frame.risk, classifier.threshold)}. "
        f"A second, simpler model {'agrees' if agrees else '**disagrees**'} ({words.of_100(second)})."
    )
