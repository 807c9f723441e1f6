"""Names and numbers of a run in plain words: students, measures, arms, points."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from sensecf_core.augmentation.findings.cell_view import parts
from sensecf_core.types import JsonView

STUDENTS: Mapping[str, str] = MappingProxyType(
    {
        "trees": "boosted trees",
        "ridge": "ridge regression",
        "forest": "random forest",
        "panel": "panel of the three",
    }
)
SCENARIOS: Mapping[str, str] = MappingProxyType(
    {"A": "positives gone", "B": "negatives gone", "C": "both gone"}
)
SCARCE_CLASS: Mapping[str, str] = MappingProxyType(
    {"A": "class 1", "B": "class 0", "C": "class 1"},
)
MEASURES: Mapping[str, str] = MappingProxyType(
    {
        "auroc": "AUROC",
        "average_precision": "average precision",
        "f1_half": "F1 at 0.5",
        "f1_prevalence": "F1 at the known prevalence",
        "f1_tuned": "F1 at a tuned threshold",
        "f1_macro_half": "macro F1 at 0.5",
        "f1_macro_prevalence": "macro F1 at the known prevalence",
        "f1_macro_tuned": "macro F1 at a tuned threshold",
        "balanced_accuracy_half": "balanced accuracy at 0.5",
        "balanced_accuracy_prevalence": "balanced accuracy at the known prevalence",
        "balanced_accuracy_tuned": "balanced accuracy at a tuned threshold",
        "brier": "Brier score",
        "brier_corrected": "corrected Brier score",
        "calibration": "calibration in the large",
        "calibration_slope": "calibration slope",
    }
)
_SOURCES = {
    "ros": "Oversampling",
    "smotenc": "SMOTENC",
    "rose": "ROSE",
    "crossover": "Crossover",
    "random": "Random edits",
    "search": "Search",
    "effects": "Effects",
    "nearest-pair": "Nearest pair",
    "nice": "NICE",
    "dice": "DiCE",
    "treecf": "treecf",
    "cfnow": "CFNOW",
    "cfa": "CFA",
    "edits": "Any edits",
    "search-twice": "Search, two rounds",
    "lm-transfer": "LM, other cohort",
    "lm-few-shot": "LM, examples",
    "lm-scarce": "LM, scarce rows",
    "direction-pairs": "Direction pairs",
    "pool": "Unlabelled people",
}
_LABELS = {
    "hard": "own label",
    "margin": "own label, margin",
    "panel": "panel label",
    "edits": "panel label, flipped or not",
    "full": "full model's label",
}
_WHOLE = {
    "scarce": "Nothing done",
    "threshold": "Threshold moved",
    "weights": "Class weights",
    "ridge": "Ridge instead",
    "panel": "Panel instead",
    "full": "All labels",
    "full-weights": "All labels, class weights",
    "direction-pairs": "Direction pairs",
    "real-random": "25 real labels, random",
    "real-uncertain": "25 real labels, uncertain",
    "real-near": "25 real labels, near",
}
SOURCE_NOTES: Mapping[str, str] = MappingProxyType(
    {
        "Oversampling": "rows of the class, copied",
        "SMOTENC": "points between a row and its neighbours",
        "ROSE": "copies with noise",
        "Crossover": "each feature from one of two rows of the class",
        "Random edits": "random changes that flip the scarce classifier",
        "Search": "the smallest changes that flip it, found by our own search",
        "Effects": "changes whose told effects add up to a flip",
        "Nearest pair": "changes towards the nearest person of the other class",
        "NICE": "NICE, for sparsity",
        "DiCE": "DiCE, random",
        "treecf": "the nearest change, found exactly for trees",
        "CFNOW": "CFNOW",
        "CFA": "differences of native pairs (Temraz and Keane)",
        "LM, other cohort": "the language model, fine-tuned on another cohort only",
        "Any edits": "random changes, whether they flip it or not",
        "Search, two rounds": "Search, then once more against the student that learned from it",
        "LM, scarce rows": "the language model, fine-tuned on the scarce rows",
        "LM, examples": "the base language model, shown examples from the scarce rows",
        "Unlabelled people": "the removed people, without their labels",
    }
)
MINUS = "−"

PUBLISHED_GAINS: Mapping[str, float] = MappingProxyType({"A": 21.0, "B": 17.16, "C": 21.47})
"""The papers' best gain of F1 in each scenario, in points, as published: other data, formula not known."""

PUBLISHED_IN = "arXiv 2601.14590 (IEEE OJEMB 2026), the best method of each scenario on its web page"


def measure_name(measure: str, measures: JsonView) -> str:
    """A measure's short name; one of a later version goes by the run's own words."""
    return MEASURES.get(measure) or str(measures.get(measure, measure))


def source_name(source: str) -> str:
    """A source of rows in a word or two."""
    return _SOURCES.get(source, source)


def labels_name(labels: str) -> str:
    """Who labelled the rows."""
    return _LABELS.get(labels, labels)


def arm_name(arm: str, titles: JsonView) -> str:
    """An arm in few words, for charts: "Search, panel label"."""
    if arm in _WHOLE:
        return _WHOLE[arm]
    made = parts(arm, titles)
    if made.source is None:
        return str(titles.get(arm, {}).get("title", arm))
    text = source_name(made.source)
    if made.labels is not None:
        text = f"{text}, {_LABELS.get(made.labels, made.labels)}"
    if made.ratio != 1:
        text += f", × {made.ratio:g}"
    if made.weight != 1:
        text += f", weight {made.weight:g}"
    return text


def factor(measure: str) -> float:
    """What a measure is multiplied by to be read as points (hundredths); a slope is not."""
    return 1.0 if measure == "calibration_slope" else 100.0


def unit(measure: str) -> str:
    """The unit of a difference in a measure."""
    return "" if measure == "calibration_slope" else "points"


def points(value: float | None, measure: str, *, sign: bool = False) -> str:
    """A difference as points with one decimal: "3.9", with ``sign`` "+3.9"; of a slope two decimals."""
    if value is None:
        return "–"
    decimals = 2 if measure == "calibration_slope" else 1
    scaled = round(factor(measure) * value, decimals) + 0.0
    text = f"{abs(scaled):.{decimals}f}"
    return (MINUS if scaled < 0 else "+" if sign and scaled else "") + text


def with_error(paired: JsonView, measure: str, *, sign: bool = False) -> str:
    """A mean difference and its standard error: "0.9 ± 0.5"; without one where there is one repeat."""
    text = points(paired["mean"], measure, sign=sign)
    return text if paired["se"] is None else f"{text} ± {points(paired['se'], measure)}"


def percent(share: float) -> str:
    """A share as a percentage: "90 %"."""
    return f"{100 * share:g} %"
