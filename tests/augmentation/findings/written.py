"""A cell of a summary, written by hand: figures that a reader can work out (tests only)."""

from __future__ import annotations

from typing import Any

from sensecf_core.augmentation.findings.cell_view import CellView

TITLES = {
    "scarce": {"group": "nothing added", "title": "scarce labels, nothing done"},
    "threshold": {"group": "nothing added", "title": "threshold at the known prevalence"},
    "weights": {"group": "nothing added", "title": "class weights"},
    "ridge": {"group": "nothing added", "title": "ridge regression instead"},
    "smotenc-panel": {"group": "resampled", "title": "SMOTENC, soft label of the panel"},
    "search-hard": {"group": "counterfactual", "title": "minimal counterfactuals, own hard label"},
    "search-panel": {"group": "counterfactual", "title": "minimal counterfactuals, soft label of the panel"},
    "search-full": {"group": "diagnostic", "title": "minimal counterfactuals, the full model's label"},
    "full": {"group": "diagnostic", "title": "all labels"},
}


def paired(mean: float, se: float = 0.002, wide: float = 2.8, repeats: int = 20) -> dict[str, Any]:
    """A paired difference: 2 standard errors either side, and ``wide`` times that for the corrected one."""
    return {
        "mean": mean,
        "se": se,
        "low": mean - 2 * se,
        "high": mean + 2 * se,
        "corrected_low": mean - 2 * wide * se,
        "corrected_high": mean + 2 * wide * se,
        "repeats": repeats,
    }


def lost(mean: float, se: float = 0.004) -> dict[str, Any]:
    return {**paired(mean, se), "lost": mean > max(2 * se, 0.02)}


def arm(**gains: Any) -> dict[str, Any]:
    """An arm's gains by measure, numbers or paired differences; its means are scarce plus gain."""
    found = {name: gain if isinstance(gain, dict) else paired(gain) for name, gain in gains.items()}
    means = {name: SCARCE[name] + gain["mean"] for name, gain in found.items()}
    return {"means": means, "gains": found, "recovery": {}, "labels_worth": None, "repeats": 20}


SCARCE = {"auroc": 0.70, "f1_half": 0.15, "f1_prevalence": 0.58, "f1_tuned": 0.57, "brier": 0.20}
LOSSES = {"auroc": 0.04, "f1_half": 0.37, "f1_prevalence": 0.03, "f1_tuned": 0.04, "brier": 0.01}


def cell(losses: dict[str, float] | None = None, **arms: Any) -> dict[str, Any]:
    """A cell of boosted trees; arms are given as :func:`arm` makes them."""
    losses = {**LOSSES, **(losses or {})}
    always = {"scarce": arm(**dict.fromkeys(SCARCE, 0.0)), "full": arm(**losses)}
    named = {name.replace("_", "-"): found for name, found in arms.items()}
    return {
        "scenario": "C",
        "removed": 0.9,
        "refused": [],
        "repeats": 20,
        "counts": {
            "train": {"zeros": 160, "ones": 89},
            "val": {"zeros": 53, "ones": 29},
            "removed": {"zeros": 1440, "ones": 796},
        },
        "students": {
            "trees": {
                "losses": {name: lost(mean) for name, mean in losses.items()},
                "arms": {**always, **named},
            }
        },
        "rows": {},
    }


def view(measure: str = "auroc", losses: dict[str, float] | None = None, **arms: Any) -> CellView:
    return CellView(cell(losses, **arms), TITLES, "trees", measure)
