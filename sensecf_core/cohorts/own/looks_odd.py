"""What looks odd in a cohort and stops nothing: values that may mean something else, limits without limit.

Every threshold here is an engineering choice: it decides what is told, not what is done.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

import numpy as np
import pandas as pd

from sensecf_core.cohorts.domain import OUTER_PERCENT
from sensecf_core.cohorts.feature import Feature
from sensecf_core.cohorts.own.cells import is_code_like, is_missing
from sensecf_core.cohorts.own.problems import Problem, in_rows, shown, some
from sensecf_core.cohorts.schema import Schema
from sensecf_core.types import Floats

FEWEST_IN_HEAP = 3
GAP_OF_HEAP = 5.0
"""A heap lies this many times as far from its neighbour as the neighbours from each other."""
NEIGHBOURS = 15
TELLING = 0.98
"""A single feature that ranks the classes with a higher AUROC gives the answer away."""
MOST_MISSING = 0.5
ON_BOUND = 0.05
RARE_CLASS = 0.05
OTHER_UNIT = 4.0
"""Two groups of values with nothing between them over this factor look like two units."""


def find(schema: Schema, frame: pd.DataFrame) -> list[Problem]:
    """List what looks odd in typed rows that are indexed by (participant_id, row_id)."""
    target = frame[schema.task.target].to_numpy(float)
    found = [*_ids(schema, frame.index), *_classes(schema, frame)]
    for feature in schema.features:
        column = frame[feature.name]
        if column.notna().any():
            found += _of_feature(feature, column, target)
    return [*found, *_limits(schema)]


def heaps(values: Floats) -> list[tuple[float, int]]:
    """Values that many rows share and that lie apart from all others, like 0, -9 or 999 for "not measured".

    Returns
    -------
    Each value with its number of rows, from the outermost inwards; ``values`` are the measured ones, (n,).
    """
    distinct, counts = np.unique(values, return_counts=True)
    found: list[tuple[float, int]] = []
    for from_top in (True, False):
        for _ in range(4):
            if len(distinct) < 6:
                break
            order = slice(None, None, -1) if from_top else slice(None)
            near, repeats = distinct[order], counts[order]
            gap = abs(near[1] - near[0])
            usual = float(np.median(np.abs(np.diff(near[1 : 1 + NEIGHBOURS]))))
            code = near[0] == 0 or is_code_like(float(near[0]), float(distinct[1]))
            far = GAP_OF_HEAP if code else 4 * GAP_OF_HEAP
            if repeats[0] < max(FEWEST_IN_HEAP, 2 * np.median(repeats[1:])) or gap < far * usual:
                break
            found.append((float(near[0]), int(repeats[0])))
            distinct, counts = near[1:][order], repeats[1:][order]
    inner = [
        (float(value), int(count))
        for value, count in zip(distinct, counts, strict=True)
        if abs(value) >= 66 and is_code_like(float(value)) and count > max(4, 10 * np.median(counts))
    ]
    return found + inner


def auroc(values: Floats, target: Floats) -> float:
    """Area under the ROC curve of one feature by itself, in the direction that fits; ties count half."""
    ranks = pd.Series(values).rank().to_numpy()
    ones = target == 1
    positive, negative = int(ones.sum()), int((~ones).sum())
    if not positive or not negative:
        return 0.5
    area = (ranks[ones].sum() - positive * (positive + 1) / 2) / (positive * negative)
    return float(max(area, 1 - area))


def _of_feature(feature: Feature, column: pd.Series, target: Floats) -> Iterator[Problem]:
    measured = column.dropna()
    gap = 1 - len(measured) / len(column)
    if measured.nunique() == 1:
        text = f"everybody has {measured.iloc[0] if feature.named else format(measured.iloc[0], 'g')}"
        yield Problem(
            feature.name, None, text, "A classifier learns nothing from it; it can go.", len(measured)
        )
        return
    if gap > MOST_MISSING:
        text = f"{gap:.0%} of the rows have no value"
        yield Problem(feature.name, None, text, "Keep it only if it is known when a prediction is made.")
    if feature.named:
        yield from _levels_of(feature, measured)
    elif feature.kind != "binary":
        yield from _numbers_of(feature, measured.to_numpy(float))
    yield from _gives_away(feature, column, target)


def _levels_of(feature: Feature, measured: pd.Series) -> Iterator[Problem]:
    seen = set(measured.unique())
    folded = [level.casefold() for level in feature.levels]
    if alike := [level for level in feature.levels if folded.count(level.casefold()) > 1]:
        text = f"the levels {some(map(shown, alike))} differ in case only"
        yield Problem(feature.name, None, text, "They are taken for different levels; write one in one way.")
    if unseen := [level for level in feature.levels if level not in seen]:
        verb = "has the level" if len(unseen) == 1 else "has one of the levels"
        text = f"nobody {verb} {some((shown(level) for level in unseen), 5)}"
        yield Problem(feature.name, None, text, "Is it spelt as in the data? A level nobody has can go.")


def _numbers_of(feature: Feature, values: Floats) -> Iterator[Problem]:
    unit = f" {feature.unit}" if feature.unit else ""
    found = heaps(values)
    for value, count in found:
        text = in_rows(f"{value:g}{unit} stands apart from all other values", count)
        mend = f"If it means not measured, declare it: `missing = [{value:g}]`."
        yield Problem(feature.name, None, text, mend, count)
    rest = values[~np.isin(values, [value for value, _ in found])]
    yield from _two_units(feature, rest)
    yield from _on_bound(feature, rest)
    if feature.suggest is not None and len(rest):
        low, high = np.percentile(rest, [OUTER_PERCENT, 100 - OUTER_PERCENT])
        if feature.suggest[0] > high or feature.suggest[1] < low:
            text = f"`suggest`, {feature.suggest[0]:g} to {feature.suggest[1]:g}, lies outside all data"
            mend = f"Most values lie between {low:g} and {high:g}: is the unit the same?"
            yield Problem(feature.name, None, text, mend)


def _two_units(feature: Feature, values: Floats) -> Iterator[Problem]:
    positive = np.unique(values[values > 0])
    if len(positive) < 8 or (values < 0).any():
        return
    ratios = positive[1:] / positive[:-1]
    place = int(np.argmax(ratios))
    lower, upper = positive[: place + 1], positive[place + 1 :]
    few, many = sorted((lower, upper), key=lambda part: int(np.isin(values, part).sum()))
    count = int(np.isin(values, few).sum())
    if ratios[place] < OTHER_UNIT or count < 2 or many[-1] / many[0] > OTHER_UNIT * 2.5:
        return
    text = in_rows(
        f"values of {few[0]:g} to {few[-1]:g} lie far from all others, {many[0]:g} to {many[-1]:g}", count
    )
    yield Problem(feature.name, None, text, "Are they in another unit, or typing errors?", count)


def _on_bound(feature: Feature, values: Floats) -> Iterator[Problem]:
    distinct, counts = np.unique(values, return_counts=True)
    if feature.valid is None or len(distinct) < 15:
        return
    for end, name in zip(feature.valid, ("lower", "upper"), strict=True):
        count = int((values == end).sum())
        if end and count >= max(5, ON_BOUND * len(values), 3 * float(np.median(counts))):
            text = in_rows(f"values sit on the {name} end of `valid`, {end:g}", count)
            mend = "Were values beyond it cut off to it? Say so in `description`, or widen `valid`."
            yield Problem(feature.name, None, text, mend, count)


def _gives_away(feature: Feature, column: pd.Series, target: Floats) -> Iterator[Problem]:
    missing = column.isna().to_numpy()
    mend = "Is it known before the target, or made from it? If not, take it out."
    if missing.sum() >= 10 and (area := auroc(missing.astype(float), target)) > TELLING:
        text = f"whether it was measured gives the answer away: it alone has an AUROC of {area:.3f}"
        yield Problem(feature.name, None, text, mend)
        return
    kept = ~missing
    if feature.kind == "categorical":
        values = _share_in_other_half(column[kept], target[kept])
    elif feature.kind == "ordinal":
        values = pd.Index(feature.levels).get_indexer(column[kept]).astype(float)
    else:
        values = column[kept].to_numpy(float)
    if kept.sum() >= 20 and (area := auroc(values, target[kept])) > TELLING:
        text = f"it gives the answer away: it alone has an AUROC of {area:.3f}"
        yield Problem(feature.name, None, text, mend)


def _share_in_other_half(column: pd.Series, target: Floats) -> Floats:
    """Each row's level as the share of class 1 among the *other* half's rows with it."""
    half = np.arange(len(column)) % 2
    shares = np.full(len(column), float(target.mean()))
    levels = column.to_numpy(object)
    for side in (0, 1):
        means = pd.Series(target[half != side]).groupby(levels[half != side]).mean()
        own = pd.Series(levels[half == side]).map(means).to_numpy(float)
        shares[half == side] = np.where(np.isnan(own), target.mean(), own)
    return shares


def _ids(schema: Schema, index: pd.MultiIndex) -> Iterator[Problem]:
    """Ids that differ only in zeros, a decimal point, case, spaces or signs that look the same."""
    people = index.get_level_values(0).unique()
    plain = pd.Series([_plain_id(str(person)) for person in people], index=people)
    alike = plain[plain.duplicated(keep=False)]
    if len(alike):
        example = alike[alike == alike.iloc[0]].index[:3]
        text = f"{len(alike):,} ids look alike, such as {some(shown(person) for person in example)}"
        mend = "They are taken for different people; write one person's id in one way."
        yield Problem(schema.participant_column, None, text, mend, len(alike))
    for odd, what, mend in (
        ([person for person in people if is_missing(person)], "mean “not measured” elsewhere", _IS_AN_ID),
        ([person for person in people if _CUT.fullmatch(person)], "are cut", _KEEP_DIGITS),
    ):
        if odd:
            text = f"{len(odd):,} ids {what}, such as {some((shown(person) for person in odd), 3)}"
            text = text.replace("1 ids are", "1 id is").replace("1 ids mean", "1 id means")
            yield Problem(schema.participant_column, None, text, mend, len(odd))


_CUT = re.compile(r"\d(\.\d+)?[eE]\+\d+")
"""A long number as a spreadsheet shows it."""
_IS_AN_ID = "It is taken for a person's id; is it one?"
_KEEP_DIGITS = (
    "A spreadsheet has shortened the number, and different people may have become one; export it as text."
)


def _plain_id(text: str) -> str:
    bare = "".join(unicodedata.normalize("NFKC", text).casefold().split())
    bare = re.sub(r"^(\d+)\.0+$", r"\1", bare)
    return re.sub(r"(?<!\d)0+(?=\d)", "", bare)


def _classes(schema: Schema, frame: pd.DataFrame) -> Iterator[Problem]:
    people = frame.index.get_level_values(0)
    counts = [people[(frame[schema.task.target] == label).to_numpy()].nunique() for label in (0, 1)]
    total = people.nunique()
    if 0 < min(counts) < max(RARE_CLASS * total, 20):
        rarer = counts.index(min(counts))
        text = f"only {min(counts):,} of {total:,} participants have class {rarer}"
        mend = "What the classifier says of that class is uncertain; its card gives the intervals."
        yield Problem(schema.task.target, None, text, mend, min(counts))


def _limits(schema: Schema) -> Iterator[Problem]:
    free = [feature for feature in schema.features if feature.role != "context"]
    if not free:
        text = "every feature is context, so nothing may be suggested or explained by a change"
        yield Problem(None, None, text, "Give features that can change the role clinical or behaviour.")
    if schema.default_limits == "contrast":
        return
    open_ended = [
        f.name
        for f in free
        if f.kind not in ("binary", "categorical")
        and not f.contrast_only
        and f.direction == "any"
        and f.largest_change is None
    ]
    if open_ended:
        verb = "have" if len(open_ended) > 1 else "has"
        text = f"{some(open_ended)} {verb} neither `direction` nor `largest_change`: nothing limits an option"
        yield Problem(None, None, text, 'Write both, or set `default_limits = "contrast"` (explain only).')
