"""The sentences that answer: do counterfactuals help when labels are scarce?"""

from __future__ import annotations

from collections.abc import Mapping

from sensecf_core.augmentation.findings import words
from sensecf_core.augmentation.findings.cell_view import BestModel, CellView
from sensecf_core.augmentation.findings.verdict import Light, Verdict
from sensecf_core.augmentation.measures import LEAST_LOSS
from sensecf_core.types import JsonView

_CLAUSES: Mapping[Light, str] = {
    "helps": "counterfactuals help more than any control in {where}",
    "level": "counterfactuals help in {where}, but no more than a control",
    "likely": "counterfactuals may help in {where}, but that is not proven",
    "no": "counterfactuals do not help in {where}",
    "unclear": "these repeats cannot tell in {where}",
    "nothing": "there is nothing to recover in {where}",
    "refused": "{where} would leave too few people",
    "absent": "{where} was not run",
}
_ONCE_SET = " once the threshold is set"


def headline(verdicts: Mapping[str, Verdict], removed: float, student: str, measure: str) -> str:
    """One sentence over all scenarios (``verdicts`` by scenario), the best news first."""
    clauses = []
    for light, clause in _CLAUSES.items():
        mine = [scenario for scenario, found in verdicts.items() if found.light == light]
        set_by_threshold = [s for s in mine if light == "nothing" and verdicts[s].by_threshold]
        for some, ending in (
            (set_by_threshold, _ONCE_SET),
            ([s for s in mine if s not in set_by_threshold], ""),
        ):
            if some:
                text = clause.format(where=_listed(some)) + ending
                clauses.append(text.replace(" was not", " were not") if len(some) > 1 else text)
    return (
        f"With {words.percent(removed)} of the labels gone ({words.STUDENTS[student]}, {measure}), "
        f"{'; '.join(clauses)}."
    )


def detail(view: CellView, found: Verdict) -> str:
    """The figures behind the light of a cell: what was lost, what came back, what a control gives."""
    measure = view.measure
    if found.light in ("absent", "refused"):
        return "" if found.light == "absent" else " ".join(view.cell["refused"])
    lost = _lost(view)
    half = view.losses.get("f1_half")
    if found.by_threshold and half and found.light == "nothing":
        moved = words.points(view.arms["threshold"]["gains"]["f1_half"]["mean"], "f1_half")
        fall = f"F1 at 0.5 falls by {words.points(half['mean'], 'f1_half')} points"
        returned = f"moving the threshold alone gives back {moved}"
        if measure.endswith("_half"):
            tuned = view.losses["f1_tuned"]
            left = words.with_error(tuned, "f1_tuned")
            return f"{fall}; {returned}. At a tuned threshold {left} points are lost."
        return f"{lost}. {fall}; {returned}."
    if found.best is None:
        if found.light == "unclear":
            repeats = view.cell["repeats"]
            many = f"{repeats} repeats" if repeats != 1 else "1 repeat"
            return f"{lost}: not beyond 2 standard errors in {many}."
        return f"{lost}; up to {words.points(LEAST_LOSS, measure)} count as nothing."
    return (
        f"{lost}. Best counterfactuals {_gained(view, found.best)} "
        f"({words.arm_name(found.best, view.titles)}); {_control(view, found)}."
    )


def brief(view: CellView, found: Verdict) -> str:
    """The same in a few figures, in points."""
    measure, mean = view.measure, view.loss["mean"]
    if mean is None:
        return "–"
    half = view.losses.get("f1_half")
    if found.light == "nothing" and found.by_threshold and half and measure.endswith("_half"):
        moved = words.points(view.arms["threshold"]["gains"]["f1_half"]["mean"], "f1_half")
        return f"Lost at 0.5 {words.points(half['mean'], 'f1_half')}, back by the threshold {moved}"
    if found.best is None:
        text = words.with_error(view.loss, measure)
        return f"Lost {text}" if mean > 0 else f"No loss ({text})"
    lost, back = words.points(mean, measure), words.with_error(view.gain(found.best), measure)
    if found.control is None:
        return f"Lost {lost}, back {back}"
    return f"Lost {lost}, back {back}, control {words.with_error(view.gain(found.control), measure)}"


def _gained(view: CellView, arm: str) -> str:
    return words.with_error(view.gain(arm), view.measure, sign=True)


def _lost(view: CellView) -> str:
    unit = words.unit(view.measure)
    text = f"{words.with_error(view.loss, view.measure)}{f' {unit}' if unit else ''}"
    return f"{text} lost" if view.loss["mean"] > 0 else f"No loss ({text})"


def _control(view: CellView, found: Verdict) -> str:
    if found.control is None:
        return "no control was run"
    return f"best control {_gained(view, found.control)} ({words.arm_name(found.control, view.titles)})"


def comparison(view: CellView, found: Verdict) -> str:
    """The best counterfactual arm against the best control, with both intervals of the paired difference."""
    if found.best is None or found.control is None or found.difference is None:
        return ""
    difference, measure = found.difference, view.measure
    numbers = {
        name: words.points(getattr(difference, name), measure, sign=True)
        for name in ("mean", "low", "high", "corrected_low", "corrected_high")
    }
    if difference.repeats < 2:
        return ""
    return (
        f"{words.arm_name(found.best, view.titles)} minus {words.arm_name(found.control, view.titles)}: "
        f"{numbers['mean']} {words.unit(measure)} (95 %: {numbers['low']} to {numbers['high']}; corrected "
        f"for shared rows: {numbers['corrected_low']} to {numbers['corrected_high']}). Both were picked "
        "after the fact, which flatters both."
    )


def best_sentence(best: BestModel | None, titles: JsonView, measure: str, measure_name: str) -> str:
    """The best model of a cell over all students and arms."""
    if best is None:
        return ""
    added = "nothing added" if best.arm == "scarce" else words.arm_name(best.arm, titles)
    value = f"{best.value:.3f}".replace("-", words.MINUS)
    return f"Best model over all students: {words.STUDENTS[best.student]}, {added} ({measure_name} {value})."


def _listed(items: list[str]) -> str:
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"
