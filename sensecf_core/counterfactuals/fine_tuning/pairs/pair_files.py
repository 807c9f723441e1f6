"""Training pairs on disk (``var/pairs``), so that they are searched only once: rows and a card."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from pydantic import TypeAdapter

from sensecf_core import provenance
from sensecf_core.cohorts.encoding import from_values
from sensecf_core.cohorts.fingerprint import file_sha256
from sensecf_core.cohorts.schema import Profile
from sensecf_core.counterfactuals.fine_tuning.pairs import pair_search, profile_pairs
from sensecf_core.counterfactuals.fine_tuning.pairs.pair_search import Kind, Pair, kind
from sensecf_core.counterfactuals.fine_tuning.pairs.synthetic import SYNTHETIC_ID
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.problem.make_queries import make_queries, with_limits
from sensecf_core.counterfactuals.problem.search_space import SearchSpace
from sensecf_core.counterfactuals.search.effects import Source
from sensecf_core.paths import var, write_whole
from sensecf_core.queries.answer import Edits
from sensecf_core.queries.limits import Limits
from sensecf_core.queries.query import Factual, PromptHints, Query
from sensecf_core.types import RowKey

FORMAT = 3
PAIRS, CARD = "pairs.parquet", "card.json"
_EDITS = TypeAdapter(tuple[Edits, ...])
_FACTUAL = TypeAdapter(Factual)


def load_or_build(
    fitted: FittedCohort,
    *,
    seed: int = 0,
    variants: int = 1,
    most_rows: int | None = None,
    source: Source = "shap",
    per_group: int = profile_pairs.PER_GROUP,
    synthetic: int = profile_pairs.SYNTHETIC,
    progress: Callable[[float, str], None] = lambda done, words: None,
) -> tuple[Path, tuple[Pair, ...]]:
    """Read the training pairs of a cohort, or build them the first time.

    Returns their folder and the pairs; arguments as :func:`.pair_search.build`, or as
    :func:`.profile_pairs.build` where ``source`` is ``profile``.
    """
    untold = source == "profile"
    options: dict[str, Any] = {"seed": seed, "source": source}
    options |= (
        {"per_group": per_group, "synthetic": synthetic}
        if untold
        else {"variants": variants, "most_rows": most_rows}
    )
    origin = {
        "format": FORMAT,
        **options,
        **_origin(fitted, (profile_pairs if untold else pair_search).__name__),
    }
    digest = hashlib.sha256(json.dumps(origin, sort_keys=True).encode()).hexdigest()[:12]
    folder = var("pairs", f"{fitted.schema.name}-{digest}")
    if (folder / CARD).is_file():
        return folder, read(fitted, folder)
    pairs = (
        profile_pairs.build(fitted, seed=seed, per_group=per_group, synthetic=synthetic, progress=progress)
        if untold
        else pair_search.build(
            fitted, seed=seed, variants=variants, most_rows=most_rows, source=source, progress=progress
        )
    )
    write(fitted, folder, pairs, origin)
    return folder, pairs


def _origin(fitted: FittedCohort, engine: str) -> dict[str, Any]:
    """Everything that decides which pairs are made."""
    return {
        "cohort": fitted.cohort.data_sha256,
        "schema": fitted.schema.sha256,
        "limits": fitted.schema.limits_sha256,
        "split": fitted.cohort.split_sha256,
        "classifier": fitted.classifier.sha256,
        "engine": provenance.code_sha256(engine),
    }


def write(fitted: FittedCohort, folder: Path, pairs: Sequence[Pair], origin: dict[str, Any]) -> None:
    """Write pairs and their card; the card comes last, so that an interrupted run is repeated."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    rows = [
        {
            "participant_id": pair.query.participant_id,
            "row_id": pair.query.row_id,
            "desired": pair.query.desired,
            "limits": pair.query.limits.model_dump_json(),
            "told": pair.hints.model_dump_json(),
            "answers": _EDITS.dump_json(pair.answers).decode(),
            "grade": pair.grade,
            "factual": _FACTUAL.dump_json(pair.query.factual).decode() if _is_synthetic(pair.query) else None,
        }
        for pair in pairs
    ]
    pd.DataFrame(rows).to_parquet(folder / PAIRS, compression="zstd", index=False)
    text = json.dumps(card(fitted, pairs, origin, file_sha256(folder / PAIRS)), indent=1)
    write_whole(folder / CARD, text + "\n")


def read(fitted: FittedCohort, folder: Path) -> tuple[Pair, ...]:
    """Read pairs back; their queries are made again from the cohort, synthetic ones from their values."""
    table = pd.read_parquet(folder / PAIRS)
    rows = table.astype(object).where(table.notna(), None).to_dict("records")
    real = {index for index, row in enumerate(rows) if row["factual"] is None}
    limits = [Limits.model_validate_json(row["limits"]) for row in rows]
    keys: dict[tuple[Profile, Literal[0, 1]], dict[RowKey, None]] = {}
    for index, (row, row_limits) in enumerate(zip(rows, limits, strict=True)):
        if index in real:
            of_kind = keys.setdefault((row_limits.profile, row["desired"]), {})
            of_kind[row["participant_id"], row["row_id"]] = None
    plain = {
        (*kind, key): query
        for kind, part_rows in keys.items()
        for key, query in zip(
            part_rows, make_queries(fitted, list(part_rows), kind[1], Limits(profile=kind[0])), strict=True
        )
    }
    pairs = []
    for row, row_limits in zip(rows, limits, strict=True):
        key = (row["participant_id"], row["row_id"])
        if row["factual"] is None:
            query = plain[row_limits.profile, row["desired"], key]
        else:
            query = _synthetic(fitted, key, row["desired"], row_limits, row["factual"])
        query = query if row_limits == query.limits else with_limits(fitted, query, row_limits)
        hints = PromptHints.model_validate_json(row["told"])
        pairs.append(Pair(query, hints, _EDITS.validate_json(row["answers"]), row["grade"]))
    return tuple(pairs)


def _is_synthetic(query: Query) -> bool:
    return query.participant_id == SYNTHETIC_ID


def _synthetic(
    fitted: FittedCohort, key: RowKey, desired: Literal[0, 1], limits: Limits, factual: str
) -> Query:
    """The query about a synthetic row, whose prediction was stored with it."""
    row = _FACTUAL.validate_json(factual)
    query = Query(
        cohort=fitted.schema.name, participant_id=key[0], row_id=key[1], factual=row, desired=desired,
        limits=Limits(profile=limits.profile), movable=(),
    )  # fmt: skip
    return with_limits(fitted, query, limits)


def read_card(folder: Path) -> dict[str, Any]:
    """Read the card of pairs on disk."""
    found: dict[str, Any] = json.loads((folder / CARD).read_text(encoding="utf-8"))
    return found


def card(fitted: FittedCohort, pairs: Sequence[Pair], origin: dict[str, Any], sha256: str) -> dict[str, Any]:
    """Say what the pairs are: counts, unanswered queries, changes, distances, features; per group."""
    groups: dict[Kind, list[Pair]] = {}
    for pair in pairs:
        groups.setdefault(kind(pair), []).append(pair)
    return {
        "cohort": fitted.schema.name,
        "part": "train",
        "sha256": sha256,
        "origin": origin,
        "queries": len(pairs),
        "answers": sum(len(pair.answers) for pair in pairs),
        "participants": len({pair.query.participant_id for pair in pairs if not _is_synthetic(pair.query)}),
        "synthetic": sum(_is_synthetic(pair.query) for pair in pairs),
        "groups": [
            {"limits": profile, "desired": desired, "varied_limits": varied, **_group(fitted, found)}
            for (profile, desired, varied), found in groups.items()
        ],
        "features": dict(
            Counter(name for pair in pairs for answer in pair.answers for name in answer).most_common()
        ),
        "provenance": {"commit": provenance.commit(), "version": provenance.versions()},
    }


def _group(fitted: FittedCohort, pairs: Sequence[Pair]) -> dict[str, Any]:
    distances, beyond, changes = [], [], []
    graded = all(pair.grade is not None for pair in pairs)  # then only answered ones were kept
    for pair in pairs:
        if not pair.answers:
            continue
        space = SearchSpace.of(fitted.schema, pair.query)
        codes = np.array([space.apply(answer) for answer in pair.answers])
        sign = 1 if space.desired else -1
        distances += fitted.distances.gower(
            from_values(fitted.schema, pair.query.factual.features), codes
        ).tolist()
        beyond += (sign * (fitted.classifier.margin_of_codes(codes) - fitted.threshold_margin)).tolist()
        changes += [len(answer) for answer in pair.answers]
    return {
        "queries": len(pairs),
        **({} if graded else {"unanswered_share": float(np.mean([not pair.answers for pair in pairs]))}),
        "answers": len(changes),
        "grades": dict(Counter(pair.grade for pair in pairs if pair.grade is not None).most_common()),
        "changes": {str(count): changes.count(count) for count in sorted(set(changes))},
        "mean_gower": float(np.mean(distances)) if distances else None,
        "mean_log_odds_beyond_threshold": float(np.mean(beyond)) if beyond else None,
    }
