"""An adapter folder written by hand, as fine-tuning would leave it (without real weights)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.language.models import adapters, default_model
from sensecf_core.language.models.adapters import CARD, CURVE, WEIGHTS, Card
from sensecf_core.language.prompts.fine_tuned import TUNED_SHA256

BASE_SHA256 = "b" * 64
CLASSIFIER = "c" * 64


def rate(limits: str, desired: int, valid: float, temperature: float = 0.8) -> dict[str, Any]:
    return {
        "part": "val",
        "temperature": temperature,
        "limits": limits,
        "desired": desired,
        "readable": 1.0,
        "within_limits": 0.93,
        "valid": valid,
        "any_valid": 0.95,
        "distinct": 0.72,
        "changed": 2.31,
        "gower": 0.0421,
        "seconds": 1.92,
        "queries": 12,
    }


def _round(number: int, queries: int, val: float, ended: str) -> dict[str, Any]:
    measured = {"val": val, "changed": 2.14, "gower": 0.0314}
    learned_from = {"kind": "best" if number else "pairs", "queries": queries, "answers": 3 * queries}
    outcome = {"plain_tokens": 9 * queries, "ended": ended, "kept": True}
    return {"round": number, **learned_from, **measured, **outcome}


def card(cohort: Cohort, name: str, **changed: Any) -> Card:
    fields = {
        "name": name,
        "cohort": cohort.schema.name,
        "base": default_model.DEFAULT_MODEL,
        "base_sha256": default_model.status().sha256 or BASE_SHA256,
        "schema_sha256": cohort.schema.sha256,
        "classifier_sha256": CLASSIFIER,
        "template_sha256": TUNED_SHA256,
        "pairs_sha256": "d" * 64,
        "weights_sha256": "e" * 64,
        "temperature": 0.8,
        "pairs": {"answers": 5123, "queries": 1834, "participants": 917},
        "settings": {
            "rank": 8,
            "learning_rate": 0.002,
            "source": "shap",
            "minutes": 40.0,
            "most_pairs": None,
        },
        "training": {"steps": 412, "tokens": 612_345, "seconds": 2400, "last_loss": 0.312},
        "rounds": (
            _round(0, 1834, 0.71, "budget"),
            _round(1, 2134, 0.78, "no better validation"),
        ),
        "rates": (
            rate("intervention", 0, 0.7, 1.0),
            rate("contrast", 1, 0.5, 1.0),
            rate("intervention", 0, 0.82),
            rate("contrast", 0, 0.9),
            rate("contrast", 1, 0.68),
        ),
        "provenance": {"commit": "4a61593" + "0" * 33},
    }
    return Card.model_validate(fields | changed)


def write(cohort: Cohort, name: str = "trial", *, target: Path | None = None, **changed: Any) -> Path:
    """Write an adapter of one's own (or into ``place``) and return its folder."""
    folder = target or adapters.own_folder(cohort, name)
    folder.mkdir(parents=True)
    (folder / WEIGHTS).write_bytes(b"nothing that loads")
    (folder / CARD).write_text(card(cohort, name, **changed).model_dump_json(), encoding="utf-8")
    curve = [
        {"step": 100, "tokens": 150_000, "seconds": 400.0, "loss": 1.91, "score": 0.31},
        {"step": 200, "tokens": 300_000, "seconds": 800.0, "loss": 0.62, "score": 0.66},
        {"step": 330, "tokens": 490_000, "seconds": 1300.0, "loss": 0.4, "score": 0.71},
        {"step": 82, "tokens": 122_345, "seconds": 330.0, "loss": 0.31, "score": 0.78},
    ]
    (folder / CURVE).write_text(json.dumps(curve), encoding="utf-8")
    return folder
