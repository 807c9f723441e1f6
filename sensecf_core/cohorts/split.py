"""Split a cohort into training, validation and test parts, by participant."""

from __future__ import annotations

import hashlib

import pandas as pd

SHARES = {"train": 0.6, "val": 0.2, "test": 0.2}
SEED = 20260101
"""Seed of the committed splits, and of the splits of users' own cohorts."""


def split(target: pd.Series, seed: int = SEED) -> pd.Series:
    """Assign every participant to one part, 60 / 20 / 20, stratified by target.

    A participant with several rows counts as class 1 when any row is. The order within a stratum is
    that of ``sha256(seed:participant)``: the same ids give the same parts on every machine and with
    every library version, in whatever order the rows come.

    Parameters
    ----------
    target : 0 / 1, indexed by ``(participant_id, row_id)``.

    Returns
    -------
    Series of "train" | "val" | "test" with the index of ``target``.
    """
    people = target.index.get_level_values(0)
    highest = target.groupby(people).max()
    parts: dict[str, str] = {}
    for stratum in (0, 1):
        members = sorted(highest.index[highest == stratum], key=lambda person: _sort_key(str(person), seed))
        train = round(SHARES["train"] * len(members))
        val = train + round(SHARES["val"] * len(members))
        for part, ids in (("train", members[:train]), ("val", members[train:val]), ("test", members[val:])):
            parts.update(dict.fromkeys(ids, part))
    return pd.Series([parts[person] for person in people], index=target.index, name="part", dtype=object)


def _sort_key(person: str, seed: int) -> str:
    return hashlib.sha256(f"{seed}:{person}".encode()).hexdigest()
