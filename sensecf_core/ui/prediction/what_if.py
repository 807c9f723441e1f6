"""What if: change measurements by hand, recompute on one button, see both risks side by side."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import streamlit as st

from sensecf_core.cohorts.encoding import Value, to_code
from sensecf_core.cohorts.schema import Feature
from sensecf_core.counterfactuals.checks.sentences import measure
from sensecf_core.counterfactuals.problem.constraints import is_actionable
from sensecf_core.counterfactuals.problem.fitted_cohort import load_fitted
from sensecf_core.evaluation.score_rows import ChangedRow, score_rows
from sensecf_core.records import decisions
from sensecf_core.records.person_state import Decision, fold
from sensecf_core.ui.common import browser, drawings, row_wording, sensors, wording
from sensecf_core.ui.decisions import who
from sensecf_core.ui.page.frame import Page
from sensecf_core.ui.prediction import risk as prediction_risk

RESULT = "whatif_result"
"""Key of the container that shows both risks."""
_FILLED = "whatif_filled"
_CAME_FROM = "whatif_came_from"


def show(page: Page) -> None:
    """Show the form, and the model's risk for the values last submitted for this row."""
    schema = page.required_cohort.schema
    movable = [f for f in schema.features if is_actionable(f, "contrast") and page.values[f.name] is not None]
    missing = [
        f.label for f in schema.features if is_actionable(f, "contrast") and page.values[f.name] is None
    ]
    st.header("What if some measurements were different?")
    st.write(
        "Change one or more values, then recompute. This asks the model; it does not predict what a change "
        "does."
    )
    if not movable:
        st.info(
            f"Nothing that may be moved was measured for {row_wording.this_row(schema)}.",
            icon=":material/block:",
        )
        return
    with st.form(key=f"whatif_{'_'.join(page.row_key)}", border=True):
        new_values: dict[str, Value] = {}
        with st.grid("auto", min_column_width=230, gap="small"):
            for feature in movable:
                new_values[feature.name] = _field(feature, page.values[feature.name], page)
        if note := sensors.unit_note(page.required_cohort):
            st.caption(note)
        if missing:
            st.caption(f"Not measured, so not movable: {wording.plain(wording.listed(missing))}.")
        pressed = st.form_submit_button("Recompute", type="primary", icon=":material/calculate:")
    edits_by_row: dict[tuple[str, ...], dict[str, Value]] = st.session_state.setdefault("whatif", {})
    row = (schema.name, *page.row_key)
    if pressed:
        edits_by_row[row] = {name: value for name, value in new_values.items() if value != page.values[name]}
    if row in edits_by_row:
        _result(page, edits_by_row[row])
        if st.session_state.pop(_FILLED, None) == row:
            browser.bring_into_view(RESULT, f"{row}{edits_by_row[row]}")


def fill(page: Page, new_values: Mapping[str, Value], came_from: tuple[str, int]) -> None:
    """Fill in the form of the chosen row with these values, as if they had been recomputed (for callbacks).

    Features that they leave out go back to what was measured. ``came_from`` is the option that they are of:
    the id of its answer, and its number.
    """
    schema, row = page.required_cohort.schema, (page.required_cohort.schema.name, *page.row_key)
    edits = {name: value for name, value in new_values.items() if value != page.values[name]}
    for feature in schema.features:
        value = edits.get(feature.name, page.values[feature.name])
        if value is not None and is_actionable(feature, "contrast"):
            st.session_state[_key(page, feature)] = _shown(feature, value)
    st.session_state.setdefault("whatif", {})[row] = edits
    st.session_state.setdefault(_CAME_FROM, {})[row] = came_from
    st.session_state[_FILLED] = row


def _shown(feature: Feature, value: Value) -> Value:
    """A value as its field holds it."""
    if feature.named:
        return str(value)
    if feature.kind == "binary":
        return "yes" if value else "no"
    assert isinstance(value, int | float)
    return int(value) if feature.decimals == 0 else float(value)


def _key(page: Page, feature: Feature) -> str:
    return f"whatif_{page.required_cohort.schema.name}_{'_'.join(page.row_key)}_{feature.name}"


def _field(feature: Feature, value: Value, page: Page) -> Value:
    key = _key(page, feature)
    if feature.named:
        index = feature.levels.index(str(value))
        return st.selectbox(feature.label, feature.levels, index, key=key, persist_state="session")
    if feature.kind == "binary":
        chosen = st.selectbox(feature.label, ("no", "yes"), int(value or 0), key=key, persist_state="session")
        return int(chosen == "yes")
    assert isinstance(value, int | float) and feature.valid is not None
    unit = f" ({feature.unit})" if feature.unit else ""
    number = int if feature.decimals == 0 else float
    low, high = feature.valid
    chosen_number = st.number_input(
        f"{feature.label}{unit}",
        number(low),
        number(high),
        number(value),
        number(feature.grid) if feature.grid >= 1 or number is float else 1,
        format=f"%.{feature.decimals}f" if number is float else "%d",
        key=key,
        persist_state="session",
        help=_ranges(feature),
    )
    return None if chosen_number is None else round(chosen_number, feature.decimals)


def _ranges(feature: Feature) -> str:
    assert feature.valid is not None
    text = f"Possible: {wording.span(feature, *feature.valid)}."
    if feature.suggest is not None:
        text += f" Suggestions stay within {wording.span(feature, *feature.suggest)}."
    if feature.reference is not None:
        text += f" Reference: {feature.reference.text}."
    return wording.plain(text)


def _result(page: Page, edits: dict[str, Value]) -> None:
    schema = page.required_cohort.schema
    if not edits:
        st.info("Nothing was changed yet: change a value and recompute.", icon=":material/edit:")
        return
    outside = _outside(page, edits)
    if outside:
        st.error(wording.plain(outside), icon=":material/error:")
        return
    codes = {name: to_code(schema.feature(name), value) for name, value in edits.items()}
    scored = score_rows(load_fitted(schema.name), [ChangedRow(*page.row_key, codes)])[0]
    before, after = page.risk, float(scored["probability"])
    with st.container(border=True, key=RESULT):
        st.subheader(f"Risk {wording.risk_change(before, after)}")
        st.markdown(_verdict(page, before, after, float(scored["second_judge_probability"])))
        with st.container(horizontal=True, gap="large"):
            for title, risk, colour in (
                ("As measured", before, drawings.UP),
                ("With your changes", after, drawings.UP if after >= before else drawings.DOWN),
            ):
                with st.container(width=220):
                    st.markdown(f"**{title}**: {wording.of_100(risk)}")
                    meaning = f"{title}, {schema.task.class_1}"
                    prediction_risk.icons(risk, meaning, colour, noun=row_wording.plural(schema))
        st.markdown("\n".join(f"- {_change(schema.feature(n), page.values[n], v)}" for n, v in edits.items()))
        for violation in scored["violations"]:
            text = wording.plain(wording.labelled(schema, violation))
            st.warning(f"Beyond the limits or rules: {text}", icon=":material/warning:")
        if not scored["violations"]:
            st.caption("These changes break no rule and no limit of this cohort.")
        origins: dict[tuple[str, ...], tuple[str, int]] = st.session_state.get(_CAME_FROM, {})
        if (origin := origins.get((schema.name, *page.row_key))) is not None:
            _keep(page, origin[0], origin[1], edits)


def _keep(page: Page, answer_id: str, number: int, edits: dict[str, Value]) -> None:
    """Offer to keep the option that the form was filled in with under the values that it has now."""
    person = fold(decisions.of_person(page.required_cohort.schema.name, page.row_key[0]))
    for kept in person.kept:
        if (kept.answer_id, kept.option, kept.edited) == (answer_id, number, edits):
            st.caption(f"Kept in place of option {number} by {wording.plain(kept.who)}.")
            break
    else:
        who.button(
            f"Keep in place of option {number}",
            f"keep_edited_{number}_{answer_id}",
            ":material/bookmark_add:",
            partial(_keep_edited, answer_id, number, edits),
            "Stays linked to the option; these values are not graded.",
        )
    st.page_link(
        "pages/3_Interventions.py",
        label="Back to the options",
        icon=":material/arrow_back:",
        query_params={"answer": answer_id},
    )


def _keep_edited(answer_id: str, number: int, edits: dict[str, Value], by: str) -> Decision:
    return decisions.edit(answer_id, number, edits, by=by)


def _outside(page: Page, edits: dict[str, Value]) -> str | None:
    """Say which value is empty or outside its possible range (browsers usually prevent it); else None."""
    for name, value in edits.items():
        feature = page.required_cohort.schema.feature(name)
        if value is None:
            return f"{feature.label} is empty; give it a value."
        if feature.valid and not feature.valid[0] <= float(value) <= feature.valid[1]:
            possible = wording.span(feature, *feature.valid)
            return f"{feature.label} can only be {possible}, got {measure(feature, value)}."
    return None


def _change(feature: Feature, before: Value, after: Value) -> str:
    return f"{wording.plain(feature.label)}: **{wording.plain(wording.change(feature, before, after))}**"


def _verdict(page: Page, before: float, after: float, second: float) -> str:
    threshold = page.classifier.threshold
    flagged_before, flagged_after = before >= threshold, after >= threshold
    text = {
        (True, False): "The model would **no longer flag**",
        (False, True): "The model **would flag**",
        (True, True): "The model would **still flag**",
        (False, False): "The model would **still not flag**",
    }[flagged_before, flagged_after]
    agrees = (second >= page.classifier.second_threshold) == flagged_after
    return (
        f"{text} {row_wording.this_row(page.required_cohort.schema)}: it flags from "
        f"{wording.of_100(threshold)}, and this risk is {wording.distance(after, threshold)}. "
        f"A second, simpler model {'agrees' if agrees else '**disagrees**'} ({wording.of_100(second)})."
    )
