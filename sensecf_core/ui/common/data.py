"""What pages show of a cohort and its classifier, cached by content hashes (never by whole tables)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from sensecf_core.aireadi.cohort import from_release
from sensecf_core.classifiers import store
from sensecf_core.classifiers.classifier import Classifier
from sensecf_core.classifiers.shap_values import ShapValues, shap_values as shap_values_
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.cohorts.domain import Domain, out_of_range
from sensecf_core.cohorts.encoding import Codes, Value, to_code, to_codes, to_values
from sensecf_core.cohorts.feature import Feature
from sensecf_core.counterfactuals.checks.red_flags import raised_flags, red_flags
from sensecf_core.counterfactuals.feasibility import cohort_map
from sensecf_core.datasets import registry
from sensecf_core.types import Floats, Ints, Mask, People, RowKey

RELEASE = "AI-READI release on this machine"
"""Title of a release whose own description cannot be read."""


def title_unread(name: str) -> str:
    """Return what to call a cohort that cannot be loaded."""
    return RELEASE if name == from_release.NAME else name


def one_row(cohort: Cohort, key: RowKey) -> pd.DataFrame:
    """Return the row ``key`` as a table of one row."""
    return cohort.rows.loc[[key]]


def risks(cohort: Cohort, classifier: Classifier) -> Floats:
    """Return p(class 1) of every row of a cohort, in cohort order, computed once per classifier."""
    return np.asarray(_risks(cohort.schema.name, cohort.data_sha256, classifier.sha256))


def feasible(cohort: Cohort, classifier: Classifier, profile: str) -> pd.DataFrame | None:
    """Return what is feasible towards the desired class, by row key; None without a map of this content."""
    frame = _feasible(cohort.schema.name, cohort.data_sha256, classifier.sha256)
    if frame is None:
        return None
    lines = frame[(frame["profile"] == profile) & (frame["desired"] == cohort.schema.task.desired)]
    return lines.set_index(list(cohort.rows.index.names))


def with_options(cohort: Cohort, classifier: Classifier) -> Mask:
    """Which rows have a solid option under the cohort's own limits, by the map; none without a map."""
    lines = feasible(cohort, classifier, cohort.schema.default_limits)
    if lines is None:
        return np.zeros(len(cohort.rows), dtype=bool)
    solid = lines.index[(lines["cross"] == "solid") | (lines["lower"] == "solid")]
    return np.asarray(cohort.rows.index.isin(solid))


def outside_counts(cohort: Cohort) -> Ints:
    """How many values of each row lie outside their reference range, shape (rows,)."""
    return _findings(cohort.schema.name, cohort.data_sha256, cohort.schema.limits_sha256)[0]


def red_flag_labels(cohort: Cohort) -> People:
    """The labels of each row's red flags, empty for most, shape (rows,)."""
    return _findings(cohort.schema.name, cohort.data_sha256, cohort.schema.limits_sha256)[1]


def risk_interval(cohort: Cohort, classifier: Classifier, key: RowKey) -> tuple[float, float]:
    """Return the central 90 % range of one row's risk over the bootstrap refits."""
    return _interval(cohort.schema.name, cohort.data_sha256, classifier.sha256, key)


def shap_values(cohort: Cohort, classifier: Classifier, key: RowKey) -> ShapValues:
    """Return one row's SHAP values in log-odds, values of shape (1, features)."""
    return _shap_values(cohort.schema.name, cohort.data_sha256, classifier.sha256, key)


def whole_domain(cohort: Cohort) -> Domain:
    """Return the ranges and percentiles of all rows of a cohort."""
    return _domain(cohort.schema.name, cohort.data_sha256, "all")


def training_domain(cohort: Cohort) -> Domain:
    """Return the ranges of the training rows, from which limits are derived."""
    return _domain(cohort.schema.name, cohort.data_sha256 + cohort.split_sha256, "train")


def position_on_scale(cohort: Cohort, feature: Feature, value: Value) -> float | None:
    """Position of a value from 0 to 1; numbers may lie beyond.

    Numbers are scaled between the training rows' 1st and 99th percentile, ordered levels from first to last,
    binary values from no to yes. None for values that were not measured and levels without an order.
    """
    if value is None or feature.kind == "categorical":
        return None
    low, high = 0.0, float(len(feature.levels) - 1) if feature.named else 1.0
    if not feature.named and feature.kind != "binary":
        domain, position = training_domain(cohort), cohort.schema.positions[feature.name]
        low, high = float(domain.low[position]), float(domain.high[position])
    code = to_code(feature, value)
    if not low < high or math.isnan(code):
        return None
    return (code - low) / (high - low)


def codes(cohort: Cohort, key: RowKey) -> Codes:
    """Return one row's codes, shape (features,)."""
    return np.asarray(to_codes(cohort.schema, one_row(cohort, key))[0])


def card(cohort: Cohort) -> dict[str, Any] | None:
    """Return the classifier's card, or None if there is no classifier."""
    return store.card(cohort) if store.ready(cohort) else None


@st.cache_data(max_entries=16, show_spinner="Judging every row once …")
def _risks(name: str, data_sha256: str, classifier_sha256: str) -> Floats:
    cohort = registry.load(name)
    return np.asarray(store.load(cohort).predict_proba(cohort.rows))


@st.cache_data(max_entries=16, show_spinner=False)
def _feasible(name: str, data_sha256: str, classifier_sha256: str) -> pd.DataFrame | None:
    return cohort_map.read(registry.load(name)).frame


@st.cache_data(max_entries=16, show_spinner=False)
def _findings(name: str, data_sha256: str, limits_sha256: str) -> tuple[Ints, People]:
    cohort = registry.load(name)
    codes = to_codes(cohort.schema, cohort.rows)
    labels = np.full(len(codes), "", dtype=object)
    for row in np.flatnonzero(raised_flags(cohort.schema, codes).any(axis=1)):
        flags = red_flags(cohort.schema, to_values(cohort.schema, codes[row]))
        labels[row] = "; ".join(flag.label for flag in flags)
    return np.abs(out_of_range(cohort.schema, codes)).sum(axis=1), labels


@st.cache_data(max_entries=512, show_spinner=False)
def _interval(name: str, data_sha256: str, classifier_sha256: str, key: RowKey) -> tuple[float, float]:
    cohort = registry.load(name)
    low, high = store.load(cohort).interval(one_row(cohort, key))[0]
    return float(low), float(high)


@st.cache_data(max_entries=512, show_spinner="Asking what drives this prediction …")
def _shap_values(name: str, data_sha256: str, classifier_sha256: str, key: RowKey) -> ShapValues:
    cohort = registry.load(name)
    return shap_values_(store.load(cohort), one_row(cohort, key))


@st.cache_resource(max_entries=32, show_spinner=False)
def _domain(name: str, content: str, rows: str) -> Domain:
    cohort = registry.load(name)
    table = cohort.rows if rows == "all" else cohort.part("train")
    return Domain.fit(cohort.schema, to_codes(cohort.schema, table))
