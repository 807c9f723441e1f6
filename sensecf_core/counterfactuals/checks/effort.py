"""How hard a change is: a default that is measured, and what somebody said about one person.

The default is the harder of two: how many of the cohort's people the change passes, and how many times the
smallest meaningful change it is. Both say how far a value moves, not how hard that is for anybody; so it is
marked as a default everywhere, and what was said about a person replaces it. A change of category has no
distance and no default: it is not estimated, and beside other changes it counts as moderate. The steps are a
convention of ours.
"""

from __future__ import annotations

from collections.abc import Mapping

from sensecf_core.cohorts.domain import Domain
from sensecf_core.cohorts.schema import Schema
from sensecf_core.queries.answer import Change, Effort

EFFORTS: tuple[Effort, ...] = ("easy", "moderate", "hard")
"""From the least on."""
PEOPLE_PASSED = (10.0, 25.0)
"""The most of 100 training people that an easy and a moderate change passes."""
MEANINGFUL_CHANGES = (2.0, 4.0)
"""The most times the smallest meaningful change that an easy and a moderate change is."""
UNKNOWN = EFFORTS.index("moderate")


def default_efforts(schema: Schema, domain: Domain, changes: Mapping[str, Change]) -> dict[str, Effort]:
    """The default effort of each change of a number; a feature that nobody was measured for has none."""
    found: dict[str, Effort] = {}
    for name, change in changes.items():
        feature, position = schema.feature(name), schema.positions[name]
        before, after = change.before, change.after
        if feature.named or feature.kind == "binary" or not len(domain.sorted_columns[position]):
            continue
        if before is None or after is None or isinstance(before, str) or isinstance(after, str):
            continue  # of an answer from before the schema changed
        passed = abs(domain.percentile(position, after) - domain.percentile(position, before))
        steps = abs(after - before) / feature.least_change if feature.least_change else 0.0
        found[name] = EFFORTS[max(_place(passed, PEOPLE_PASSED), _place(steps, MEANINGFUL_CHANGES))]
    return found


def _place(amount: float, most: tuple[float, float]) -> int:
    return sum(amount > bound + 1e-9 for bound in most)


def of_option(
    changes: Mapping[str, Change], default: Mapping[str, Effort], own: Mapping[str, Effort]
) -> Effort | None:
    """The effort of an option: that of its hardest change; None where nothing is known of any.

    ``own`` is what was said about the person, by feature; it stands in place of the ``default``. A change
    with neither counts as moderate beside one of which something is known: an easy change beside it does not
    make the option easy.
    """
    levels = [own.get(name, default.get(name)) for name in changes]
    if not any(levels):
        return None
    return max((level or EFFORTS[UNKNOWN] for level in levels), key=EFFORTS.index)


def rank(effort: Effort | None) -> int:
    """The place of an effort in an order, the least first; one that is not known is ranked as moderate."""
    return UNKNOWN if effort is None else EFFORTS.index(effort)
