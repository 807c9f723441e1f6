"""An answer: its options as cards, how many candidates passed each step, and what to do next."""

from __future__ import annotations

from typing import Literal

import streamlit as st

from sensecf_core.cohorts.schema import Feature, Schema
from sensecf_core.queries.answer import Answer, Change, Counterfactual
from sensecf_core.ui.common import data, drawings, row_wording, wording
from sensecf_core.ui.interventions import evidence, limits_fields, scale
from sensecf_core.ui.page.frame import Page

HEADINGS = {
    "found": "found",
    "already_desired": "Nothing to change",
    "budget_spent": "Stopped: the budget is spent",
    "cancelled": "Cancelled",
}
NEXT_STEPS = {
    "budget_spent": "Ask for fewer candidates, or ask again when this machine is less busy.",
    "cancelled": "It can be asked again.",
}


def show(page: Page, answer: Answer) -> None:
    """Show an answer about the chosen row under its own heading."""
    st.header(heading(answer))
    body(page, answer)


def say_explanation_only() -> None:
    """Say that options under contrast limits are no advice."""
    st.info(
        "Asked for explanation only: this is what would tip the model, not advice.", icon=":material/info:"
    )


def heading(answer: Answer) -> str:
    """Say in a few words what was found."""
    found, sought = len(answer.counterfactuals), wording.sought(answer.limits.profile)
    if answer.status == "none":
        return f"No {sought} found"
    return f"{wording.counted(found, sought)} found" if found else HEADINGS[answer.status]


def body(page: Page, answer: Answer, key: str = "") -> None:
    """Show an answer: its options, and what stands behind them; ``key`` tells several on a page apart."""
    schema = page.required_cohort.schema
    found = len(answer.counterfactuals)
    st.caption(_summary(answer))
    if (changed := stale(page, answer)) is not None:
        st.warning(changed, icon=":material/history:")
    if answer.status != "found" or not found:
        _nothing(page, answer, key)
    else:
        for reason in answer.reasons:
            st.caption(wording.plain(wording.labelled(schema, reason)))
        if answer.limits.profile == "contrast":
            say_explanation_only()
    for number, counterfactual in enumerate(answer.counterfactuals, start=1):
        _option(page, answer, number, counterfactual, key)
    if (fewer := fewer_than_asked(answer)) is not None:
        st.caption(fewer)
    evidence.show(answer, schema, key)


def fewer_than_asked(answer: Answer) -> str | None:
    """Say why an answer has fewer options than were asked for, and how to get others; None: it has not."""
    found, asked, passed = len(answer.counterfactuals), answer.settings.get("k"), answer.trace.plausible
    if not found or asked is None or found >= asked or answer.status != "found":
        return None
    candidates = wording.counted(passed, "candidate")
    came = (
        f"only {candidates} passed every check"
        if passed <= found
        else f"the {candidates} that passed every check came down to {found}, needless changes undone"
    )
    which = "it changes" if found == 1 else "these change"
    return (
        f"{asked} {wording.sought(answer.limits.profile)}s were asked for: {came}. "
        f"For others, untick what {which} under “What may change” and ask again."
    )


def _summary(answer: Answer) -> str:
    trace = answer.trace
    parts = [wording.method_title(answer.method)]
    if model := answer.settings.get("model"):
        parts.append(str(model))
    if trace.proposed:
        came = f"{trace.valid} valid as they came" if evidence.checked(answer) else "none checked"
        parts.append(f"{wording.counted(trace.proposed, 'candidate')} proposed, {came}")
        parts.append(wording.seconds(answer.seconds.total).replace(" ", wording.NO_BREAK))
    parts.append(f"asked {wording.moment(answer.created)}")
    return " · ".join(wording.plain(part) for part in parts)


def _nothing(page: Page, answer: Answer, key: str) -> None:
    schema = page.required_cohort.schema
    say = st.info if answer.status in ("already_desired", "cancelled") else st.warning
    text = "  \n".join(wording.plain(wording.labelled(schema, reason)) for reason in answer.reasons)
    say(text or heading(answer), icon=":material/info:")
    if answer.best is not None:
        with st.container(border=True):
            st.markdown(
                f"**The nearest that was found** would still not change the model's view: risk "
                f"**{wording.risk_change(answer.factual.probability, answer.best.probability)}**."
            )
            _changes(page, answer, answer.best.changes, {})
    if (advice := what_next(answer)) is not None:
        st.caption(advice)
    if answer.limits.profile == "intervention" and answer.status in ("already_desired", "none"):
        offer_contrast(schema, key)


def what_next(answer: Answer) -> str | None:
    """Say what may help where there is no option, beside what the reasons say; None where they say it all."""
    limits = answer.limits
    if answer.status == "none" and (limits.frozen or limits.ranges or limits.levels):
        return "Allow more features to move, or widen their ranges, and ask again."
    return NEXT_STEPS.get(answer.status)


def offer_contrast(schema: Schema, key: str = "") -> None:
    """Offer to ask for explanation instead: what would tip the prediction, in any direction."""
    st.button(
        "Ask what would tip the prediction (explanation only)",
        icon=":material/compare_arrows:",
        key=f"offer_contrast{key}",
        on_click=limits_fields.ask_at_once,
        args=(schema, "contrast"),
        help="Asks again with the limits “Explanation only”.",
    )


def _option(page: Page, answer: Answer, number: int, one: Counterfactual, key: str) -> None:
    schema = page.required_cohort.schema
    with st.container(border=True, key=f"option_{number}{key}", gap="small"):
        st.subheader(
            f"{wording.sought(answer.limits.profile).capitalize()} {number}: risk "
            f"{wording.risk_change(answer.factual.probability, one.probability)}"
        )
        _changes(page, answer, one.changes, one.percentiles)
        st.markdown(
            f"{wording.counted(one.n_changed, 'change')} · {_second(page, answer, one)} · "
            f"{_retrained(page, one)}"
        )
        st.caption(_how_usual(schema, answer, one))
        st.markdown(f"> {wording.plain(one.sentence)}")
        for violation in one.violations:
            st.warning(wording.plain(wording.labelled(schema, violation)), icon=":material/warning:")


def _second(page: Page, answer: Answer, one: Counterfactual) -> str:
    """Say what the second model makes of an option, and whether that is new to it."""
    view = second_view(page, answer, one)
    if view == "as before":
        before = wording.of_100(_second_before(page))
        return f":material/remove_done: The second model said so before any change ({before})"
    said = wording.of_100(one.second_judge_probability)
    if view == "disagrees":
        return f":material/warning: The second model **disagrees** ({said})"
    return f":material/done_all: The second model agrees ({said})"


def second_view(
    page: Page, answer: Answer, one: Counterfactual
) -> Literal["agrees", "disagrees", "as before"]:
    """Whether the second model sees the class that was asked for; "as before": without any change, too."""
    if not one.second_judge_agrees:
        return "disagrees"
    saw = int(_second_before(page) >= page.classifier.second_threshold)
    return "as before" if saw == answer.desired else "agrees"


def _second_before(page: Page) -> float:
    return float(page.classifier.second_probability(data.one_row(page.required_cohort, page.row_key))[0])


def _retrained(page: Page, one: Counterfactual) -> str:
    """Say how retrained models see an option, and where the line is that all of them would have to cross."""
    line = wording.of_100(page.classifier.threshold)
    assert one.interval is not None  # pages show classifiers that were trained here, which have refits
    return f"nine of ten retrained models say {wording.interval(*one.interval)} of 100 (flagged from {line})"


def _changes(page: Page, answer: Answer, changes: dict[str, Change], percentiles: dict[str, float]) -> None:
    schema = page.required_cohort.schema
    for name, change in changes.items():
        if name not in schema.positions:
            continue
        feature = schema.feature(name)
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            text = wording.plain(wording.change(feature, change.before, change.after))
            st.markdown(f"{wording.plain(feature.label)}  \n**{text}**", width=225)
            if (places := _places(page, feature, change)) is not None:
                st.image(drawings.track(*places), width=180, alt=_track_words(feature, change))
            if name in percentiles:
                st.caption(
                    f"{wording.percentile(percentiles[name])}",
                    width="content",
                    help="Place of the new value among the training rows.",
                )


def _places(page: Page, feature: Feature, change: Change) -> tuple[float, float] | None:
    """Where both values lie between the training 1st and 99th percentile, 0 to 1."""
    if feature.named or feature.kind == "binary":
        return None
    before, after = (scale.place(page, feature, value) for value in (change.before, change.after))
    return None if before is None or after is None else (before, after)


def _track_words(feature: Feature, change: Change) -> str:
    text = wording.change(feature, change.before, change.after)
    return f"{feature.label} on a line from low to high in this cohort: {text}."


def _how_usual(schema: Schema, answer: Answer, one: Counterfactual) -> str:
    wanted = schema.task.class_1 if answer.desired else schema.task.class_0
    usual = "usual" if one.in_domain and one.lof_inlier else "**unusual**"
    parts = [
        f"These values together are {usual} among {row_wording.rows(schema)} with “{wording.plain(wanted)}”"
    ]
    if one.similar is not None:
        alike = row_wording.counted_known(schema, one.similar)
        parts.append(f"{alike} of the training part {'is' if one.similar == 1 else 'are'} similar")
    if one.nearest is not None:
        who = (
            f"the nearest is participant {wording.plain(one.nearest.participant_id)}"
            if one.nearest.participant_id
            else "the nearest one"
        )
        parts.append(f"{who} (distance {one.nearest.gower:.3f} on a scale from 0, the same, to 1)")
    return "; ".join(parts) + "."


def stale(page: Page, answer: Answer) -> str | None:
    """Say so when data or classifier are not those that the answer was made with."""
    made_with = answer.provenance.get("sha256", {})
    if made_with.get("cohort") not in (None, page.required_cohort.data_sha256):
        return "The cohort’s data have changed since this answer was made; ask again to be up to date."
    if made_with.get("classifier") not in (None, page.classifier.sha256):
        return "The classifier was trained anew since this answer was made; ask again to be up to date."
    return None
