"""A sentence or two that say what the answers of several methods share; no streamlit."""

from __future__ import annotations

from collections.abc import Sequence

from sensecf_core.cohorts.schema import Schema
from sensecf_core.counterfactuals.checks.sentences import lower_first, risk
from sensecf_core.evaluation import side_by_side
from sensecf_core.evaluation.side_by_side import Options
from sensecf_core.language.wishes.words import ONES
from sensecf_core.queries.answer import Answer
from sensecf_core.ui.common import wording

_MOST_GROUPS, _MOST_TOGETHER = 3, 2
"""Most groups of methods that a sentence tells one by one, and most features of one of them."""

_DIFFERENT = "They change different features."


def sentence(schema: Schema, answers: Sequence[Answer], *, asked: int) -> str:
    """Say where the first options land, and by what; "" where there is no option.

    ``asked`` is how many methods were asked: while some have no answer, "answers" are counted, not methods.
    """
    found = side_by_side.options(answers, best_only=True)
    if not found:
        return ""
    noun = "method" if len(answers) == asked else "answer"
    landing = _landing(answers, found, noun)
    by = _by(schema, found)
    others = len(answers) - len(found)
    rest = "" if not others else f" The other {'one' if others == 1 else in_words(others)} found none."
    if by is None:
        return f"{landing}. {finding(schema, found)}{rest}"
    return f"{landing}{by}.{rest}"


def finding(schema: Schema, options: Options) -> str:
    """Say in a sentence or two which features the methods agree on; of two methods or more."""
    n = len(options)
    shared = [agreement for agreement in side_by_side.agreement(schema, options) if len(agreement.ways) > 1]
    if not shared:
        return f"No two of the {in_words(n)} change the same feature." if n > 2 else _DIFFERENT
    most = len(shared[0].ways)
    strongest = [agreement for agreement in shared if len(agreement.ways) == most]
    labels = wording.listed(lower_first(schema.feature(agreement.feature).label) for agreement in strongest)
    others = len(shared) - len(strongest)
    changes = "is changed" if others == 1 else "are changed"
    rest = f" {wording.counted(others, 'other feature')} {changes} by fewer of them." if others else ""
    if most < n and len(strongest) > 1:  # not always the same methods
        return f"{_capital(labels)} are each changed by {in_words(most)} of {in_words(n)}.{rest}"
    return f"{_capital(_of(most, n))} change {labels}.{rest}"


def in_words(n: int) -> str:
    """A small number in words: "three"; larger ones in digits."""
    return ONES[n] if n < len(ONES) else wording.count(n)


def _landing(answers: Sequence[Answer], found: Options, noun: str) -> str:
    """Where the first options land: "All three methods land under the cut-off of 35"."""
    some = next(answer for answer in answers if answer.method in found)
    desired, threshold = some.desired, some.threshold
    here, there = ("over", "under") if desired else ("under", "over")
    crossed = sum((options[0].probability >= threshold) == bool(desired) for options in found.values())
    cut_off = f"the cut-off of {risk(threshold)}"
    n, m = len(answers), len(found)
    if crossed == m:
        return f"{_who(m, n, noun)} {_verb('land', m)} {here} {cut_off}"
    if not crossed:
        moved = "raise" if desired else "lower"
        return f"{_who(m, n, noun)} {_verb(moved, m)} the risk but {_verb('stay', m)} {there} {cut_off}"
    closer = m - crossed
    return (
        f"{_who(crossed, n, noun)} {_verb('land', crossed)} {here} {cut_off} and {in_words(closer)} "
        f"{_verb('come', closer)} closer to it"
    )


def _by(schema: Schema, found: Options) -> str | None:
    """By which features: ", all by waist", "; two by waist, one by sleep"; None if that would be too long."""
    groups: dict[tuple[str, ...], int] = {}
    for options in found.values():
        changed = tuple(feature.name for feature in schema.features if feature.name in options[0].changes)
        groups[changed] = groups.get(changed, 0) + 1
    if len(groups) == 1:
        (changed,) = groups
        m = len(found)
        everyone = "" if m == 1 else "both " if m == 2 else "all "
        return f", {everyone}by {_labels(schema, changed)}"
    if len(groups) > _MOST_GROUPS or any(len(changed) > _MOST_TOGETHER for changed in groups):
        return None
    largest_first = sorted(groups.items(), key=lambda group: -group[1])
    return f"; {', '.join(f'{in_words(n)} by {_labels(schema, changed)}' for changed, n in largest_first)}"


def _labels(schema: Schema, names: Sequence[str]) -> str:
    return wording.listed(lower_first(schema.feature(name).label) for name in names)


def _who(k: int, n: int, noun: str) -> str:
    if n == 1:
        return f"The only {noun}"
    return f"{_capital(_of(k, n))} {noun}s"


def _of(k: int, n: int) -> str:
    if k == n:
        return "both" if n == 2 else f"all {in_words(n)}"
    return f"{in_words(k)} of {in_words(n)}"


def _verb(verb: str, n: int) -> str:
    return verb if n != 1 else f"{verb}s"


def _capital(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"
