"""What several methods change, side by side: agreement, a table by feature, a dumbbell chart."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from sensecf_core.cohorts.schema import Feature, Profile, Schema
from sensecf_core.counterfactuals.checks.sentences import follows_for, lower_first, measure
from sensecf_core.evaluation import side_by_side
from sensecf_core.evaluation.side_by_side import Agreement, Options, Way
from sensecf_core.queries.answer import Answer, Counterfactual
from sensecf_core.ui.common import browser, charts, data, wording
from sensecf_core.ui.common.charts import Dumbbells, Pair
from sensecf_core.ui.interventions import believed, lifting
from sensecf_core.ui.page.frame import Page

BEST, ALL = "First option of each", "All options"
STAYS = "–"


def show(page: Page, answers: Sequence[Answer], *, all_finished: bool) -> None:
    """Show what the methods that found an option change; ``all_finished``: no method is running."""
    schema = page.required_cohort.schema
    if not side_by_side.options(answers, best_only=True):
        if all_finished:
            _nothing(page, answers)
        return
    st.header("Where they agree")
    choice = st.radio("Compare", [BEST, ALL], horizontal=True, key="compare_options", persist_state="session")
    options = side_by_side.options(answers, best_only=choice != ALL)
    if choice == ALL:  # for the first options it is shown above
        st.markdown(f"**{wording.plain(finding(schema, options))}**")
    _agreement(schema, options)
    st.header("What each would change")
    if browser.on_phone():
        _by_feature(page, answers, options)
    else:
        _table(page, answers, options)
    _chart(page, options, _profile(answers))


def _nothing(page: Page, answers: Sequence[Answer]) -> None:
    """Say why there is nothing to compare: what the search before every method said, where one was made."""
    searched = next((answer for answer in answers if lifting.gap_text(answer) is not None), None)
    said = "No method found an option, so there is nothing to compare."
    if searched is None or searched.feasibility is None:
        st.info(
            f"{said} Try more candidates or other methods; or allow more features to move.",
            icon=":material/info:",
        )
        return
    st.info(f"{said} {lifting.gap_text(searched)}", icon=":material/info:")
    lifting.buttons(page.required_cohort.schema, searched.feasibility.binding_limits, "_all")


def finding(schema: Schema, options: Options) -> str:
    """Say in a sentence or two which features the methods agree on."""
    n = len(options)
    if n == 1:
        return "Only one method found an option, so there is nothing yet that it could agree with."
    shared = [agreement for agreement in side_by_side.agreement(schema, options) if len(agreement.ways) > 1]
    if not shared:
        return f"No two of the {n} methods change the same feature."
    most = len(shared[0].ways)
    strongest = [agreement for agreement in shared if len(agreement.ways) == most]
    labels = wording.listed(lower_first(schema.feature(agreement.feature).label) for agreement in strongest)
    others = len(shared) - len(strongest)
    rest = f" Fewer methods agree on {wording.counted(others, 'other feature')}." if others else ""
    if most < n and len(strongest) > 1:  # not always the same methods
        return f"{labels[0].upper()}{labels[1:]} are each changed by {most} of {n} methods.{rest}"
    who = f"{most} of {n} methods" if most < n else "Both methods" if n == 2 else f"All {n} methods"
    return f"{who} change {labels}.{rest}"


def _agreement(schema: Schema, options: Options) -> None:
    rows = []
    for agreement in side_by_side.agreement(schema, options):
        feature = schema.feature(agreement.feature)
        methods = wording.listed(wording.method_short(name) for name in agreement.ways)
        rows.append(
            {
                "Feature": wording.plain(feature.label),
                "Changed by": wording.plain(f"{len(agreement.ways)} of {len(options)}: {methods}"),
                "Which way": wording.plain(which_way(feature, agreement)),
            }
        )
    st.table(
        pd.DataFrame(rows),
        hide_index=True,
        alt="Which methods change each feature, and which way they move it",
    )


def which_way(feature: Feature, agreement: Agreement) -> str:
    """Say in which direction the methods move a feature: "▼ lower", or "▲ higher (2), ▼ lower (1)"."""
    binary = feature.kind == "binary"
    texts: dict[Way, str] = {
        "up": "to “yes”" if binary else "▲\u00a0higher",
        "down": "to “no”" if binary else "▼\u00a0lower",
        "other": "to another level" if feature.kind == "categorical" else "either way",
    }
    ways = [way for way in texts if way in agreement.ways.values()]
    if len(ways) == 1:
        return texts[ways[0]]
    return ", ".join(f"{texts[way]} ({list(agreement.ways.values()).count(way)})" for way in ways)


def _cell(feature: Feature, options: Options, method: str) -> str:
    changes = side_by_side.changes(options[method], feature.name)
    return " or ".join(wording.change(feature, change.before, change.after) for change in changes) or STAYS


def _risks(answers: Sequence[Answer], options: Options) -> dict[str, str]:
    return {
        answer.method: " or ".join(
            wording.risk_change(answer.factual.probability, option.probability)
            for option in options[answer.method]
        )
        for answer in answers
        if answer.method in options
    }


def _now(page: Page, feature: Feature, profile: Profile) -> str:
    """A feature's heading; a clinical value of a person is worded as what would have to follow."""
    reference = f" (reference {feature.reference.text})" if feature.reference is not None else ""
    return f"{_label(feature, profile)}, now {measure(feature, page.values[feature.name])}{reference}"


def _label(feature: Feature, profile: Profile) -> str:
    return f"If {lower_first(feature.label)} moved" if follows_for(feature, profile) else feature.label


def _in_order(page: Page, options: Options, profile: Profile) -> list[Feature]:
    """The features that any option changes: what a person does first, except for an explanation."""
    changed = side_by_side.features(page.required_cohort.schema, options)
    return sorted(changed, key=lambda feature: follows_for(feature, profile))


def _aligned(page: Page, answers: Sequence[Answer], options: Options) -> dict[str, dict[str, str]]:
    """The rows of the table: risk and grade, then each changed feature; row title → method → text."""
    profile = _profile(answers)
    grades = {method: _grades(found) for method, found in options.items()}
    return (
        {"Risk": _risks(answers, options)}
        | ({"Grade": grades} if any(text != STAYS for text in grades.values()) else {})
        | {
            _now(page, feature, profile): {method: _cell(feature, options, method) for method in options}
            for feature in _in_order(page, options, profile)
        }
    )


def _profile(answers: Sequence[Answer]) -> Profile:
    """The limits that every method was given."""
    return answers[0].limits.profile


def _grades(found: Sequence[Counterfactual]) -> str:
    """How far each option can be believed, in one cell."""
    return " or ".join(believed.GRADE_TITLES[option.grade] for option in found if option.grade) or STAYS


def _table(page: Page, answers: Sequence[Answer], options: Options) -> None:
    rows = [
        {"Feature": wording.plain(title)}
        | {wording.method_short(method): wording.plain(text) for method, text in cells.items()}
        for title, cells in _aligned(page, answers, options).items()
    ]
    st.table(
        pd.DataFrame(rows),
        hide_index=True,
        alt="What each method would change, one row a feature, one column a method",
    )
    st.caption(f"{STAYS} means that the method leaves the feature as it is.")


def _by_feature(page: Page, answers: Sequence[Answer], options: Options) -> None:
    """The same as the table for a narrow screen, with one block per feature."""
    for title, cells in _aligned(page, answers, options).items():
        changed = [
            f"{wording.plain(wording.method_short(method))}: **{wording.plain(text)}**"
            for method, text in cells.items()
            if text != STAYS
        ]
        with st.container(border=True, gap="xsmall"):
            st.markdown(f"**{wording.plain(title)}**")
            st.markdown("  \n".join(changed))


def _chart(page: Page, options: Options, profile: Profile) -> None:
    dumbbells, undrawn = [], []
    for feature in _in_order(page, options, profile):
        pairs = [pair for method in options if (pair := _pair(page, feature, options, method)) is not None]
        if pairs:
            heading = f"{_label(feature, profile)}, now {measure(feature, page.values[feature.name])}"
            dumbbells.append(Dumbbells(wording.html(heading), tuple(pairs)))
        else:
            undrawn.append(feature.label)
    if not dumbbells:
        return
    sentence = (
        "Filled dot: the value now. Ring: what a method would make of it. Each line runs from the training "
        "participants' 1st to their 99th percentile, or from the first level to the last."
    )
    if undrawn:
        sentence += f" Levels without an order are not drawn: {wording.listed(undrawn)}."
    st.subheader("How far would each value move?")
    charts.show(charts.dumbbell(dumbbells, sentence), "dumbbell")


def _pair(page: Page, feature: Feature, options: Options, method: str) -> Pair | None:
    changes = side_by_side.changes(options[method], feature.name)
    now = data.position_on_scale(page.required_cohort, feature, page.values[feature.name])
    then = [data.position_on_scale(page.required_cohort, feature, change.after) for change in changes]
    positions = tuple(position for position in then if position is not None)
    if now is None or not positions:
        return None
    new_values = wording.listed((measure(feature, change.after) for change in changes), "or")
    return Pair(wording.html(f"{wording.method_short(method)}: {new_values}"), now, positions)
