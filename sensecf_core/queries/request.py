"""A request by a page, a command or a program, before it is resolved against a cohort and a row."""

from __future__ import annotations

from typing import Literal

from sensecf_core.cohorts.schema import Profile
from sensecf_core.queries.goal import AskedGoal
from sensecf_core.types import Plain, Span


class ExplainRequest(Plain):
    """One request for counterfactuals of one row. Nothing in it is checked yet.

    ``method`` is a name of :data:`~sensecf_core.queries.methods.METHODS`; ``model`` names a language model
    (:mod:`sensecf_core.language.models.registry`), None is the default one. ``grammar`` holds a language
    model to readable answers within the limits while it writes. ``profile`` and ``desired`` of ``None`` mean
    the cohort's own; ``ranges`` are in each feature's unit; ``levels`` name the allowed levels of ordinal and
    categorical features. ``temperature`` of None is the method's own: an adapter's best one, else 1.

    ``goal`` of None is ``cross`` under ``contrast`` limits, else ``auto``; ``target`` is a risk to reach, in
    points of 100. With ``search_first`` a search says what is feasible before the method is asked, which is
    not asked where there is nothing to find; what measures methods leaves it out. With ``behaviours_too`` a
    request under ``intervention`` limits is also answered under ``behaviour`` limits, in the same answer.
    """

    cohort: str
    participant_id: str
    row_id: str | None = None
    method: str = "lm-few-shot"
    model: str | None = None
    k: int = 4
    candidates: int = 16
    max_changes: int = 3
    profile: Profile | None = None
    frozen: tuple[str, ...] = ()
    ranges: dict[str, Span] = {}
    levels: dict[str, tuple[str, ...]] = {}
    desired: Literal[0, 1] | None = None
    goal: AskedGoal | None = None
    target: float | None = None
    search_first: bool = True
    behaviours_too: bool = False
    seed: int = 0
    temperature: float | None = None
    grammar: bool = True
    max_model_rows: int = 50_000
    max_seconds: float = 120.0
