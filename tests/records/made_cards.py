"""A classifier's card, as far as exports read it."""

from __future__ import annotations

from sensecf_core.types import Json

CARD: Json = {
    "parts": {"test": {"participants": 829}},
    "metrics": {
        "auroc": {"value": 0.756, "low": 0.726, "high": 0.787},
        "calibration_slope": {"value": 1.131, "low": 0.957, "high": 1.344},
    },
    "reliability": [
        {"mean_predicted": 0.06, "observed": {"value": 0.01, "low": 0.0, "high": 0.04}},
        {"mean_predicted": 0.17, "observed": {"value": 0.25, "low": 0.16, "high": 0.34}},
        {"mean_predicted": 0.9, "observed": None},
    ],
    "cross_fitted": None,
}
