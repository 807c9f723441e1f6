"""How good the classifier is: its card with held-out figures, reliability curve, subgroups and row flow."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from sensecf_core.classifiers import store
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.errors import NotReadyError
from sensecf_core.types import Json
from sensecf_core.ui.common import charts, row_wording, wording
from sensecf_core.ui.prediction import behaviour_note

PART_NAMES = {"train": "Training", "val": "Validation", "test": "Test"}
METRICS = {
    "auroc": ("AUROC", "chance that {one} with it is ranked above one without; 0.5 is guessing"),
    "average_precision": (
        "Average precision",
        "how pure the top of the ranking is; the base rate is guessing",
    ),
    "f1": ("F1", "balance of found and falsely flagged {rows} at the threshold"),
    "balanced_accuracy": ("Balanced accuracy", "mean share judged right among those with and without it"),
    "sensitivity": ("Sensitivity", "share of {rows} with it that are flagged"),
    "specificity": ("Specificity", "share of {rows} without it that are not flagged"),
    "brier": ("Brier score", "mean squared error of the risk; smaller is better"),
    "calibration_slope": ("Calibration slope", "1 is right; below 1 the risks are too extreme"),
    "calibration_intercept": ("Calibration intercept", "0 is right; above 0 the risks are too low"),
}


def show(cohort: Cohort) -> None:
    """Show the card of a cohort's classifier."""
    try:
        card = store.card(cohort)
    except NotReadyError as error:
        st.warning(wording.message(str(error)), icon=":material/badge:")
        return
    test = card["parts"]["test"]
    st.caption(
        f"Measured on {wording.counted(test['participants'], 'person', 'people')} that the model never saw "
        f"({_prevalence_text(cohort, test['prevalence'])}). In brackets: 95 % bootstrap interval."
    )
    # With a third column the table is wider than half a page, and scrolling it would need a mouse.
    wide = bool(card.get("cross_fitted"))
    left, right = (st.container(), st.container()) if wide else st.columns(2, gap="medium")
    with left:
        _metrics(cohort, card)
    with right:
        _reliability(cohort, card)
    for group in card.get("left_out", ()):
        _left_out(cohort, group, card)
    behaviour_note.show(cohort)
    if card.get("subgroups"):
        with st.expander("Performance by subgroup", icon=":material/diversity_3:"):
            _subgroups(cohort, card)
    if cohort.schema.subgroups:
        with st.expander("Train/test split", icon=":material/call_split:"):
            _part_composition(cohort)
    with st.expander("Where the rows come from", icon=":material/account_tree:"):
        _flow(cohort, card)


def _prevalence_text(cohort: Cohort, prevalence: float) -> str:
    """Say how many rows are of class 1: "38 of 100 have it", or "of their days 38 of 100 have it"."""
    prefix = "" if cohort.schema.row_column is None else f"of their {row_wording.plural(cohort.schema)} "
    return f"{prefix}{wording.of_100(prevalence)} have it"


def _meanings(cohort: Cohort) -> str:
    row = "person" if cohort.schema.row_column is None else wording.plain(cohort.schema.row_label)
    names = {"one": f"a {row}", "rows": row_wording.plural(cohort.schema)}
    return "\n".join(f"- **{title}**: {meaning.format(**names)}." for title, meaning in METRICS.values())


def _metrics(cohort: Cohort, card: Json) -> None:
    main, second = card["metrics"], card["second_judge"]["metrics"]
    cross_fitted = card.get("cross_fitted")
    rows = []
    for name, (title, _) in METRICS.items():
        if name not in main:
            continue
        row = {"Measure": title, "This model": number(main[name]), "Second model": number(second.get(name))}
        if cross_fitted:
            row[f"This model, {cross_fitted['folds']}-fold"] = number(cross_fitted["metrics"].get(name))
        rows.append(row)
    st.table(pd.DataFrame(rows), hide_index=True, border="horizontal", alt="Quality of the classifier")
    with st.expander("What these measures mean", icon=":material/help:"):
        st.markdown(_meanings(cohort))
    if cross_fitted:
        st.caption(
            f"The held-out part is small, so the {cross_fitted['folds']}-fold column judges all "
            f"{wording.count(cross_fitted['n'])} rows, each by a model that never saw it."
        )


def _reliability(cohort: Cohort, card: Json) -> None:
    bins = [point for point in card["reliability"] if point["observed"]]
    points = [
        {
            "predicted": point["mean_predicted"],
            "observed": point["observed"]["value"],
            "low": point["observed"]["low"],
            "high": point["observed"]["high"],
            "n": point["n"],
        }
        for point in bins
    ]
    worst = max((abs(p["predicted"] - p["observed"]) for p in points), default=0.0)
    noun = row_wording.plural(cohort.schema)
    sentence = (
        f"Calibration: {wording.counted(len(points), 'group')} of held-out {noun} by "
        f"predicted risk; observed shares differ from it by at most {round(100 * worst)} of 100. "
        "On the dotted line both agree."
    )
    charts.show(charts.reliability(points, sentence, noun), "reliability")


def _subgroups(cohort: Cohort, card: Json) -> None:
    noun = row_wording.plural(cohort.schema)
    rows = [
        {
            "Group": wording.plain(f"{group['label']}: {group['level']}"),
            noun.capitalize(): wording.count(group["n"]),
            "With the outcome": "–" if group["prevalence"] is None else wording.of_100(group["prevalence"]),
            "AUROC": number(group["auroc"]),
            "Sensitivity": number(group["sensitivity"]),
            "Specificity": number(group["specificity"]),
        }
        for group in card["subgroups"]
    ]
    st.table(pd.DataFrame(rows), hide_index=True, border="horizontal", alt="Quality by subgroup")
    st.caption(f"– means too few {noun} to say. Wide brackets mean that a difference may be chance.")


def _left_out(cohort: Cohort, group: Json, card: Json) -> None:
    """Say how much of the ranking depends on features that nearly determine the outcome."""
    rows = [{"Judged": f"held-out {row_wording.plural(cohort.schema)}", **_compared(group)}]
    if cross_fitted := group.get("cross_fitted"):
        rows.append({"Judged": f"everyone, {card['cross_fitted']['folds']}-fold", **_compared(cross_fitted)})
    st.subheader(f"How good is it without {wording.plain(group['label'])}?")
    st.table(pd.DataFrame(rows), hide_index=True, border="horizontal", alt=f"AUROC without {group['label']}")
    st.caption(wording.plain(group["text"]))


def _compared(numbers: Json) -> dict[str, str]:
    names = {"auroc": "AUROC with", "auroc_without": "AUROC without", "difference": "Difference"}
    return {title: number(numbers[name]) for name, title in names.items()}


def _part_composition(cohort: Cohort) -> None:
    """Show each subgroup's share of participants in each part, since the split may not be balanced."""
    people = cohort.subgroups.assign(part=cohort.parts).groupby(level=0, sort=False).first()
    rows = []
    for subgroup in cohort.schema.subgroups:
        shares = pd.crosstab(people[subgroup.name], people["part"], normalize="columns")
        for level in subgroup.levels:
            share_by_part = shares.loc[level] if level in shares.index else {}
            cells = {
                name: wording.of_100(float(share_by_part.get(part, 0.0))) for part, name in PART_NAMES.items()
            }
            rows.append({"Group": wording.plain(f"{subgroup.label}: {level}"), **cells})
    st.table(
        pd.DataFrame(rows), hide_index=True, border="horizontal", alt="Participants of each part by group"
    )
    st.caption(
        "Shares of participants. Where they differ between the parts, figures of the test part are about a "
        "different mix of people than the classifier has learned from."
    )


def _flow(cohort: Cohort, card: Json) -> None:
    flow = pd.DataFrame(
        {
            "Step": [wording.plain(step.text) for step in cohort.flow],
            "Rows": [wording.count(step.rows) for step in cohort.flow],
        }
    )
    st.table(flow, hide_index=True, border="horizontal", alt="How the rows came about, step by step")
    parts = ", ".join(f"{name} {wording.count(part['rows'])}" for name, part in card["parts"].items())
    st.caption(f"Parts by participant: {parts}. {wording.plain(' '.join(cohort.schema.provenance.notes))}")


def number(measured: Json | None) -> str:
    """Write a card's number with its interval: "0.75 (0.72–0.78)"; "–" where there is none."""
    if measured is None:
        return "–"
    value, low, high = (f"{measured[key]:.2f}".replace("-", "−") for key in ("value", "low", "high"))
    return f"{value}{wording.NO_BREAK}({low}{wording.JOINER}–{wording.JOINER}{high})"
