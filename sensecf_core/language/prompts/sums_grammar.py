"""The grammar of answers that add up what their changes are told to be worth.

``bmi=27.5+6=6; sugar=60+4=10``: every sum is true, and an answer ends only where it is enough, or where no
change is left that is told to help. What the model decides is which changes, in the prompt's order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sensecf_core.cohorts.schema import Schema
from sensecf_core.language.prompts.grammar import SEPARATOR, EffectScores, literal, value_text
from sensecf_core.queries.limits import Movable

ENOUGH = 10
"""The sum that is enough: the whole way to the desired class is ten tenths."""


@dataclass(frozen=True)
class _Told:
    """A feature with the texts of its told values, by score."""

    name: str
    texts: dict[int, list[str]]

    @property
    def helps(self) -> bool:
        return max(self.texts) > 0


def sums_grammar(
    schema: Schema,
    movable: Sequence[Movable],
    max_changes: int,
    order: Sequence[str],
    scores: EffectScores,
) -> str:
    """Build the Lark grammar (llguidance) of every answer with 1 to ``max_changes`` of the told changes.

    Features come in ``order``, then in schema order; only values with a score are offered. A rule stands for
    a position, the changes left and the sum so far: six features of two values build in milliseconds. Raises
    ``ValueError`` if no told change may be made.
    """
    told = _told(schema, movable, order, scores)
    most = min(max_changes, len(told))
    if most < 1:
        raise ValueError("a grammar needs at least one told change that may be made")
    rules: dict[str, str] = {}
    waiting = [(0, most, 0)]
    while waiting:
        state = waiting.pop()
        if _name(*state) in rules:
            continue
        choices, following = _choices(told, *state)
        rules[_name(*state)] = " | ".join(choices)
        waiting += following
    return (
        "\n".join([f"start: {_name(0, most, 0)}", *(f"{name}: {rule}" for name, rule in rules.items())])
        + "\n"
    )


def _told(
    schema: Schema, movable: Sequence[Movable], order: Sequence[str], scores: EffectScores
) -> list[_Told]:
    by_name = {item.feature: item for item in movable}
    found = []
    for name in dict.fromkeys((*order, *schema.names)):
        if name not in by_name or name not in scores:
            continue
        texts: dict[int, list[str]] = {}
        for code in by_name[name].values:
            text = value_text(schema.feature(name), code)
            if text in scores[name] and text not in texts.get(scores[name][text], []):
                texts.setdefault(scores[name][text], []).append(text)
        if texts:
            found.append(_Told(name, texts))
    return found


def _choices(
    told: Sequence[_Told], position: int, left: int, total: int
) -> tuple[list[str], list[tuple[int, int, int]]]:
    """What may be written from a state, and the states that follow."""
    item, later = told[position], told[position + 1 :]
    choices, following = [], []
    for score, texts in item.texts.items():
        summed = total + score
        values = " | ".join(literal(text) for text in texts)
        change = f"{literal(item.name + '=')} ({values}) {literal(f'{score:+d}={summed}')}"
        onward = left > 1 and bool(later)
        if onward:
            state = (position + 1, left - 1, summed)
            choices.append(f"{change} {literal(SEPARATOR)} {_name(*state)}")
            following.append(state)
        if summed >= ENOUGH or not onward or not any(one.helps for one in later):
            choices.append(change)
    if later:
        state = (position + 1, left, total)
        choices.append(_name(*state))
        following.append(state)
    return choices, following


def _name(position: int, left: int, total: int) -> str:
    return f"e{position}_{left}_{'m' if total < 0 else ''}{abs(total)}"
