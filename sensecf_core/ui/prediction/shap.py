"""Why the model predicts this: SHAP values of one row as a waterfall chart and as a table."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.cohorts.encoding import Value
from sensecf_core.cohorts.schema import Schema
from sensecf_core.counterfactuals.checks.sentences import measure
from sensecf_core.ui.common import charts, data, row_wording, wording
from sensecf_core.ui.common.charts import Contribution
from sensecf_core.ui.page.frame import Page

MOST_BARS = 9


def show(page: Page) -> None:
    """Show which features raise and lower the chosen row's score."""
    explanation = data.shap_values(page.required_cohort, page.classifier, page.row_key)
    values = np.asarray(explanation.values)[0]
    order = np.argsort(-np.abs(values), kind="stable")
    labels = _labels(page.required_cohort, page.values)
    with st.container(border=True, key="drivers"):
        st.header("What drives this prediction")
        contributions = [
            Contribution(labels[i].replace(": ", "<br>", 1), float(values[i])) for i in order[:MOST_BARS]
        ]
        rest = float(values[order[MOST_BARS:]].sum())
        if len(order) > MOST_BARS:
            contributions.append(Contribution(f"{len(order) - MOST_BARS} others together", rest))
        charts.show(
            charts.waterfall(
                float(explanation.base),
                contributions,
                _sentence(labels, values, order, page.required_cohort.schema),
            ),
            "waterfall",
        )
        with st.expander("All drivers as a table", icon=":material/table_rows:"):
            st.table(
                _table(labels, values, order), hide_index=True, alt="Every feature and its push on the score"
            )
            st.caption(
                "Pushes are SHAP values in log-odds. They say what the model used, not what causes what."
            )


def _labels(cohort: Cohort, values: dict[str, Value]) -> list[str]:
    return [f"{f.label}: {measure(f, values[f.name])}" for f in cohort.schema.features]


def _sentence(labels: list[str], values: np.ndarray, order: np.ndarray, schema: Schema) -> str:
    noun = row_wording.singular(schema)
    raising = [labels[i] for i in order if values[i] > 0][:2]
    lowering = [labels[i] for i in order if values[i] < 0][:2]
    parts = [
        f"{wording.listed(names)} {'pushes' if len(names) == 1 else 'push'} the risk {way} most"
        for names, way in ((raising, "up"), (lowering, "down"))
        if names
    ] or ["nothing pushes the risk either way"]
    return (
        f"Compared with the average {noun}, {'; '.join(parts)}. Further right is riskier; the dotted line "
        f"is the average {noun}, the solid one {row_wording.this_row(schema)}."
    )


def _table(labels: list[str], values: np.ndarray, order: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Feature": [wording.plain(labels[i]) for i in order],
            "Push": [f"{wording.arrow(values[i])} {abs(values[i]):.2f}" for i in order],
            "Meaning": [
                "raises the risk" if values[i] > 0 else "lowers the risk" if values[i] < 0 else "no push"
                for i in order
            ],
        }
    )
