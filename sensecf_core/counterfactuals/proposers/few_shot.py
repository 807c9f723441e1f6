"""Few-shot examples: (factual, counterfactual) pairs that a search makes on training rows."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from pydantic import TypeAdapter, ValidationError

from sensecf_core import provenance
from sensecf_core.cohorts.encoding import Codes, from_values
from sensecf_core.cohorts.schema import Profile
from sensecf_core.counterfactuals.problem.budget import Budget
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.problem.make_queries import drivers, make_queries
from sensecf_core.counterfactuals.problem.search_space import SearchSpace
from sensecf_core.counterfactuals.search.beam_search import search
from sensecf_core.language.prompts.plain import Example
from sensecf_core.paths import var
from sensecf_core.queries.answer import Edits
from sensecf_core.queries.limits import Limits
from sensecf_core.queries.query import Driver, Query
from sensecf_core.types import Plain

BANK_SIZE = 240
"""Training rows that are searched for examples, per direction and profile."""
SHOTS = 3
"""Examples in a few-shot prompt (three, as in the second paper)."""
MARGIN = 0.25
"""Log-odds beyond the threshold that an example reaches, so that it is not a borderline case."""


class StoredExample(Plain):
    """An example as it is kept on disk."""

    query: Query
    drivers: tuple[Driver, ...]
    edits: Edits


@dataclass(frozen=True)
class Bank:
    """Examples of one direction and profile, with the codes of their factuals (examples, features)."""

    examples: tuple[Example, ...]
    codes: Codes


def nearest_examples(
    fitted: FittedCohort, query: Query, cancelled: Callable[[], bool] = lambda: False
) -> tuple[Example, ...]:
    """Return the examples whose people are most like this one, the most similar last.

    Only examples that change what this query lets move, and no more features than it allows, are
    shown, so that no example contradicts the limits.
    """
    bank = _bank(fitted, query.desired, query.limits.profile, cancelled)
    movable = {entry.feature for entry in query.movable}
    fitting = [
        number
        for number, example in enumerate(bank.examples)
        if example.query.participant_id != query.participant_id
        and set(example.edits) <= movable
        and len(example.edits) <= query.limits.max_changes
    ]
    if not fitting:
        return ()
    factual = from_values(fitted.schema, query.factual.features)
    order = np.argsort(fitted.distances.gower(factual, bank.codes[fitting]), kind="stable")
    return tuple(bank.examples[fitting[number]] for number in order[:SHOTS][::-1])


def stored_examples(
    fitted: FittedCohort,
    desired: Literal[0, 1],
    profile: Profile,
    cancelled: Callable[[], bool] = lambda: False,
) -> tuple[StoredExample, ...]:
    """The examples of one direction and profile, searched once and kept in ``var``; empty if none is found.

    Raises ``CancelledError`` while they are searched.
    """
    return _stored(_Key(fitted, desired, profile, cancelled))


def _bank(
    fitted: FittedCohort, desired: Literal[0, 1], profile: Profile, cancelled: Callable[[], bool]
) -> Bank:
    stored = stored_examples(fitted, desired, profile, cancelled)
    examples = tuple(Example(query=s.query, drivers=s.drivers, edits=s.edits) for s in stored)
    codes = [from_values(fitted.schema, example.query.factual.features) for example in examples]
    return Bank(examples, np.array(codes).reshape(-1, len(fitted.schema.features)))


@dataclass(frozen=True)
class _Key:
    """Hashable by content, so that one process searches once."""

    fitted: FittedCohort
    desired: Literal[0, 1]
    profile: Profile
    cancelled: Callable[[], bool]

    @property
    def digest(self) -> str:
        parts = (
            self.fitted.cohort.data_sha256,
            self.fitted.cohort.split_sha256,
            self.fitted.schema.sha256,
            self.fitted.schema.limits_sha256,
            self.fitted.classifier.sha256,
            provenance.code_sha256(__name__),
            f"{self.desired}{self.profile}{BANK_SIZE}{MARGIN}",
        )
        return hashlib.sha256("".join(parts).encode()).hexdigest()[:16]

    def __hash__(self) -> int:
        return hash(self.digest)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and self.digest == other.digest


_ADAPTER = TypeAdapter(tuple[StoredExample, ...])


@lru_cache(maxsize=16)
def _stored(key: _Key) -> tuple[StoredExample, ...]:
    path = var("examples", f"{key.fitted.schema.name}-{key.digest}.json")
    try:
        return _ADAPTER.validate_json(path.read_bytes())
    except (FileNotFoundError, ValidationError):
        pass  # not made yet, or cut short: made (again)
    examples = make_examples(key.fitted, key.desired, key.profile, cancelled=key.cancelled)
    scratch = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}.part")
    scratch.write_bytes(_ADAPTER.dump_json(examples))
    scratch.replace(path)
    return examples


def make_examples(
    fitted: FittedCohort,
    desired: Literal[0, 1],
    profile: Profile,
    size: int = BANK_SIZE,
    cancelled: Callable[[], bool] = lambda: False,
) -> tuple[StoredExample, ...]:
    """Search ``size`` training rows of the other predicted class; keep those with an answer.

    Deterministic: the rows are drawn with seed 0 from the training part.
    """
    train = fitted.cohort.rows.index[fitted.cohort.parts.eq("train").to_numpy()]
    rng = np.random.default_rng(0)
    rows = rng.permutation(np.flatnonzero(fitted.train_predicted != desired))[:size]
    if not len(rows):
        return ()
    keys = [(str(participant), str(row)) for participant, row in train[rows]]
    queries = make_queries(fitted, keys, desired, Limits(profile=profile))
    space = [SearchSpace.of(fitted.schema, query) for query in queries]
    answers = search(fitted, space, Budget(fitted.classifier, cancelled=cancelled), margin=MARGIN)
    return tuple(
        StoredExample(
            query=query,
            drivers=why,
            edits={name: change.after for name, change in move.changes(answer).items()},
        )
        for query, move, why, answer in zip(queries, space, drivers(fitted, queries), answers, strict=True)
        if answer is not None
    )
