"""How good a classifier is, in the few sentences that fit on paper; a FHIR bundle says the same ones."""

from __future__ import annotations

from collections.abc import Iterator

from sensecf_core.types import JsonView

GUESSING = 0.5
"""AUROC of random guessing."""


def quality_lines(card: JsonView | None) -> tuple[str, ...]:
    """Say how well the classifier ranks and how right its risks are, from its card (95 % intervals)."""
    if card is None:
        return ("The card of the classifier that gave this answer is not at hand, so nothing is said of it.",)
    return tuple(_lines(card))


def _lines(card: JsonView) -> Iterator[str]:
    measured, people = card["metrics"], card["parts"]["test"]["participants"]
    auroc, slope = measured.get("auroc"), measured.get("calibration_slope")
    if auroc is None:
        yield "Too few people were held out to say how well this model ranks: read the risk with care."
    else:
        yield f"On {people} people whom the model never saw: AUROC {_interval(auroc)}; 0.5 is guessing."
        if auroc["low"] <= GUESSING:
            yield "Perhaps no better than guessing: read the risk with care."
    if slope is not None:
        yield f"Calibration slope {_interval(slope)}; 1 is right, below 1 the risks are too extreme."
    groups = [group for group in card.get("reliability", ()) if group["observed"]]
    if groups:
        worst = max(abs(group["mean_predicted"] - group["observed"]["value"]) for group in groups)
        yield (
            f"In {len(groups)} groups by predicted risk, what was observed differed from it by at most "
            f"{round(100 * worst)} of 100."
        )
    crossed = card.get("cross_fitted")
    if crossed and crossed["metrics"].get("auroc") is not None:
        auroc = _interval(crossed["metrics"]["auroc"])
        yield f"{crossed['folds']}-fold over all {crossed['n']} rows: AUROC {auroc}."


def _interval(number: JsonView) -> str:
    return f"{number['value']:.2f} ({number['low']:.2f} to {number['high']:.2f})"
