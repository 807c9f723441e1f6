"""Why the model predicts this: what each value adds to the risk, by whether it can be changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st
from plotly.subplots import make_subplots
from scipy.special import expit

from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.cohorts.encoding import Value
from sensecf_core.cohorts.schema import Schema
from sensecf_core.counterfactuals.checks.sentences import measure
from sensecf_core.counterfactuals.problem.constraints import is_actionable
from sensecf_core.types import Floats, Ints
from sensecf_core.ui.common import charts, data, row_wording, wording
from sensecf_core.ui.common.charts import Chart, Contribution
from sensecf_core.ui.common.drawings import DOWN, UP
from sensecf_core.ui.page.frame import Page

MOST_BARS = 9
"""Bars of the waterfall in log-odds."""
MOST_OF_A_KIND = 4
"""Bars of what can be changed, and of what cannot."""
CANCELLED = 1e-6
"""Sums of pushes nearer to zero than this, in log-odds, count as none."""
CHANGEABLE, FIXED = "Can be changed", "Cannot be changed"
BAR_PIXELS, HEAD_PIXELS = 34, 32


@dataclass(frozen=True)
class Drivers:
    """What each value adds to the risk of a row; ``order`` has the strongest first.

    Attributes
    ----------
    base : log-odds of the average row.
    labels : each feature with its value.
    values, points : what each adds, in log-odds and in points of 100, shape (features,).
    """

    base: float
    labels: list[str]
    values: Floats
    points: Floats
    order: Ints


def drivers(page: Page) -> Drivers:
    """What drives the prediction of the chosen row."""
    explanation = data.shap_values(page.required_cohort, page.classifier, page.row_key)
    values = np.asarray(explanation.values)[0]
    return Drivers(
        base=float(explanation.base),
        labels=_labels(page.required_cohort, page.values),
        values=values,
        points=points_of_risk(float(explanation.base), values),
        order=np.argsort(-np.abs(values), kind="stable"),
    )


def show(page: Page, found: Drivers) -> None:
    """Show which values raise and lower the chosen row's risk, in points of 100."""
    schema = page.required_cohort.schema
    with st.container(border=True, key="drivers", gap="xsmall"):
        st.header("What drives this prediction", anchor=False)
        sentence = _sentence(found.labels, found.values, found.order, schema)
        kinds = _kinds(schema, page.values, found)
        charts.show(pushes(kinds, sentence), "pushes")


def folds(page: Page, found: Drivers) -> None:
    """Offer every driver as a table, and the sum in log-odds; each is drawn once it is opened."""
    schema = page.required_cohort.schema
    with st.expander(
        "All drivers as a table", icon=":material/table_rows:", key="all_drivers", on_change="rerun"
    ) as fold:
        if fold.open:
            st.table(
                _table(found.labels, found.points, found.order),
                hide_index=True,
                alt="Every value and its push on the risk",
            )
            st.caption(
                "Pushes say what the model used, not what causes what. They are SHAP values: each one’s "
                f"share, in log-odds, of the way from the average {row_wording.singular(schema)}’s risk."
            )
    with st.expander(
        "In log-odds, as the model adds them up",
        icon=":material/waterfall_chart:",
        key="log_odds",
        on_change="rerun",
    ) as fold:
        if fold.open:
            _log_odds(found.base, found.labels, found.values, found.order, schema)


def points_of_risk(base: float, values: Floats) -> Floats:
    """Pushes in log-odds, shape (features,), as points of 100; they add up to the risk minus the base's.

    Each is its share of the sum in log-odds, which keeps order and sign. Where pushes cancel out, a point is
    worth what the slope of the curve says there.
    """
    total = float(values.sum())
    risk, average = expit(base + total), expit(base)
    slope = (risk - average) / total if abs(total) > CANCELLED else risk * (1 - risk)
    return np.asarray(100 * slope * values)


def _log_odds(base: float, labels: list[str], values: Floats, order: np.ndarray, schema: Schema) -> None:
    contributions = [
        Contribution(labels[i].replace(": ", "<br>", 1), float(values[i])) for i in order[:MOST_BARS]
    ]
    if len(order) > MOST_BARS:
        rest = float(values[order[MOST_BARS:]].sum())
        contributions.append(Contribution(f"{len(order) - MOST_BARS} others together", rest))
    sentence = (
        f"Further right is riskier; the dotted line is the average {row_wording.singular(schema)}, the solid "
        f"one {row_wording.this_row(schema)}."
    )
    charts.show(charts.waterfall(base, contributions, sentence), "waterfall")


def _kinds(
    schema: Schema, measured: Mapping[str, Value], found: Drivers
) -> dict[str, list[tuple[str, float]]]:
    """The strongest pushes of what can be changed under the cohort's own limits and of what cannot.

    What was not measured cannot.
    """
    kinds: dict[str, list[tuple[str, float]]] = {}
    labels, points, order = found.labels, found.points, found.order
    changeable = [
        is_actionable(feature, schema.default_limits) and measured[feature.name] is not None
        for feature in schema.features
    ]
    for title, wanted in ((CHANGEABLE, True), (FIXED, False)):
        chosen = [i for i in order if changeable[i] is wanted]
        most = len(chosen) if len(chosen) == MOST_OF_A_KIND + 1 else MOST_OF_A_KIND
        bars = [(labels[i], float(points[i])) for i in chosen[:most]]
        if rest := chosen[most:]:
            bars.append((f"{wording.counted(len(rest), 'other')} together", float(points[rest].sum())))
        if bars:
            kinds[title] = bars
    return kinds


def pushes(kinds: dict[str, list[tuple[str, float]]], sentence: str) -> Chart:
    """Draw pushes in points of risk around zero, one block a kind, the strongest on top.

    Each value stands below its name, so that a phone and a tablet's half have room for the bars.
    """
    counts = [len(bars) for bars in kinds.values()]
    figure = make_subplots(
        rows=len(kinds),
        cols=1,
        shared_xaxes=True,
        subplot_titles=list(kinds),
        row_heights=counts,
        vertical_spacing=HEAD_PIXELS / (BAR_PIXELS * sum(counts) + HEAD_PIXELS * len(counts)),
    )
    for row, bars in enumerate(kinds.values(), start=1):
        figure.add_trace(_bars(bars), row=row, col=1)
        figure.update_yaxes(autorange="reversed", automargin=True, showgrid=False, row=row, col=1)
    most = max((abs(push) for bars in kinds.values() for _, push in bars), default=1.0) or 1.0
    figure.update_xaxes(zeroline=True, range=[-1.8 * most, 1.8 * most])
    figure.update_xaxes(title="Points of risk, of 100", row=len(kinds), col=1)
    figure.update_annotations(x=0, xanchor="left", xref="paper", font={"size": 13, "color": charts.ink()})
    figure.update_layout(
        height=BAR_PIXELS * sum(counts) + HEAD_PIXELS * (len(counts) + 1),
        margin={"l": 8, "r": 16, "t": 30, "b": 8},
        showlegend=False,
    )
    return Chart(figure, sentence)


def _bars(bars: Sequence[tuple[str, float]]) -> go.Bar:
    """One bar a push; colour, hatching and arrow all say which way."""
    return go.Bar(
        orientation="h",
        y=[wording.html(label).replace(": ", "<br>", 1) for label, _ in bars],
        x=[push for _, push in bars],
        marker={
            "color": [UP if push > 0 else DOWN for _, push in bars],
            "pattern": {"shape": ["" if push > 0 else "/" for _, push in bars], "solidity": 0.25},
        },
        text=[_signed(push) for _, push in bars],
        textposition="outside",
        cliponaxis=False,
        hovertemplate="%{y}: %{text} of 100<extra></extra>",
    )


def _signed(push: float) -> str:
    """A push with its arrow: "▲ 4.1"; one that rounds to nothing has none."""
    text = f"{abs(push):.1f}"
    return text if text == "0.0" else f"{wording.arrow(push)} {text}"


def _labels(cohort: Cohort, values: dict[str, Value]) -> list[str]:
    return [f"{f.label}: {measure(f, values[f.name])}" for f in cohort.schema.features]


def _sentence(labels: list[str], values: Floats, order: np.ndarray, schema: Schema) -> str:
    noun = row_wording.singular(schema)
    raising = [labels[i] for i in order if values[i] > 0][:2]
    lowering = [labels[i] for i in order if values[i] < 0][:2]
    parts = [
        f"{wording.listed(names)} {'pushes' if len(names) == 1 else 'push'} the risk {way} most"
        for names, way in ((raising, "up"), (lowering, "down"))
        if names
    ] or ["nothing pushes the risk either way"]
    return f"Compared with the average {noun}, {'; '.join(parts)}."


def _table(labels: list[str], points: Floats, order: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Value": [wording.plain(labels[i]) for i in order],
            "Push, points of 100": [_signed(points[i]) for i in order],
            "Meaning": [
                "raises the risk" if points[i] > 0 else "lowers the risk" if points[i] < 0 else "no push"
                for i in order
            ],
        }
    )
