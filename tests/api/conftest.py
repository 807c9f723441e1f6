"""A frame, a cohort and a model of one's own, as a notebook has them."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import sensecf_core as sensecf
from tests.api.made_frames import WAYS, people


@pytest.fixture(scope="package")
def frame() -> pd.DataFrame:
    return people()


@pytest.fixture(scope="package")
def pipeline(frame: pd.DataFrame) -> Any:
    return make_pipeline(StandardScaler(), LogisticRegression()).fit(frame[list(WAYS)], frame["diabetes"])


@pytest.fixture(scope="package")
def cohort(frame: pd.DataFrame) -> sensecf.Cohort:
    return sensecf.Cohort.from_frame(frame, target="diabetes", participant="pid")


@pytest.fixture(scope="package")
def model(pipeline: Any, cohort: sensecf.Cohort) -> Any:
    return sensecf.wrap(pipeline, cohort, threshold=None)
