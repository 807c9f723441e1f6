"""What an experiment could hold and does not: larger language models, and generators that did not install."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sensecf_core.provenance import PROGRAM

_MODELS = (("biomistral-7b", "BioMistral-7B"), ("llama-3.1-8b-instruct", "LLaMA-3.1-8B"))
_NEEDS = "It needs a GPU (or much memory and patience) and its weights."

_GENERATORS = (
    ("CTGAN and TVAE (ctgan 0.12.1)", "Their package rdt 2.0.0 asks for pandas below 3."),
    ("Adversarial random forest (arfpy 0.1.1)", "It calls np.in1d, which numpy 2.4 no longer has."),
    ("ForestDiffusion 1.0.6", "It asks for xgboost with CUDA libraries, lightgbm and catboost."),
    ("TabPFN, TabICL and TabEBM", "They fetch weights from hubs that could not be reached."),
    ("synthcity 0.2.12", "It asks for torch below 2.3 with CUDA."),
)
"""Tried with Python 3.11, numpy 2.4 and pandas 3.1 in autumn 2026 (docs/augmentation.md)."""


def not_run(cohort: str, model: str | None) -> list[dict[str, Any]]:
    """Rows for the table "not run here": ``arm``, ``title``, ``why``, ``commands`` (none: it cannot be run).

    ``model`` is the language model of the run, which is then no part of the list.
    """
    return [
        *_models(cohort, model),
        *({"arm": None, "title": t, "why": w, "commands": []} for t, w in _GENERATORS),
    ]


def _models(cohort: str, model: str | None) -> Iterator[dict[str, Any]]:
    other = "nhanes" if cohort != "nhanes" else "heart"
    run = f"{PROGRAM} augment --cohort {cohort} --arms"
    for name, title in _MODELS:
        if name == model:
            continue
        yield {
            "arm": "lm-few-shot",
            "title": f"{title}, few-shot",
            "why": _NEEDS,
            "commands": [f"{run} lm-few-shot --model {name}"],
        }
        yield {
            "arm": "lm-transfer",
            "title": f"{title}, fine-tuned on another cohort",
            "why": _NEEDS,
            "commands": [
                f"{PROGRAM} finetune --cohort {other} --base {name} --minutes 60",
                f"{run} lm-transfer --model {name} --adapter {other}/{name}",
            ],
        }
    yield {
        "arm": "lm-few-shot",
        "title": "GPT-4, few-shot",
        "why": "Examples are other participants' rows, which SenseCF sends to no server.",
        "commands": [],
    }
