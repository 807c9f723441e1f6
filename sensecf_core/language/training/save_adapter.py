"""Writing an adapter's folder: weights in bfloat16, peft's configuration, the cards, the curve."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sensecf_core.access import people
from sensecf_core.language.local.lora import adapter_weights
from sensecf_core.language.models import default_model, registry
from sensecf_core.language.models.adapters import (
    ANY,
    CARD,
    CURVE,
    README,
    WEIGHTS,
    WISHES,
    Card,
    taught_by,
    weights_sha256,
)
from sensecf_core.language.training.config import Point
from sensecf_core.paths import replace_folder, write_whole

LIMITS_OF_USE = (
    "Research software, not a medical device. It proposes changes of a health profile after which one "
    "particular classifier would decide otherwise: associations that a model learned, not predicted effects "
    "of a change. Every proposal has to be checked, as SenseCF does."
)
LEARNED_FROM_ONE = "Trained on the rows of one cohort; it knows its feature names and ranges only."
LEARNED_FROM_INVENTED = "Trained on invented schemas alone; it chooses among changes whose worth it is told."
READS_WISHES = (
    "Research software, not a medical device. It reads limits out of what people say, and misreads some: "
    "every limit has to be shown and confirmed before it is used, as SenseCF does. Trained on generated "
    "English sentences about shipped and invented schemas; no row and no person takes part."
)


def save(peft: Any, folder: Path, card: dict[str, Any], curve: Sequence[Point]) -> Card:
    """Write an adapter; the folder appears complete or not at all. ``card`` lacks ``weights_sha256``.

    Whoever is at work owns it, also where ``card`` goes on from that of somebody else's adapter.
    """
    import torch
    from safetensors.torch import save_file

    folder.parent.mkdir(parents=True, exist_ok=True)
    part = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    weights = {name: t.to(torch.bfloat16).contiguous() for name, t in adapter_weights(peft).items()}
    save_file(weights, part / WEIGHTS, metadata={"format": "pt"})
    config = peft.peft_config["default"]
    config.base_model_name_or_path = card["base"]
    config.inference_mode = True
    config.save_pretrained(str(part))
    complete = Card.model_validate(
        {**card, "owner": people.current().login, "weights_sha256": weights_sha256(part)}
    )
    (part / CURVE).write_text(json.dumps([asdict(p) for p in curve], indent=1) + "\n", encoding="utf-8")
    write_cards(part, complete)
    replace_folder(part, folder)
    return complete


def write_cards(folder: Path, card: Card) -> None:
    """Write ``card.json`` and the README, a Hugging Face model card."""
    write_whole(folder / README, _readme(card))
    write_whole(folder / CARD, card.model_dump_json(indent=1) + "\n")


def _readme(card: Card) -> str:
    base, licence = _base(card.base)
    head = {
        "base_model": base,
        "library_name": "peft",
        "license": licence,
        "tags": ["counterfactual-explanations", "lora", card.cohort],
    }
    lines = ["---", *(f"{key}: {json.dumps(value)}" for key, value in head.items()), "---", ""]
    lines += [
        *_about(card),
        "",
        "## Limits of use",
        "",
        _limits_of_use(card),
        "",
        "## How well it reads" if card.cohort == WISHES else "## Raw rates, before any filter",
        "",
        *(_readings(card.rates) if card.cohort == WISHES else _rates(card.rates)),
        "",
        *_decisions(card.decisions),
        "## Made from",
        "",
        *_table([{"what": name, "value": value} for name, value in _origin(card).items()]),
        "",
        "## Training",
        "",
        *_table([{"setting": name, "value": value} for name, value in card.settings.items()]),
        "",
        "Spent on all stages, kept or not (what each read is under Rounds):",
        "",
        *_table([{"what": name, "value": value} for name, value in card.training.items()]),
        "",
    ]
    if card.rounds:
        lines += ["## Rounds", "", *_table(card.rounds), ""]
    return "\n".join(lines)


def _limits_of_use(card: Card) -> str:
    if card.cohort == WISHES:
        return READS_WISHES
    return f"{LIMITS_OF_USE} {LEARNED_FROM_INVENTED if card.cohort == ANY else LEARNED_FROM_ONE}"


def _decisions(found: dict[str, Any]) -> list[str]:
    """Say that an adapter learned from decisions, and what that brought on those that were held out."""
    if not found:
        return []
    return [
        "## Decisions",
        "",
        f"{taught_by(found)}; all are about options of training rows. It goes on from the adapter "
        f"{found['from']} ({found['from_sha256'][:12]}). `preferred`: the share of a question's pairs in "
        "which the kept option is likelier than the rejected one, as a mean over the questions about people "
        "who were held out of this training; `valid`: the share of a `val` query's raw candidates that are "
        "valid, as a mean over queries. With bootstrap 95 % intervals over people.",
        "",
        *_table([{"what": what, **found[what]} for what in ("preferred", "valid")]),
        "",
    ]


def _base(folder: str) -> tuple[str, str]:
    """Hub id and licence of a base model, by the name of its folder."""
    for spec in registry.registry().values():
        if not spec.is_remote and folder in (spec.name, Path(spec.source).name):
            original = default_model.ORIGINAL if spec.source == default_model.DEFAULT_MODEL else spec.source
            return original, spec.licence.lower()
    return folder, "not known"


def _origin(card: Card) -> dict[str, Any]:
    return {
        "base model (sha256)": card.base_sha256,
        "schema (sha256)": card.schema_sha256,
        "classifier (sha256)": card.classifier_sha256,
        "prompt template (sha256)": card.template_sha256,
        "pairs (sha256)": card.pairs_sha256,
        "adapter weights (sha256)": card.weights_sha256,
        "commit": card.provenance.get("commit"),
    }


def _about(card: Card) -> list[str]:
    """The title and the first sentence."""
    if card.cohort == WISHES:
        return [
            f"# SenseCF adapter {card.name} that reads wishes",
            "",
            f"A LoRA adapter that teaches {card.base} to read limits in people's own words, for any schema: "
            "made by SenseCF's `finetune --wishes`.",
        ]
    teaches = f"A LoRA adapter that teaches {card.base} to propose counterfactual changes"
    if card.cohort == ANY:
        return [
            f"# SenseCF adapter {card.name} for every cohort",
            "",
            f"{teaches} whose worth it is told, for any cohort: made by SenseCF's `finetune --any-cohort`.",
        ]
    return [
        f"# SenseCF adapter {card.name} for the cohort {card.cohort}",
        "",
        f"{teaches} for the cohort `{card.cohort}`: made by SenseCF's `finetune` from its `train` part only.",
    ]


def _readings(rows: Sequence[dict[str, Any]]) -> list[str]:
    return [
        "Shares of generated sentences of the part named, which it did not learn from, with bootstrap 95 % "
        "intervals over sentences. `exact`: exactly the limits that were meant. `wrong`: something is "
        "frozen, or let move, that was not said. `added`, `missed`: a limit too many, one too few. `told`: "
        "words about nothing in the schema are reported. Sentences that people wrote are harder "
        "(docs/wishes.md).",
        "",
        *_table(rows),
    ]


def _rates(rows: Sequence[dict[str, Any]]) -> list[str]:
    if not rows:
        return ["Not measured yet."]
    return [
        "Shares of sampled candidates, grammar on; on `test` with bootstrap 95 % intervals over people. "
        "`valid`, `solid`, `control_valid`, `any_valid` and `final_found` are over the queries that a wide "
        "search can answer (share: `answerable`; on `val`: that the pair search can answer), the others over "
        "all `queries`. `any_valid` is "
        "the share of queries with at least one valid candidate. `second_valid` and `third_valid`: by a "
        "logistic regression and a random forest that neither made nor filtered anything. `control_valid`: "
        "of uniform draws with as many changes. `random_…`, `nearest_pair_…` and `effects_…`: `valid` and "
        "`solid` of the controls, on the same queries; `credit`: `valid` minus that of the best control that "
        "knows as much, `credit_over`. `final_found`: queries with something to show after the "
        "checks, `final_found_first` without asking again; `final_changed` and `final_violations` are of "
        "what is shown.",
        "",
        *(line for part in dict.fromkeys(row.get("part") for row in rows) for line in _rates_of(part, rows)),
    ]


def _rates_of(part: str | None, rows: Sequence[dict[str, Any]]) -> list[str]:
    of_part = [row for row in rows if row.get("part") == part]
    commands = dict.fromkeys(row["command"] for row in of_part if "command" in row)
    lines = _table([{k: v for k, v in row.items() if k != "command"} for row in of_part])
    return [*lines, "", *(line for command in commands for line in (f"Made by `{command}`.", ""))]


def _table(rows: Sequence[dict[str, Any]]) -> list[str]:
    if not rows:
        return []
    names = list(dict.fromkeys(name for row in rows for name in row))
    lines = [f"| {' | '.join(names)} |", f"|{' --- |' * len(names)}"]
    return [*lines, *(f"| {' | '.join(_cell(row.get(name)) for name in names)} |" for row in rows)]


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, dict):
        return f"{_cell(value['value'])} ({_cell(value['low'])} to {_cell(value['high'])})"
    return f"{value:.3g}" if isinstance(value, float) else str(value)
