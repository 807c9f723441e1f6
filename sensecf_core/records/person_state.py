"""What was decided about a person, as plain values: the decisions, and what of them stands now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from sensecf_core.cohorts.encoding import Value
from sensecf_core.queries.answer import Effort, Grade

Kind = Literal["keep", "edit", "reject", "shortlist", "note", "star", "unstar", "effort", "undo"]

REASONS: Mapping[str, str] = {
    "not-possible": "Not possible for this person",
    "not-acceptable": "Not acceptable to them",
    "contraindicated": "Contraindicated",
    "already-doing": "Already doing it",
    "not-believable": "Not believable",
    "too-small": "Too small to matter",
    "other": "Other",
}
"""Why an option is rejected: code → label. ``other`` takes a note."""
ABOUT_THE_PERSON = ("not-possible", "not-acceptable", "contraindicated", "already-doing")
"""Reasons that hold for any other option that moves the same for this person."""


@dataclass(frozen=True)
class Decision:
    """One decision; never changed once it is stored.

    Attributes
    ----------
    created, who : when (UTC, ISO 8601), and the name that was given, or the login.
    row_id : None for what is about the person: notes and stars.
    answer_id, option : of which answer, and the number of the option in it, from 1.
    changes : what the option changes, feature → ``{"from": ..., "to": ...}``.
    edited : of an edit, the new value of each feature that it changes in place of ``changes``.
    grade : of the option at that time; of an edit, the grade of the edited values, None if not graded.
    reason : a code of :data:`REASONS`.
    features : of a rejection, the features that it is about; None for all that the option changes. Of an
        effort, the feature that it is about.
    effort : how hard it is for the person to change that feature.
    undoes : of an undo, the decision that no longer counts.
    provenance : version, commit and hashes that the answer rests on; without an answer only the version.
    login : of whoever was signed in, whose decision it is; None where nobody had to sign in.
    """

    decision_id: str
    created: str
    who: str
    kind: Kind
    cohort: str
    participant_id: str
    row_id: str | None = None
    answer_id: str | None = None
    option: int | None = None
    changes: Mapping[str, Mapping[str, Value]] | None = None
    edited: Mapping[str, Value] | None = None
    grade: Grade | None = None
    reason: str | None = None
    note: str | None = None
    undoes: str | None = None
    provenance: Mapping[str, Any] | None = None
    features: Sequence[str] | None = None
    effort: Effort | None = None
    login: str | None = None

    @property
    def rejected_features(self) -> tuple[str, ...]:
        """The features that a rejection is about."""
        return tuple(self.changes or ()) if self.features is None else tuple(self.features)


@dataclass(frozen=True)
class PersonState:
    """What stands now: each option at its last decision, in the order decided; the last note; the star.

    ``kept`` holds options kept as they are and edited ones, ``shortlisted`` those to come back to.
    ``efforts`` is what was said last of how hard it is to change a feature, by feature.
    """

    kept: tuple[Decision, ...] = ()
    rejected: tuple[Decision, ...] = ()
    shortlisted: tuple[Decision, ...] = ()
    note: Decision | None = None
    star: Decision | None = None
    efforts: Mapping[str, Decision] = field(default_factory=dict)

    @property
    def effort_of(self) -> dict[str, Effort]:
        """How hard it is for the person to change a feature, of those about which somebody said so."""
        return {name: said.effort for name, said in self.efforts.items() if said.effort is not None}


def undone(decisions: Iterable[Decision]) -> frozenset[str]:
    """The ids of those decisions (of one person, oldest first) that were undone.

    An undo that was undone itself undoes nothing.
    """
    found: set[str] = set()
    for decision in reversed(tuple(decisions)):
        if decision.undoes is not None and decision.decision_id not in found:
            found.add(decision.undoes)
    return frozenset(found)


def in_force(decisions: Iterable[Decision]) -> tuple[Decision, ...]:
    """The decisions of one person (oldest first) that still count: not undone, and no undos."""
    decisions = tuple(decisions)
    gone = undone(decisions)
    return tuple(one for one in decisions if one.undoes is None and one.decision_id not in gone)


def fold(decisions: Iterable[Decision]) -> PersonState:
    """What stands of the decisions of one person, given oldest first."""
    verdicts: dict[tuple[str | None, int | None], Decision] = {}
    note = star = None
    efforts: dict[str, Decision] = {}
    for decision in in_force(decisions):
        match decision.kind:
            case "note":
                note = decision
            case "star" | "unstar":
                star = decision if decision.kind == "star" else None
            case "effort":
                efforts |= dict.fromkeys(decision.features or (), decision)
            case _:
                option = (decision.answer_id, decision.option)
                verdicts.pop(option, None)  # the last decision also gives the order
                verdicts[option] = decision

    def of(*kinds: Kind) -> tuple[Decision, ...]:
        return tuple(decision for decision in verdicts.values() if decision.kind in kinds)

    return PersonState(of("keep", "edit"), of("reject"), of("shortlist"), note, star, efforts)


def held_back(state: PersonState) -> dict[str, Decision]:
    """The features not to ask of a person again, each with the last rejection that says so.

    Only reasons about the person count; what a kept option moves may move.
    """
    wanted = {name for decision in state.kept for name in decision.edited or decision.changes or ()}
    return {
        name: decision
        for decision in state.rejected
        if decision.reason in ABOUT_THE_PERSON
        for name in decision.rejected_features
        if name not in wanted
    }
