"""An answer: checked counterfactuals, and the trace of every candidate that was proposed.

These classes are the JSON contract of ``python -m sensecf_core explain`` (docs/json.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import ConfigDict, Field

from sensecf_core.cohorts.encoding import Value
from sensecf_core.disclaimer import DISCLAIMER_LONG
from sensecf_core.queries.goal import CROSS, Goal
from sensecf_core.queries.limits import Limits
from sensecf_core.queries.query import Driver, Factual
from sensecf_core.types import Plain

if TYPE_CHECKING:
    import pandas as pd

Status = Literal["found", "none", "already_desired", "budget_spent", "cancelled"]
Grade = Literal["solid", "fragile", "on the line"]
"""How far a counterfactual can be believed (docs/metrics.md, Grades)."""
Effort = Literal["easy", "moderate", "hard"]
"""How hard a change is for a person (docs/metrics.md, Effort)."""
Crossing = Literal["solid", "fragile", "none found", "proven none"]
"""Whether anything crosses the line: the best grade found, that nothing was found, or that there is none."""
LimitKind = Literal["frozen", "range", "levels", "max_changes", "profile", "reference_range"]
"""What a limit limits: that a feature stays, where it may go, how many change, or whose limits they are."""
Edits = dict[str, Value]
"""Feature name → new value."""


class Change(Plain):
    """One changed feature, ``from`` → ``to``."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True)

    before: Value = Field(alias="from")
    after: Value = Field(alias="to")


class RaisedFlag(Plain):
    """A red flag of a row: what was measured (``label``), what it asks for (``text``), and its source.

    ``confirmed``: a clinician has confirmed the rule.
    """

    name: str
    label: str
    text: str
    source: str
    confirmed: bool = False

    @property
    def sentence(self) -> str:
        """The flag in one line."""
        return f"{self.label}: {self.text}"


class Candidate(Plain):
    """One proposed text, before anything was refined.

    ``probability``, ``valid`` and ``plausible`` are computed only where ``readable``. ``violations`` are the
    limits and rules that a readable candidate breaks, in words; none where it is ``within_limits``.
    ``duplicate_of`` is the position of the first candidate with the same edits. ``asking`` is the number of
    the attempt, 1 for the first. ``whole`` is a server's answer as it came, where it is more than the text.
    """

    text: str
    edits: Edits | None
    readable: bool
    within_limits: bool = False
    violations: tuple[str, ...] = ()
    probability: float | None = None
    valid: bool = False
    plausible: bool = False
    duplicate_of: int | None = None
    asking: int = 1
    whole: str | None = None


class Counts(Plain):
    """How many candidates passed each step *and all steps before it*, and how many texts were distinct.

    ``different`` counts different candidates by step; empty in an answer that was kept before it was counted.
    """

    proposed: int
    unique: int
    readable: int
    within_limits: int
    valid: int
    plausible: int
    different: dict[str, int] = {}


class Trace(Counts):
    """How many candidates passed each step *and all steps before it*.

    The steps are proposed → readable → within_limits → valid → plausible → shown; ``unique`` counts
    the distinct texts among those proposed. ``candidates`` is filled with ``--trace full`` only, in the
    order sampled. ``model_rows`` is the number of rows that the classifier scored, ``search_rows`` those
    of them before the candidates were checked. ``askings`` is the number of attempts: the proposer is asked
    again only where nothing passed the checks. Counts are over all attempts; ``first`` has those of the first
    where there were more. ``on_the_line`` counts different rows that passed every check and are not listed,
    since their grade is "on the line".
    """

    shown: int
    on_the_line: int = 0
    model_rows: int = 0
    search_rows: int = 0
    askings: int = 1
    first: Counts | None = None
    candidates: tuple[Candidate, ...] = ()

    def different_of(self, step: str) -> int:
        """How many different candidates passed a step; all of them where that was not counted."""
        return self.different.get(step, int(getattr(self, step)))

    def also(self, step: str) -> str:
        """What stands behind a step's count where fewer were different: " (4 different)"; else nothing."""
        different = self.different_of(step)
        return "" if different == getattr(self, step) else f" ({different} different)"


class NearestPerson(Plain):
    """The most similar real training row of the desired class (Gower distance, 0 to 1).

    ``participant_id`` is given for public cohorts only.
    """

    gower: float
    participant_id: str | None = None


class Counterfactual(Plain):
    """One checked counterfactual. Probabilities are p(class 1); ``interval`` is the central 90 %
    range over the bootstrap refits (None: the classifier has none); ``percentiles`` are the ranks of
    the new values among the training rows (0 to 100, numeric features only). ``grade`` and the four numbers
    behind it are defined in docs/metrics.md, Grades; None where the classifier has no refits, and for a
    row that is not valid. ``valid``: it meets the answer's goal. ``number``: what pages, exports and
    decisions call it, from 1 over the answer and its ``behaviours``; None in an answer kept before there were
    any. ``effort``: the default effort of each change of a number, measured on the cohort; it is no fact
    about the person.
    """

    changes: dict[str, Change]
    features: dict[str, Value]
    probability: float
    interval: tuple[float, float] | None
    second_judge_probability: float
    second_judge_agrees: bool
    valid: bool
    violations: tuple[str, ...]
    in_domain: bool
    lof_inlier: bool
    gower: float
    n_changed: int
    percentiles: dict[str, float] = {}
    nearest: NearestPerson | None = None
    similar: int | None = None
    sentence: str = ""
    grade: Grade | None = None
    held_by_refits: float | None = None
    held_under_noise: float | None = None
    second_agrees: bool | None = None
    reliable_reduction: float | None = None
    number: int | None = None
    effort: dict[str, Effort] = {}


class BindingLimit(Plain):
    """A limit that holds an answer back: lifted alone, something that can be believed crosses the line.

    ``features`` are those that it holds (none: it is about all). ``text`` says what holds. ``limits`` are the
    request's with this one lifted: asked with them, the query is wider by it and by nothing else.
    """

    kind: LimitKind
    features: tuple[str, ...] = ()
    text: str
    limits: Limits


class Feasibility(Plain):
    """What a wide search found within the limits before the method was asked (docs/metrics.md, Feasibility).

    ``cross``: whether anything crosses the line, and how far it can be believed. ``reliable_reduction``: the
    largest that was found, in points of 100, and ``lower`` its grade. ``best_probability``: p(class 1)
    nearest to the desired class that was reached. ``binding``: limits of which lifting one would let it
    cross, in words, and ``binding_limits`` the same ones with the limits to ask again with.
    """

    cross: Crossing
    reliable_reduction: float | None
    binding: tuple[str, ...] = ()
    binding_limits: tuple[BindingLimit, ...] = ()
    lower: Literal["solid", "fragile", "none found"] = "none found"
    best_probability: float | None = None


class Best(Plain):
    """The within-limits candidate that came closest to the desired class."""

    changes: dict[str, Change]
    probability: float


class Seconds(Plain):
    """Wall time by step, in seconds. ``propose`` includes ``prefill`` and ``decode``; ``search`` is the
    search for what is feasible, before anything is proposed.
    """

    propose: float = 0.0
    verify: float = 0.0
    refine: float = 0.0
    select: float = 0.0
    total: float = 0.0
    prefill: float | None = None
    decode: float | None = None
    search: float = 0.0


NO_CANDIDATES: dict[str, Any] = {"trace": {"candidates"}, "behaviours": {"trace": {"candidates"}}}
"""What to leave out of an answer's JSON so that its traces hold counts only."""


class Answer(Plain):
    """One answered query; ``reasons`` say why there is no (whole) answer, ``notes`` what else to tell.

    ``red_flags`` are to be acted on before anything that it suggests. ``behaviours`` is the answer to the
    same request with only behaviours moving, where that was asked for too. ``threshold`` and
    ``second_threshold`` are the lines of the classifier and of the second one, both p(class 1).
    """

    red_flags: tuple[RaisedFlag, ...] = ()
    answer_id: str
    cohort: str
    method: str
    seed: int
    created: str
    participant_id: str
    row_id: str
    status: Status
    reasons: tuple[str, ...]
    factual: Factual
    desired: Literal[0, 1]
    limits: Limits
    threshold: float
    second_threshold: float | None = None
    counterfactuals: tuple[Counterfactual, ...]
    best: Best | None
    trace: Trace
    seconds: Seconds
    notes: tuple[str, ...] = ()
    goal: Goal = CROSS
    feasibility: Feasibility | None = None
    drivers: tuple[Driver, ...] = ()
    prompt: str | None = None
    settings: dict[str, Any] = {}
    provenance: dict[str, Any] = {}
    behaviours: Answer | None = None

    def to_dict(self, *, candidates: bool = False) -> dict[str, Any]:
        """The answer as JSON values, like one of ``answers`` of ``sensecf explain --json``.

        With ``candidates`` the trace holds every candidate as it was proposed.
        """
        return self.model_dump(mode="json", by_alias=True, exclude=None if candidates else NO_CANDIDATES)

    def to_frame(self) -> pd.DataFrame:
        """One row a counterfactual: the new value of what it changes, and what the checks say of it.

        Columns are every feature that some counterfactual changes (missing: this one leaves it as it is),
        then ``probability`` (p(class 1)), ``valid``, ``gower`` and ``n_changed``; a feature that is called
        like one of these stands as ``valid (feature)``. ``attrs["notice"]`` says what the numbers are not,
        ``attrs["goal"]`` by which goal a row is valid (``cross``, ``lower`` or ``target``).
        """
        import pandas as pd

        checks = ("probability", "valid", "gower", "n_changed")
        found = self.counterfactuals
        titles = {name: f"{name} (feature)" if name in checks else name for name in self.factual.features}
        changed = [
            title
            for name, title in titles.items()
            if any(name in counterfactual.changes for counterfactual in found)
        ]
        lines = [
            {titles[name]: change.after for name, change in counterfactual.changes.items()}
            | {name: getattr(counterfactual, name) for name in checks}
            for counterfactual in found
        ]
        numbers = pd.RangeIndex(1, len(lines) + 1, name="counterfactual")
        frame = pd.DataFrame(lines, columns=[*changed, *checks], index=numbers)
        frame.attrs |= {"notice": DISCLAIMER_LONG, "goal": self.goal.kind}
        return frame
