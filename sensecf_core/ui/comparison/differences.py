"""What several methods change, side by side: agreement, a table aligned by feature, a dumbbell chart."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from sensecf_core.cohorts.schema import Feature, Schema
from sensecf_core.counterfactuals.checks.sentences import lower_first, measure
from sensecf_core.evaluation import side_by_side
from sensecf_core.evaluation.side_by_side import Agreement, Options, Way
from sensecf_core.queries.answer import Answer
from sensecf_core.ui.common import browser, charts, wording
from sensecf_core.ui.common.charts import Dumbbells, Pair
from sensecf_core.ui.interventions import scale
from sensecf_core.ui.page.frame import Page

BEST, ALL = "First option of each", "All options"
STAYS = "–"


def show(page: Page, answers: Sequence[Answer], *, all_in: bool) -> None:
    """Show what the methods that found an option change; ``all_in``: no method is at work any more."""
    schema = page.required_cohort.schema
    if not side_by_side.options(answers, best_only=True):
        if all_in:
            st.info(
                "No method found an option, so there is nothing to compare. Try more changes, more "
                "candidates or other methods; or allow more features to move.",
                icon=":material/info:",
            )
        return
    st.header("Where they agree")
    which = st.radio("Compare", [BEST, ALL], horizontal=True, key="compare_options", persist_state="session")
    found = side_by_side.options(answers, best_only=which != ALL)
    if which == ALL:  # of the best options it is said above
        st.markdown(f"**{wording.plain(finding(schema, found))}**")
    _agreement(schema, found)
    st.header("What each would change")
    if browser.on_phone():
        _by_feature(page, answers, found)
    else:
        _table(page, answers, found)
    _chart(page, found)


def finding(schema: Schema, found: Options) -> str:
    """Say in a sentence or two which features the methods agree on."""
    n = len(found)
    if n == 1:
        return "Only one method found an option, so there is nothing yet that it could agree with."
    shared = [one for one in side_by_side.agreement(schema, found) if len(one.ways) > 1]
    if not shared:
        return f"No two of the {n} methods change the same feature."
    most = len(shared[0].ways)
    named = [one for one in shared if len(one.ways) == most]
    labels = wording.listed(lower_first(schema.feature(one.feature).label) for one in named)
    also = len(shared) - len(named)
    more = f" Fewer methods agree on {wording.counted(also, 'other feature')}." if also else ""
    if most < n and len(named) > 1:  # not always the same methods
        return f"{labels[0].upper()}{labels[1:]} are each changed by {most} of {n} methods.{more}"
    who = f"{most} of {n} methods" if most < n else "Both methods" if n == 2 else f"All {n} methods"
    return f"{who} change {labels}.{more}"


def _agreement(schema: Schema, found: Options) -> None:
    rows = []
    for one in side_by_side.agreement(schema, found):
        feature = schema.feature(one.feature)
        methods = wording.listed(wording.method_short(name) for name in one.ways)
        rows.append(
            {
                "Feature": wording.plain(feature.label),
                "Changed by": wording.plain(f"{len(one.ways)} of {len(found)}: {methods}"),
                "Which way": wording.plain(which_way(feature, one)),
            }
        )
    st.table(
        pd.DataFrame(rows),
        hide_index=True,
        alt="Which methods change each feature, and which way they move it",
    )


def which_way(feature: Feature, one: Agreement) -> str:
    """Say which way the methods move a feature: "▼ lower", or "▲ higher (2), ▼ lower (1)"."""
    binary = feature.kind == "binary"
    said: dict[Way, str] = {
        "up": "to “yes”" if binary else "▲\u00a0higher",
        "down": "to “no”" if binary else "▼\u00a0lower",
        "other": "to another level" if feature.kind == "categorical" else "either way",
    }
    ways = [way for way in said if way in one.ways.values()]
    if len(ways) == 1:
        return said[ways[0]]
    return ", ".join(f"{said[way]} ({list(one.ways.values()).count(way)})" for way in ways)


def _cell(feature: Feature, found: Options, method: str) -> str:
    moved = side_by_side.changes(found[method], feature.name)
    return " or ".join(wording.change(feature, one.before, one.after) for one in moved) or STAYS


def _risks(answers: Sequence[Answer], found: Options) -> dict[str, str]:
    return {
        answer.method: " or ".join(
            wording.risk_change(answer.factual.probability, one.probability) for one in found[answer.method]
        )
        for answer in answers
        if answer.method in found
    }


def _now(page: Page, feature: Feature) -> str:
    reference = f" (reference {feature.reference.text})" if feature.reference is not None else ""
    return f"{feature.label}, now {measure(feature, page.values[feature.name])}{reference}"


def _aligned(page: Page, answers: Sequence[Answer], found: Options) -> dict[str, dict[str, str]]:
    """What stands beside what: the risk, then each feature that any method changes → method → words."""
    features = side_by_side.features(page.required_cohort.schema, found)
    return {"Risk": _risks(answers, found)} | {
        _now(page, feature): {method: _cell(feature, found, method) for method in found}
        for feature in features
    }


def _table(page: Page, answers: Sequence[Answer], found: Options) -> None:
    rows = [
        {"Feature": wording.plain(title)}
        | {wording.method_short(method): wording.plain(text) for method, text in cells.items()}
        for title, cells in _aligned(page, answers, found).items()
    ]
    st.table(
        pd.DataFrame(rows),
        hide_index=True,
        alt="What each method would change, one row a feature, one column a method",
    )
    st.caption(f"{STAYS} means that the method leaves the feature as it is.")


def _by_feature(page: Page, answers: Sequence[Answer], found: Options) -> None:
    """The same as the table, one block a feature, for a narrow screen."""
    for title, cells in _aligned(page, answers, found).items():
        changed = [
            f"{wording.plain(wording.method_short(method))}: **{wording.plain(text)}**"
            for method, text in cells.items()
            if text != STAYS
        ]
        with st.container(border=True, gap="xsmall"):
            st.markdown(f"**{wording.plain(title)}**")
            st.markdown("  \n".join(changed))


def _chart(page: Page, found: Options) -> None:
    drawn, left_out = [], []
    for feature in side_by_side.features(page.required_cohort.schema, found):
        pairs = [pair for method in found if (pair := _pair(page, feature, found, method)) is not None]
        if pairs:
            now = f"{feature.label}, now {measure(feature, page.values[feature.name])}"
            drawn.append(Dumbbells(wording.html(now), tuple(pairs)))
        else:
            left_out.append(feature.label)
    if not drawn:
        return
    sentence = (
        "Filled dot: the value now. Ring: what a method would make of it. Each line runs from the training "
        "participants' 1st to their 99th percentile, or from the first level to the last."
    )
    if left_out:
        sentence += f" Levels without an order are not drawn: {wording.listed(left_out)}."
    st.subheader("How far would each value move?")
    charts.show(charts.dumbbell(drawn, sentence), "dumbbell")


def _pair(page: Page, feature: Feature, found: Options, method: str) -> Pair | None:
    moved = side_by_side.changes(found[method], feature.name)
    now = scale.place(page, feature, page.values[feature.name])
    then = [scale.place(page, feature, change.after) for change in moved]
    known = tuple(place for place in then if place is not None)
    if now is None or not known:
        return None
    reached = wording.listed((measure(feature, change.after) for change in moved), "or")
    return Pair(wording.html(f"{wording.method_short(method)}: {reached}"), now, known)
