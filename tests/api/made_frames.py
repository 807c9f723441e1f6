"""Frames of made-up numbers, and what a user would ask of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

import sensecf_core as sensecf
from sensecf_core.queries.answer import Answer

WAYS = ("lean", "glucose", "steps", "pressure")


def people(n: int = 300, seed: int = 0) -> pd.DataFrame:
    """Made-up numbers of n people, one row each."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "pid": [str(93700 + number) for number in range(n)],
            "lean": rng.normal(size=n),
            "glucose": rng.normal(105, 15, n).round(),
            "steps": rng.integers(1000, 15000, n),
            "pressure": rng.normal(125, 14, n).round(1),
        }
    )
    score = frame["lean"] + (frame["glucose"] - 105) / 10 - (frame["steps"] - 8000) / 3000
    frame["diabetes"] = (score + rng.logistic(0, 0.7, n) > 0).astype(int)
    return frame


def flagged(model: Any, cohort: sensecf.Cohort) -> str:
    """Somebody of the test part whom the model puts in class 1."""
    test = cohort.part("test")
    return str(test.index[np.flatnonzero(model.predict(test))[0]][0])


def asked_directly(pipeline: Any, frame: pd.DataFrame, answer: Answer, ids: str = "pid") -> np.ndarray:
    """The model's own p(class 1) of the user's own row, with each counterfactual's changes written in."""
    row = frame[frame[ids].astype(str) == answer.participant_id].iloc[[0]]
    rows = pd.concat([row] * len(answer.counterfactuals)).drop(columns=[ids, "diabetes"])
    changes = answer.to_frame().drop(columns=["probability", "valid", "gower", "n_changed"])
    for name in changes:
        told = changes[name].notna().to_numpy()
        rows.iloc[told, rows.columns.get_loc(name)] = changes[name][told].to_numpy()
    return np.asarray(pipeline.predict_proba(rows)[:, 1])


class Plain:
    """Knows rows only; it cannot be cloned, and gives p(class 1) alone."""

    def predict_proba(self, rows: pd.DataFrame) -> np.ndarray:
        score = rows["lean"] + (rows["glucose"] - 105) / 10 - (rows["steps"] - 8000) / 3000
        return np.asarray(1 / (1 + np.exp(-2 * score)))
