"""What an arm trains on: the real scarce rows, and what it adds with its labels.

Arms of the group ``diagnostic`` are handed the full model, and arms of the group ``outside information`` the
removed rows; nobody else is, and diagnostic arms take no part in any comparison.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sensecf_core.augmentation.arms import NEW_LABELS, POOL, Arm
from sensecf_core.augmentation.artefacts import Artefacts
from sensecf_core.augmentation.measures import correct_prior
from sensecf_core.augmentation.rows.direction_pairs import direction_pairs
from sensecf_core.augmentation.rows.made_rows import MadeRows, TrainingRows
from sensecf_core.augmentation.students import Fitted, Material
from sensecf_core.classifiers.design_matrix import to_matrix
from sensecf_core.types import Ints


@dataclass(frozen=True)
class Hidden:
    """What was taken away: the students of the full data, and the training rows that were removed.

    ``removed`` is None where the removed rows may not be used, not even without labels: all of one class,
    they would tell it (scenarios A and B).
    """

    full: Fitted | None = None
    removed: TrainingRows | None = None


def balanced(material: Material) -> Material:
    """Class weights: both classes weigh the same, all rows together as much as before."""
    weight = material.weight / np.where(material.target == 1, material.share, 1 - material.share) / 2
    return replace(material, weight=weight)


def labelled_rows(artefacts: Artefacts, arm: Arm, hidden: Hidden = Hidden()) -> MadeRows:
    """The rows that an arm adds, with its labels; rows that nobody could label are left out.

    Raises ``ValueError`` for an arm that adds none, and for one that needs what it was not given.
    """
    if arm.rows is None:
        raise ValueError(f"the arm `{arm.name}` adds no rows")
    if arm.rows == "direction-pairs":
        return direction_pairs(artefacts.training_rows, artefacts.rng(arm.rows))
    if arm.rows == POOL or arm.rows.startswith("real-"):
        return _of_removed(artefacts, arm, hidden)
    made = artefacts.made(arm.rows, arm.labels or "hard", arm.ratio)
    made = replace(made, weight=made.weight * arm.weight)
    if arm.labels in ("hard", "margin") or not len(made.codes):
        return made
    matrix = to_matrix(artefacts.scarce.schema, made.codes)
    if arm.labels in ("panel", "edits"):
        labels = artefacts.panel.label(matrix, made.owners)
    elif hidden.full is not None:
        risks = hidden.full.probabilities(matrix)["trees"]
        labels = correct_prior(risks, hidden.full.share, artefacts.students.share)
    else:
        raise ValueError(f"the arm `{arm.name}` needs the full model")
    return made.only(~np.isnan(labels), labels)


def added_material(artefacts: Artefacts, made: MadeRows) -> Material:
    """Made rows as training material."""
    return Material(to_matrix(artefacts.scarce.schema, made.codes), made.labels, made.weight)


def _of_removed(artefacts: Artefacts, arm: Arm, hidden: Hidden) -> MadeRows:
    """Removed rows with the panel's labels, or a few of them with their real ones."""
    if hidden.removed is None:
        raise ValueError(f"the arm `{arm.name}` needs the removed rows")
    pool = hidden.removed
    matrix = to_matrix(pool.schema, pool.codes)
    said = artefacts.panel.label_strangers(matrix)
    if arm.rows == POOL:
        return MadeRows(pool.codes, said, pool.people, np.ones(len(said)))
    if arm.rows == "real-random":
        order = artefacts.rng("real-random").permutation(len(said))
    elif arm.rows == "real-uncertain":
        order = np.argsort(np.abs(said - artefacts.students.share), kind="stable")
    else:
        counterfactual = artefacts.made("search").codes
        distances = artefacts.fitted.distances.gower_matrix(pool.codes, counterfactual)
        order = np.argsort(distances.min(axis=1), kind="stable")
    bought: Ints = order[:NEW_LABELS]
    labels = pool.target[bought].astype(np.float64)
    return MadeRows(pool.codes[bought], labels, pool.people[bought], np.ones(len(bought)))
