"""An answer: its options as cards, how many candidates passed each check, and what to do next."""

from __future__ import annotations

from typing import Literal

import streamlit as st

from sensecf_core.cohorts.schema import Feature, Schema
from sensecf_core.queries.answer import Answer, Change, Counterfactual
from sensecf_core.ui.common import data, drawings, row_wording, wording
from sensecf_core.ui.interventions import evidence, limits_fields
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
    """Show an answer about the chosen row under a heading."""
    st.header(heading(answer))
    body(page, answer)


def say_explanation_only() -> None:
    """Say that options under contrast limits are not advice."""
    st.info(
        "Asked for explanation only: this is what would tip the model, not advice.", icon=":material/info:"
    )


def heading(answer: Answer) -> str:
    """Say in a few words what was found."""
    count, noun = len(answer.counterfactuals), wording.option_noun(answer.limits.profile)
    if answer.status == "none":
        return f"No {noun} found"
    return f"{wording.counted(count, noun)} found" if count else HEADINGS[answer.status]


def body(page: Page, answer: Answer, key: str = "") -> None:
    """Show an answer's options and evidence; ``key`` keeps the widgets of several answers on a page apart."""
    schema = page.required_cohort.schema
    count = len(answer.counterfactuals)
    st.caption(_summary(answer))
    if (warning := stale(page, answer)) is not None:
        st.warning(warning, icon=":material/history:")
    if answer.status != "found" or not count:
        _nothing(page, answer, key)
    else:
        for reason in answer.reasons:
            st.caption(wording.plain(wording.labelled(schema, reason)))
        if answer.limits.profile == "contrast":
            say_explanation_only()
    for heading, options in _groups(schema, answer):
        if heading:
            st.markdown(f"**{heading}**")
        for number, counterfactual in options:
            _option(page, answer, number, counterfactual, key)
    for told in answer.notes:
        st.caption(wording.plain(wording.labelled(schema, told)))
    if (note := fewer_than_asked(answer)) is not None:
        st.caption(note)
    evidence.show(answer, schema, key)


def _groups(schema: Schema, answer: Answer) -> tuple[tuple[str, tuple[tuple[int, Counterfactual], ...]], ...]:
    """Numbered options, those of behaviours alone first; with headings where there are both kinds."""
    numbered = tuple(enumerate(answer.counterfactuals, start=1))
    if answer.limits.profile == "contrast":
        return (("", numbered),)
    alone = tuple(pair for pair in numbered if not _clinical(schema, pair[1]))
    others = tuple(pair for pair in numbered if _clinical(schema, pair[1]))
    if not (alone and others):
        return (("", numbered),)
    return (wording.GROUP_BEHAVIOUR, alone), (wording.GROUP_CLINICAL, others)


def _clinical(schema: Schema, option: Counterfactual) -> bool:
    """Whether an option moves anything that a person does not do."""
    known = (schema.feature(name) for name in option.changes if name in schema.positions)
    return any(feature.role != "behaviour" for feature in known)


def fewer_than_asked(answer: Answer) -> str | None:
    """Say why an answer has fewer options than were asked for, and how to get others; None if it has not."""
    shown, requested, passed = len(answer.counterfactuals), answer.settings.get("k"), answer.trace.plausible
    if not shown or requested is None or shown >= requested or answer.status != "found":
        return None
    candidates = wording.counted(passed, "candidate")
    left_out = ", those on the line left out" if answer.trace.on_the_line else ""
    reason = (
        f"only {candidates} passed every check"
        if passed <= shown
        else f"the {candidates} that passed every check came down to {shown}, needless changes undone"
        + left_out
    )
    subject = "it changes" if shown == 1 else "these change"
    return (
        f"{requested} {wording.option_noun(answer.limits.profile)}s were asked for: {reason}. "
        f"For others, untick what {subject} under “What may change” and ask again."
    )


def _summary(answer: Answer) -> str:
    trace = answer.trace
    parts = [wording.method_title(answer.method)]
    if model := answer.settings.get("model"):
        parts.append(str(model))
    if trace.proposed:
        valid_text = f"{trace.valid} valid as they came" if evidence.checked(answer) else "none checked"
        parts.append(f"{wording.counted(trace.proposed, 'candidate')} proposed, {valid_text}")
        parts.append(wording.seconds(answer.seconds.total).replace(" ", wording.NO_BREAK))
    parts.append(f"asked {wording.moment(answer.created)}")
    return " · ".join(wording.plain(part) for part in parts)


def _nothing(page: Page, answer: Answer, key: str) -> None:
    schema = page.required_cohort.schema
    show_reasons = st.info if answer.status in ("already_desired", "cancelled") else st.warning
    text = "  \n".join(wording.plain(wording.labelled(schema, reason)) for reason in answer.reasons)
    show_reasons(text or heading(answer), icon=":material/info:")
    if answer.best is not None:
        with st.container(border=True):
            st.markdown(
                f"**The nearest that was found** would still not change the model's view: risk "
                f"**{wording.risk_change(answer.factual.probability, answer.best.probability)}**."
            )
            _changes(page, answer, answer.best.changes, {})
    if (advice := what_next(answer)) is not None:
        st.caption(advice)
    if answer.limits.profile != "contrast" and answer.status in ("already_desired", "none"):
        offer_contrast(schema, key)


def what_next(answer: Answer) -> str | None:
    """Say what else may help if there is no option; None if the answer's reasons say it all."""
    limits = answer.limits
    if answer.status == "none" and (limits.frozen or limits.ranges or limits.levels):
        return "Allow more features to move, or widen their ranges, and ask again."
    return NEXT_STEPS.get(answer.status)


def offer_contrast(schema: Schema, key: str = "") -> None:
    """Offer to ask for an explanation instead: what would change the prediction, in any direction."""
    st.button(
        "Ask what would tip the prediction (explanation only)",
        icon=":material/compare_arrows:",
        key=f"offer_contrast{key}",
        on_click=limits_fields.ask_at_once,
        args=(schema, "contrast"),
        help="Asks again with the limits “Explanation only”.",
    )


def _option(page: Page, answer: Answer, number: int, option: Counterfactual, key: str) -> None:
    schema = page.required_cohort.schema
    with st.container(border=True, key=f"option_{number}{key}", gap="small"):
        st.subheader(
            f"{wording.option_noun(answer.limits.profile).capitalize()} {number}: risk "
            f"{wording.risk_change(answer.factual.probability, option.probability)}"
        )
        _changes(page, answer, option.changes, option.percentiles)
        st.markdown(
            f"{wording.counted(option.n_changed, 'change')} · {_second_model_text(page, answer, option)} · "
            f"{_retrained_text(page, option)}"
        )
        st.caption(_plausibility_text(schema, answer, option))
        st.markdown(f"> {wording.plain(option.sentence)}")
        for violation in option.violations:
            st.warning(wording.plain(wording.labelled(schema, violation)), icon=":material/warning:")


def _second_model_text(page: Page, answer: Answer, option: Counterfactual) -> str:
    """Say how the second model sees an option, and whether it saw the same before any change."""
    verdict = second_model_verdict(page, answer, option)
    if verdict == "as before":
        before = wording.of_100(_second_before(page))
        return f":material/remove_done: The second model said so before any change ({before})"
    risk = wording.of_100(option.second_judge_probability)
    if verdict == "disagrees":
        return f":material/warning: The second model **disagrees** ({risk})"
    return f":material/done_all: The second model agrees ({risk})"


def second_model_verdict(
    page: Page, answer: Answer, option: Counterfactual
) -> Literal["agrees", "disagrees", "as before"]:
    """Whether the second model predicts the desired class; "as before" if it did without any change."""
    if not option.second_judge_agrees:
        return "disagrees"
    class_before = int(_second_before(page) >= page.classifier.second_threshold)
    return "as before" if class_before == answer.desired else "agrees"


def _second_before(page: Page) -> float:
    return float(page.classifier.second_probability(data.one_row(page.required_cohort, page.row_key))[0])


def _retrained_text(page: Page, option: Counterfactual) -> str:
    """Say how the retrained models see an option, and from which risk they flag."""
    threshold = wording.of_100(page.classifier.threshold)
    assert option.interval is not None  # pages show classifiers that were trained here, which have refits
    interval = wording.interval(*option.interval)
    return f"nine of ten retrained models say {interval} of 100 (flagged from {threshold})"


def _changes(page: Page, answer: Answer, changes: dict[str, Change], percentiles: dict[str, float]) -> None:
    schema, profile = page.required_cohort.schema, answer.limits.profile
    names = [name for name in changes if name in schema.positions]
    if profile != "contrast":  # what a person does comes first
        names.sort(key=lambda name: schema.feature(name).role != "behaviour")
    for name in names:
        feature, change = schema.feature(name), changes[name]
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            text = wording.plain(wording.change(feature, change.before, change.after))
            label = wording.change_label(feature, change.before, change.after, profile)
            st.markdown(f"{wording.plain(label)}  \n**{text}**", width=225)
            if (positions := _track_positions(page, feature, change)) is not None:
                st.image(drawings.track(*positions), width=180, alt=_track_text(feature, change))
            if name in percentiles:
                st.caption(
                    f"{wording.percentile(percentiles[name])}",
                    width="content",
                    help="Place of the new value among the training rows.",
                )


def _track_positions(page: Page, feature: Feature, change: Change) -> tuple[float, float] | None:
    """Positions of both values between the training rows' 1st and 99th percentile, 0 to 1."""
    if feature.named or feature.kind == "binary":
        return None
    before, after = (
        data.position_on_scale(page.required_cohort, feature, value)
        for value in (change.before, change.after)
    )
    return None if before is None or after is None else (before, after)


def _track_text(feature: Feature, change: Change) -> str:
    text = wording.change(feature, change.before, change.after)
    return f"{feature.label} on a line from low to high in this cohort: {text}."


def _plausibility_text(schema: Schema, answer: Answer, option: Counterfactual) -> str:
    desired_class = schema.task.class_1 if answer.desired else schema.task.class_0
    usual = "usual" if option.in_domain and option.lof_inlier else "**unusual**"
    rows = row_wording.plural(schema)
    parts = [f"These values together are {usual} among {rows} with “{wording.plain(desired_class)}”"]
    if option.similar is not None:
        similar = row_wording.counted_data_rows(schema, option.similar)
        parts.append(f"{similar} of the training part {'is' if option.similar == 1 else 'are'} similar")
    if option.nearest is not None:
        nearest = (
            f"the nearest is participant {wording.plain(option.nearest.participant_id)}"
            if option.nearest.participant_id
            else "the nearest one"
        )
        parts.append(f"{nearest} (distance {option.nearest.gower:.3f} on a scale from 0, the same, to 1)")
    return "; ".join(parts) + "."


def stale(page: Page, answer: Answer) -> str | None:
    """Say so if data, classifier or limits have changed since the answer was made; else None."""
    made_with = answer.provenance.get("sha256", {})
    if made_with.get("cohort") not in (None, page.required_cohort.data_sha256):
        return "The cohort’s data have changed since this answer was made; ask again to be up to date."
    if made_with.get("classifier") not in (None, page.classifier.sha256):
        return "The classifier was trained anew since this answer was made; ask again to be up to date."
    if "schema" in made_with and made_with.get("limits") != page.required_cohort.schema.limits_sha256:
        return "The cohort’s limits have changed since this answer was made; ask again to be up to date."
    return None
