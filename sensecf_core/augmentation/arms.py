"""The arms: what is done about scarce labels, as rows × labels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from sensecf_core.augmentation.rows.resampling import RESAMPLINGS
from sensecf_core.augmentation.rows.sources import ANY_EDIT, METHODS
from sensecf_core.augmentation.scarcity import Scenario
from sensecf_core.errors import unknown

Group = Literal[
    "nothing added", "resampled", "counterfactual", "language model", "outside information", "diagnostic"
]
Labels = Literal["hard", "margin", "panel", "edits", "full"]

EVERYTHING = "all"
NATIVE_PAIRS = "cfa"
TWICE = "search-twice"
POOL = "pool"
NEW_LABELS = 25
"""Real labels more, of the arms that buy some."""


@dataclass(frozen=True)
class Arm:
    """One arm.

    Attributes
    ----------
    rows, labels : which rows it adds (None: none), and who labels them.
    ratio : rows a class that are added, as a share of those that it lost.
    weight : what each weighs beside a real row.
    most_repeats : the first so many repeats only, of arms that take long (None: all).
    scenarios, removed : where it makes sense or fits the time; elsewhere it has no records. Empty: any share.
    trees_only : whether only the boosted trees are fitted, as for the curves.
    """

    name: str
    group: Group
    title: str
    rows: str | None = None
    labels: Labels | None = None
    ratio: float = 1.0
    weight: float = 1.0
    most_repeats: int | None = None
    scenarios: tuple[Scenario, ...] = ("A", "B", "C")
    removed: tuple[float, ...] = ()
    trees_only: bool = False

    def takes_part(self, scenario: Scenario, removed: float, repeat: int) -> bool:
        """Whether it is fitted in this repeat of this cell."""
        in_time = self.most_repeats is None or repeat < self.most_repeats
        return in_time and scenario in self.scenarios and (not self.removed or removed in self.removed)

    @property
    def needs_transfer(self) -> bool:
        """Whether the adapter of another cohort answers."""
        return self.rows == "lm-transfer"

    def as_json(self) -> dict[str, Any]:
        """What a summary says of it."""
        return {name: getattr(self, name) for name in ("group", "title", "rows", "labels", "ratio", "weight")}


_TITLES = {
    "ros": "random oversampling",
    "smotenc": "SMOTENC",
    "rose": "smoothed bootstrap (ROSE)",
    "crossover": "crossover",
    **{source.name: source.title for source in METHODS.values()},
}
_LABELLED: dict[Labels, str] = {
    "hard": "own hard label",
    "margin": "hard label with margin",
    "panel": "soft label of the panel",
}

_LIMITS: dict[str, dict[str, Any]] = {
    **{name: {"most_repeats": 10} for name in ("effects", "nearest-pair", "lm-transfer")},
    **{name: {"most_repeats": 5} for name in ("nice", "dice", "treecf")},
    **{name: {"most_repeats": 3, "scenarios": ("C",)} for name in ("cfnow", "lm-few-shot")},
    "lm-scarce": {"most_repeats": 3, "scenarios": ("C",), "removed": (0.9,)},
}
"""Slow sources are asked in the first repeats only, the slowest where there is a loss."""

_EDITS = "flipped or not, soft label of the panel"

_CURVES = ("search-hard", "search-margin", "search-panel", "lm-transfer-panel")
_RATIOS = (0.25, 0.5, 2.0)
_LOW_WEIGHT = 0.25


def _counterfactual() -> Iterator[Arm]:
    for name in METHODS:
        group: Group = "language model" if name.startswith("lm-") else "counterfactual"
        for kind, words in _LABELLED.items():
            limits = _LIMITS.get(name, {})
            yield Arm(f"{name}-{kind}", group, f"{_TITLES[name]}, {words}", name, kind, **limits)
        if name == "lm-transfer":
            yield Arm(f"{name}-edits", group, f"{_TITLES[name]}, {_EDITS}", name, "edits", **limits)


def _curves(arms: Sequence[Arm]) -> Iterator[Arm]:
    for arm in arms:
        if arm.name in _CURVES:
            for ratio in _RATIOS:
                title = f"{arm.title}, {ratio:g} for each removed row"
                name = f"{arm.name}@{ratio:g}"
                yield replace(arm, name=name, title=title, ratio=ratio, trees_only=True)
            title = f"{arm.title}, a made row weighs {_LOW_WEIGHT:g}"
            name = f"{arm.name}@weight-{_LOW_WEIGHT:g}"
            yield replace(arm, name=name, title=title, weight=_LOW_WEIGHT, trees_only=True)


_COUNTERFACTUAL = tuple(_counterfactual())
_OUTSIDE: Group = "outside information"

ARMS: tuple[Arm, ...] = (
    Arm("scarce", "nothing added", "scarce labels, nothing done"),
    Arm("threshold", "nothing added", "threshold at the known prevalence"),
    Arm("weights", "nothing added", "class weights"),
    Arm("ridge", "nothing added", "ridge regression instead"),
    Arm("panel", "nothing added", "panel instead"),
    *(Arm(name, "resampled", _TITLES[name], name, "hard") for name in RESAMPLINGS),
    *(
        Arm(f"{name}-panel", "resampled", f"{_TITLES[name]}, {_LABELLED['panel']}", name, "panel")
        for name in RESAMPLINGS
    ),
    Arm("cfa-hard", "counterfactual", "native pairs (CFA), own hard label", NATIVE_PAIRS, "hard"),
    Arm("cfa-panel", "counterfactual", "native pairs (CFA), soft label of the panel", NATIVE_PAIRS, "panel"),
    *_COUNTERFACTUAL,
    Arm("edits-panel", "counterfactual", f"random edits, {_EDITS}", ANY_EDIT.name, "edits"),
    Arm(
        f"{TWICE}-panel",
        "counterfactual",
        "minimal counterfactuals in two rounds, soft label of the panel",
        TWICE,
        "panel",
    ),
    *_curves(_COUNTERFACTUAL),
    Arm("direction-pairs", _OUTSIDE, "pairs along published directions of risk", "direction-pairs"),
    Arm(
        "pool-panel",
        _OUTSIDE,
        "removed rows without labels, soft label of the panel",
        POOL,
        "panel",
        scenarios=("C",),
    ),
    Arm("real-random", _OUTSIDE, f"{NEW_LABELS} real labels more, drawn", "real-random", scenarios=("C",)),
    Arm(
        "real-uncertain",
        _OUTSIDE,
        f"{NEW_LABELS} real labels more, most uncertain",
        "real-uncertain",
        scenarios=("C",),
    ),
    Arm(
        "real-near",
        _OUTSIDE,
        f"{NEW_LABELS} real labels more, nearest to counterfactuals",
        "real-near",
        scenarios=("C",),
    ),
    Arm(
        "search-full", "diagnostic", "minimal counterfactuals, soft label of the full model", "search", "full"
    ),
    Arm(
        "lm-transfer-full",
        "diagnostic",
        f"{_TITLES['lm-transfer']}, soft label of the full model",
        "lm-transfer",
        "full",
        most_repeats=10,
    ),
    Arm("full", "diagnostic", "all labels"),
    Arm("full-weights", "diagnostic", "all labels, class weights"),
)

BY_NAME = {arm.name: arm for arm in ARMS}
ALWAYS = ("scarce", "full")
"""Arms that every run has: the loss is measured between them."""


def parse(names: Sequence[str]) -> tuple[Arm, ...]:
    """The arms of these names (``all``: every one) and :data:`ALWAYS`; raises ``InputError``.

    What is no arm's name may be a source (``lm-transfer``) or a group: it stands for all its arms.
    """
    sources, groups = {arm.rows for arm in ARMS}, {arm.group for arm in ARMS}
    for name in names:
        if name not in (EVERYTHING, *BY_NAME) and name not in sources | groups:
            raise unknown("arm", name, (EVERYTHING, *BY_NAME))
    wide = {name for name in names if name not in BY_NAME}
    return tuple(
        arm
        for arm in ARMS
        if EVERYTHING in names or arm.name in (*names, *ALWAYS) or {arm.rows, arm.group} & wide
    )
