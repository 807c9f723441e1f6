"""An answer: its options as cards, how many candidates passed each check, and what to do next."""

from __future__ import annotations

import streamlit as st

from sensecf_core.cohorts.schema import Feature, Schema
from sensecf_core.queries.answer import Answer, BindingLimit, Change, Counterfactual, Trace
from sensecf_core.ui.common import data, drawings, row_wording, wording
from sensecf_core.ui.interventions import believed, evidence, lifting, limits_fields, options
from sensecf_core.ui.interventions.options import ShownOption
from sensecf_core.ui.page.frame import Page

HEADINGS = {
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
    st.header(heading(answer, page.required_cohort.schema))
    body(page, answer)


def say_explanation_only() -> None:
    """Say that options under contrast limits are not advice."""
    st.info(
        "Asked for explanation only: this is what would tip the model, not advice.", icon=":material/info:"
    )


def heading(answer: Answer, schema: Schema) -> str:
    """Say in a few words what was found."""
    count, noun = options.count(options.grouped(schema, answer)), wording.option_noun(answer.limits.profile)
    if count:
        return f"{wording.counted(count, noun)} found"
    return HEADINGS.get(answer.status, f"No {noun} found")


def body(page: Page, answer: Answer, key: str = "") -> None:
    """Show an answer's options and evidence; ``key`` keeps the widgets of several answers on a page apart."""
    schema = page.required_cohort.schema
    groups = options.grouped(schema, answer)
    st.caption(_summary(answer))
    if (warning := stale(page, answer)) is not None:
        st.warning(warning, icon=":material/history:")
    if not groups:
        _nothing(page, answer, key)
    else:
        _what_is_left(page, answer)
        if answer.limits.profile == "contrast":
            say_explanation_only()
    for group in groups:
        if group.heading:
            st.markdown(f"**{group.heading}**")
        for shown in group.options:
            _option(page, shown, key)
    for told in dict.fromkeys((*answer.notes, *(answer.behaviours.notes if answer.behaviours else ()))):
        st.caption(wording.plain(wording.labelled(schema, told)))
    if (note := fewer_than_asked(answer, options.count(groups))) is not None:
        st.caption(note)
    if groups:
        _lift(page, answer, key)
    if answer.behaviours is not None and answer.behaviours.trace.proposed:
        with st.expander("Evidence: what a person does, asked alone", icon=":material/directions_walk:"):
            evidence.funnel(answer.behaviours, schema, f"{key}_behaviours")
    evidence.show(answer, schema, key)


def _what_is_left(page: Page, answer: Answer) -> None:
    """Beside options: why a method stopped, that behaviours alone do nothing, and how far the line stays."""
    schema = page.required_cohort.schema
    for reason in answer.reasons:
        st.caption(wording.plain(wording.labelled(schema, reason)))
    alone = answer.behaviours
    if alone is not None and alone.status == "none" and alone.reasons:
        st.caption(wording.plain(wording.labelled(schema, f"Behaviours alone: {alone.reasons[0]}")))
    if answer.status == "found" and (gap := lifting.gap_text(answer)) is not None:
        st.markdown(gap)


def _lift(page: Page, answer: Answer, key: str) -> None:
    """Where nothing crosses the line, offer to lift the limits that hold it back, one by one."""
    lifting.buttons(page.required_cohort.schema, _binding(answer), key)


def fewer_than_asked(answer: Answer, shown: int) -> str | None:
    """Say why fewer options are ``shown`` than were asked for, and how to get others; None if enough are."""
    requested, passed = answer.settings.get("k"), answer.trace.plausible
    if not shown or requested is None or shown >= requested or answer.status != "found":
        return None
    asked = f"{requested} {wording.option_noun(answer.limits.profile)}s were asked for"
    subject = "it changes" if shown == 1 else "these change"
    others = f"For others, untick what {subject} under “What may change” and ask again."
    if answer.behaviours is not None and answer.behaviours.counterfactuals:
        return f"{asked}; no other different ones passed every check. {others}"
    candidates = _and_different(wording.counted(passed, "candidate"), answer.trace, "plausible")
    left_out = ", those on the line left out" if answer.trace.on_the_line else ""
    reason = (
        f"only {candidates} passed every check"
        if passed <= shown
        else f"the {candidates} that passed every check came down to {shown}, needless changes undone"
        + left_out
    )
    return f"{asked}: {reason}. {others}"


def _and_different(said: str, trace: Trace, step: str) -> str:
    """How many candidates, and how many of them are different, where that is fewer."""
    passed = getattr(trace, step)
    different = trace.different.get(step, passed)
    return said if different == passed else f"{said} ({different} different)"


def _summary(answer: Answer) -> str:
    trace = answer.trace
    parts = [wording.method_title(answer.method)]
    if model := answer.settings.get("model"):
        parts.append(str(model))
    if trace.proposed:
        valid = _and_different(f"{trace.valid} valid as they came", trace, "valid")
        valid_text = valid if evidence.checked(answer) else "none checked"
        parts.append(f"{wording.counted(trace.proposed, 'candidate')} proposed, {valid_text}")
        parts.append(wording.seconds(answer.seconds.total).replace(" ", wording.NO_BREAK))
    parts.append(f"asked {wording.moment(answer.created)}")
    return " · ".join(wording.plain(part) for part in parts)


def _nothing(page: Page, answer: Answer, key: str) -> None:
    schema = page.required_cohort.schema
    show_reasons = st.info if answer.status in ("already_desired", "cancelled") else st.warning
    text = "  \n".join(wording.plain(wording.labelled(schema, reason)) for reason in answer.reasons)
    show_reasons(text or heading(answer, schema), icon=":material/info:")
    _lift(page, answer, key)
    if answer.best is not None:
        with st.container(border=True):
            st.markdown(
                f"**The nearest that was found** would still not change the model's view: risk "
                f"**{wording.risk_change(answer.factual.probability, answer.best.probability)}**."
            )
            _changes(page, answer, answer.best.changes, {})
    if (advice := what_next(answer)) is not None:
        st.caption(advice)
    explained = answer.limits.profile == "contrast" or lifting.explains(_binding(answer))
    if not explained and answer.status in ("already_desired", "none"):
        offer_contrast(schema, key)


def _binding(answer: Answer) -> tuple[BindingLimit, ...]:
    return () if answer.feasibility is None else answer.feasibility.binding_limits


def what_next(answer: Answer) -> str | None:
    """Say what else may help if there is no option; None if the answer's reasons say it all."""
    limits = answer.limits
    if _binding(answer):  # a button each says it
        return None
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


def _option(page: Page, shown: ShownOption, key: str) -> None:
    schema, answer, option = page.required_cohort.schema, shown.answer, shown.option
    with st.container(border=True, key=f"option_{shown.number}{key}", gap="small"):
        st.subheader(
            f"{wording.option_noun(answer.limits.profile).capitalize()} {shown.number}: risk "
            f"{wording.risk_change(answer.factual.probability, option.probability)}"
        )
        believed.chip(page, answer, option)
        _changes(page, answer, option.changes, option.percentiles)
        st.markdown(
            f"{wording.counted(option.n_changed, 'change')} · {believed.second_text(page, answer, option)} · "
            f"{_retrained_text(page, option)}"
        )
        st.caption(_plausibility_text(schema, answer, option))
        st.markdown(f"> {wording.plain(option.sentence)}")
        for violation in option.violations:
            st.warning(wording.plain(wording.labelled(schema, violation)), icon=":material/warning:")


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
    rows = row_wording.plural(schema)
    beside = f"among {rows} with “{wording.plain(desired_class)}”"
    seldom = not (option.in_domain and option.lof_inlier)
    if option.similar == 0:
        first = f"are **unusual** {beside}" if seldom else f"keep to what occurs {beside}"
        parts = [f"These values together {first}, but none of them in the training part is similar"]
    else:
        parts = [f"These values together are {'**unusual**' if seldom else 'usual'} {beside}"]
    if option.similar:
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
