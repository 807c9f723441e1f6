"""One option as a card: what would change, the risk before and after, its grade, what to do with it, why."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from sensecf_core.cohorts.feature import Feature
from sensecf_core.cohorts.schema import Schema
from sensecf_core.counterfactuals.checks.sentences import risk
from sensecf_core.queries.answer import Answer, Change, Counterfactual, Effort
from sensecf_core.queries.methods import BY_HAND
from sensecf_core.records.kept_options import KeptOption
from sensecf_core.records.person_state import Decision
from sensecf_core.ui.common import data, drawings, row_wording, wording
from sensecf_core.ui.decisions import effort, tried, verdict
from sensecf_core.ui.interventions import believed
from sensecf_core.ui.page import keyboard
from sensecf_core.ui.page.frame import Page


def show(
    page: Page,
    asked: Answer,
    shown: KeptOption,
    decided: Decision | None,
    key: str,
    *,
    own_effort: Mapping[str, Effort],
    with_keys: bool = False,
) -> None:
    """Show one option of the answer ``asked``, with what was ``decided`` about it last.

    ``own_effort`` is how hard somebody said that changes are for the person, by feature.
    ``with_keys``: single keys keep it, reject it and open it in what-if.
    """
    schema, answer, option = page.required_cohort.schema, shown.answer, shown.option
    with st.container(border=True, key=f"option_{shown.number}{key}", gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.subheader(title(shown), anchor=False, width="content")
            believed.badge(answer, option)
            risk_bar(schema, answer.factual.probability, option.probability, answer.threshold)
        st.markdown(wording.plain(shown.in_words(schema)))
        for violation in option.violations:
            st.warning(wording.plain(wording.labelled(schema, violation)), icon=":material/warning:")
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
            verdict.show(schema, asked.answer_id, shown, decided, key, with_keys=with_keys)
            if answer.limits.profile != "contrast":
                effort.show(page.required_cohort, asked, shown, own_effort, key)
            _try(page, asked.answer_id, shown, f"try_{shown.number}{key}", with_keys=with_keys)
            why = f"why_{shown.number}{key}"
            with st.popover("Why believe it?", icon=":material/help:", key=why):
                _why(page, answer, option)
        if decided is not None and (reason := verdict.why(schema, decided)) is not None:
            st.caption(reason)


def title(shown: KeptOption) -> str:
    """The heading of an option: its number, and the risk before and after."""
    answer = shown.answer
    change = wording.risk_change(answer.factual.probability, shown.option.probability, answer.threshold)
    if shown.answer.method == BY_HAND:
        return f"Own {wording.option_noun(shown.answer.limits.profile)}: risk {change}"
    return f"{wording.option_noun(shown.answer.limits.profile).capitalize()} {shown.number}: risk {change}"


def risk_bar(schema: Schema, before: float, after: float, threshold: float) -> None:
    """Show two risks on a line from 0 to 100, with the line from which the model flags."""
    st.image(
        drawings.risk_change(before, after, threshold),
        width=170,
        alt=f"Risk of {schema.task.label} from 0 to 100: now {risk(before)}, then {risk(after)}; "
        f"the line is at {risk(threshold)}.",
    )
    st.caption(f"line {risk(threshold)}", width="content")


def changes(page: Page, answer: Answer, moved: dict[str, Change], percentiles: dict[str, float]) -> None:
    """Show changes one by one, with their places on the cohort's scale; what a person does comes first."""
    schema, profile = page.required_cohort.schema, answer.limits.profile
    names = [name for name in moved if name in schema.positions]
    if profile != "contrast":
        names.sort(key=lambda name: schema.feature(name).role != "behaviour")
    for name in names:
        feature, change = schema.feature(name), moved[name]
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


def _try(page: Page, answer_id: str, shown: KeptOption, key: str, *, with_keys: bool) -> None:
    """Open What-if, filled in with an option's values."""
    pressed = st.button(
        "What-if",
        icon=":material/tune:",
        key=key,
        shortcut=keyboard.letter(keyboard.WHAT_IF) if with_keys else None,
        help="Edit it, or try it: What-if opens, filled in with these values.",
        on_click=tried.open_anew,
        args=((page.required_cohort.schema.name, *page.row_key),),
    )
    if pressed:
        named = {"answer": answer_id, "option": str(shown.number)}
        st.switch_page("pages/8_What-if.py", query_params=page.choice.carried | named)


def _why(page: Page, answer: Answer, option: Counterfactual) -> None:
    """What an option's grade rests on, each change on the cohort's scale, and who is like that."""
    schema = page.required_cohort.schema
    if option.grade is not None:
        st.markdown(believed.grounds(option, answer.goal.kind, refits=len(page.classifier.refits)))
    changes(page, answer, option.changes, option.percentiles)
    st.markdown(
        f"{wording.counted(option.n_changed, 'change')} · {believed.second_text(page, answer, option)} · "
        f"{_retrained_text(page, option)}"
    )
    st.caption(plausibility_text(schema, answer, option))


def _retrained_text(page: Page, option: Counterfactual) -> str:
    """Say how the retrained models see an option, and from which risk they flag."""
    threshold = wording.of_100(page.classifier.threshold)
    assert option.interval is not None  # pages show classifiers that were trained here, which have refits
    interval = wording.interval(*option.interval)
    return f"range when the model is retrained: {interval} of 100 (90 %; flagged from {threshold})"


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


def plausibility_text(schema: Schema, answer: Answer, option: Counterfactual) -> str:
    """Say whether an option's values are usual together, and how many people of the data are like that."""
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
