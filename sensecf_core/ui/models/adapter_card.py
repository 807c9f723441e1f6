"""The card of an adapter: its rates, its origin, its learning curve, its rounds."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.language.models.adapters import CURVE, Adapter, Card, taught_by
from sensecf_core.ui.common import charts, wording
from sensecf_core.ui.common.widgets import facts_table
from sensecf_core.ui.models import adapter_rates

ENDED = {"budget": "time used", "no better validation": "no longer improved"}
LEARNED_FROM = {
    "pairs": "answers of a search",
    "best": "its own accepted answers",
    "preference": "accepted against rejected",
    "decisions": "kept against rejected by people",
}
Row = Mapping[str, Any]
_Series = tuple[str, str, Sequence[float | None], tuple[str, float] | None, int]
"""Title, what it is, its values, the level of the control, decimals."""


@dataclass(frozen=True)
class CurvePoint:
    """One point of a learning curve: tokens read, mean loss per answer token, raw validity and solidity.

    Both are shares, 0 to 1.
    """

    tokens: int
    loss: float | None
    validity: float | None
    solid: float | None = None


def show(cohort: Cohort, adapter: Adapter) -> None:
    """Show everything that is known about an adapter."""
    card = adapter.card
    adapter_rates.show(cohort, card)
    if card.decisions:
        st.caption(wording.plain(decisions_text(card)))
    _curve(adapter)
    if card.rounds:
        st.markdown("**Rounds**")
        _table([_round(row) for row in card.rounds], f"Rounds of {card.name}")
        st.caption(
            "Valid: raw validity on val. Round 0 learns from the answers of a search; later rounds also from "
            "the model's own checked answers. Tokens count the prompt again for each answer."
        )
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown("**Made from**")
        _pairs(card)
        facts_table(_origin(card), f"What {card.name} was made from")
    with right:
        st.markdown("**Settings**")
        facts_table(_settings(card), f"Settings of {card.name}")
    st.caption(f"Its folder: {wording.plain(str(adapter.folder))}, with a model card for other programs.")


def decisions_text(card: Card) -> str:
    """Say of an adapter that learned from decisions how many, from which adapter, and what they brought."""
    found = card.decisions

    def change(what: str) -> str:
        before, after, difference = (found[what][name] for name in ("before", "after", "difference"))
        if after["value"] is None:
            return "not measured"
        low, high = difference["low"], difference["high"]
        between = "" if low is None else f", difference {100 * low:+.0f} to {100 * high:+.0f} points (95 %)"
        return f"{before['value']:.0%} before, {after['value']:.0%} after{between}"

    questions = wording.counted(found["questions"]["held_out"], "question")
    return (
        f"{taught_by(found)}. It goes on from {found['from']}. Pairs of a question in which the kept option "
        f"is the likelier one, mean of {questions} about people held out: {change('preferred')}. "
        f"Valid raw candidates of a query, mean on val: {change('valid')}."
    )


def learning_curve(folder: Path) -> tuple[CurvePoint, ...]:
    """Read an adapter's learning curve, with tokens counted on over the rounds; empty if it is damaged."""
    try:
        points = json.loads((folder / CURVE).read_text(encoding="utf-8"))
        curve, tokens_before, previous = [], 0, 0
        for point in points:
            tokens = int(point["tokens"])
            if tokens < previous:
                tokens_before += previous
            previous = tokens
            solid = point.get("rates", {}).get("solid")
            curve.append(
                CurvePoint(
                    tokens=tokens_before + tokens,
                    loss=_finite(point["loss"]),
                    validity=_finite(point.get("score")),
                    solid=_finite(solid),
                )
            )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return ()
    return tuple(curve)


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _curve(adapter: Adapter) -> None:
    points, name = learning_curve(adapter.folder), adapter.card.name
    if not points:
        return
    st.markdown("**Learning curve**")
    tokens = [point.tokens for point in points]
    unseen = "on people it did not learn from (val)"
    series: tuple[_Series, ...] = (
        ("Loss", "The mean loss per answer token", [point.loss for point in points], None, 2),
        (
            "Raw validity, of 100",
            f"Raw validity {unseen}",
            [_percent(p.validity) for p in points],
            _copied(adapter.card, "valid"),
            0,
        ),
        (
            "Solid, of 100",
            f"The solid share of raw suggestions {unseen}",
            [_percent(p.solid) for p in points],
            _copied(adapter.card, "solid"),
            0,
        ),
    )
    known = [one for one in series if any(value is not None for value in one[2])]
    for column, (title, what, values, line, digits) in zip(
        st.columns(len(known) or 1, gap="medium"), known, strict=False
    ):
        with column:
            sentence = _trend(what, values, digits, tokens[-1])
            if line is not None:
                sentence += f" The control that copies the nearest answers reaches {line[1]:.0f}."
            chart = charts.line_chart(tokens, values, ("Tokens read", title), sentence, beside=line)
            charts.show(chart, f"curve_{title}_{'own' if adapter.own else 'given'}_{adapter.folder.name}")
    rows = [
        {
            "Tokens read": wording.count(point.tokens),
            "Loss": "–" if point.loss is None else f"{point.loss:.3f}",
            "Raw validity, of 100": _of_100(point.validity),
            "Solid, of 100": _of_100(point.solid),
        }
        for point in points
    ]
    _table(rows, f"Learning curve of {name}")


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share


def _of_100(share: float | None) -> str:
    return "–" if share is None else str(round(100 * share))


def _copied(card: Card, rate: str) -> tuple[str, float] | None:
    """A rate of the control that copies what was taught, of 100, on the same queries."""
    name = f"nearest_pair_{rate}"
    known = [
        (row[name], row.get("queries", 1))
        for row in card.rates
        if row.get("part") == "val" and row.get("temperature") == 1.0 and name in row
    ]
    weight = sum(queries for _, queries in known)
    return ("nearest-pair", 100 * sum(share * n for share, n in known) / weight) if weight else None


def _trend(what: str, values: Sequence[float | None], digits: int, tokens: int) -> str:
    measured = [value for value in values if value is not None]
    first, last = f"{measured[0]:.{digits}f}", f"{measured[-1]:.{digits}f}"
    if len(measured) == 1:
        return f"{what} was {last} after {wording.count(tokens)} tokens."
    verb = "fell" if measured[-1] < measured[0] else "rose" if measured[-1] > measured[0] else "went"
    return f"{what} {verb} from {first} to {last} over {wording.count(tokens)} tokens."


def _round(row: Row) -> dict[str, str]:
    titles = {
        "round": "Round",
        "kind": "Learned from",
        "queries": "Queries",
        "answers": "Answers",
        "plain_tokens": "Tokens, prompts counted for each answer",
        "tokens": "Tokens read",
        "val": "Valid, of 100",
        "changed": "Features changed",
        "gower": "Distance (Gower)",
        "kept": "Kept",
    }
    texts = {}
    for key, value in row.items():
        if key in ("val", "changed", "gower"):
            texts[titles[key]] = adapter_rates.rate("valid" if key == "val" else key, value)
        elif key == "kind":
            texts[titles[key]] = LEARNED_FROM.get(str(value), str(value))
        elif key == "ended":
            texts["Ended"] = ENDED.get(str(value), str(value))
        else:
            texts[titles.get(key, key)] = _value(value)
    return texts


def _pairs(card: Card) -> None:
    pairs = card.pairs
    if {"answers", "queries", "participants"} <= pairs.keys():
        st.caption(
            f"{wording.counted(pairs['answers'], 'answer')} that a search found to "
            f"{wording.counted(pairs['queries'], 'query', 'queries')} about "
            f"{wording.counted(pairs['participants'], 'person', 'people')} of the training part."
        )


def _origin(card: Card) -> dict[str, str]:
    hashes = {
        "Base model": (card.base, card.base_sha256),
        "Schema": (card.cohort, card.schema_sha256),
        "Classifier": ("", card.classifier_sha256),
        "Prompt": ("", card.template_sha256),
        "Pairs": ("", card.pairs_sha256),
        "Adapter": ("", card.weights_sha256),
    }
    texts = {title: f"{name} sha256 {digest[:12]}…".strip() for title, (name, digest) in hashes.items()}
    return texts | {"Commit": str(card.provenance.get("commit") or "not known")[:12]}


def _settings(card: Card) -> dict[str, str]:
    settings = {"temperature": card.temperature, **card.settings, **card.training}
    return {
        key.replace("_", " ").capitalize(): _value(value)
        for key, value in settings.items()
        if value is not None
    }


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return wording.count(value)
    if isinstance(value, float):
        return f"{value:.3g}"
    return "–" if value is None else str(value)


def _table(rows: Sequence[Row], alt: str) -> None:
    table = pd.DataFrame([{k: wording.plain(str(v)) for k, v in row.items()} for row in rows]).fillna("–")
    st.table(table, hide_index=True, border="horizontal", alt=alt)
