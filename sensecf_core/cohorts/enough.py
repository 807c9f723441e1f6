"""Whether a cohort has enough participants of each class; ``cohort check`` and training both ask here."""

from __future__ import annotations

from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.types import Part

FEWEST: dict[Part, tuple[str, int]] = {
    "train": ("training", 10),
    "val": ("validation", 2),
    "test": ("test", 0),
}
"""Title of each part, and participants that it needs with rows of each class; an engineering choice."""


def lacking(cohort: Cohort) -> str | None:
    """Say what a cohort lacks for training, in its schema's terms, without a full stop; None if nothing.

    No part may be empty, and training and validation need :data:`FEWEST` participants with rows of each
    class.
    """
    task, people = cohort.schema.task, cohort.rows.index.get_level_values(0)
    few, empty = [], []
    for part, (title, least) in FEWEST.items():
        inside = cohort.parts.eq(part).to_numpy()
        counts = [people[inside & cohort.target.eq(label).to_numpy()].nunique() for label in (1, 0)]
        if not inside.any():
            empty.append(f"its {title} part is empty")
        elif min(counts) < least:
            few.append(f"in {title} {counts[0]} and {counts[1]} ({least} of each are needed)")
    if not few and not empty:
        return None
    kinds = f"{cohort.schema.row_label}s of “{task.class_1}” and of “{task.class_0}”"
    return "; ".join([*empty, *([f"too few participants have {kinds}: {', '.join(few)}"] if few else [])])


def too_small(cohort: Cohort) -> str | None:
    """Say why a cohort is too small to train on and what to do, as a sentence; None if it is not."""
    if (why := lacking(cohort)) is None:
        return None
    return (
        f"Cohort {cohort.schema.name!r} is too small for a classifier: {why}. "
        "Add participants to it, or take a larger one."
    )
