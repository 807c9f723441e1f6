"""Clinical data of a release: OMOP measurements, observations and conditions as plain items.

A record is identified by ``*_source_value``, "variable, label" cut at 49 characters; the text before the
first comma is the key. Concept ids are ambiguous (both blood pressure readings share one, all history items
share another), so they are used only for laboratory values whose heading is unknown.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from sensecf_core.aireadi.release.locate import CLINICAL, Release, area, is_file, no_permission
from sensecf_core.errors import InputError
from sensecf_core.types import Floats

ITEMS_FILE = Path(__file__).parents[1] / "data" / "items.csv"
CENSORED = "4171756"
"""``operator_concept_id`` that the release writes for "<" and ">" alike."""

EITHER = "?"
"""Sign of a censored record that does not say which of the two it was, and of a mean of differing records."""

UNKNOWN_ANSWERS = frozenset({99.0, 555.0, 777.0, 888.0, 999.0})
"""Answer codes for: unsure, unknown, prefer not to say, other, unsure."""

CHUNK = 100_000
NEEDED = {
    "measurement": ("person_id", "measurement_source_value", "measurement_date", "value_as_number"),
    "observation": ("person_id", "observation_source_value", "observation_date", "value_as_number"),
    "condition_occurrence": (
        "person_id",
        "condition_source_value",
        "condition_concept_id",
        "condition_start_date",
    ),
    "person": ("person_id",),
    "visit_occurrence": ("person_id", "visit_start_date"),
}
"""Columns that a file must have; all others are optional."""

COLUMNS = ("participant_id", "item", "value", "state", "censored", "unit", "date", "mark")

NO_MARK = frozenset({"", "nan", "na", "n/a", "null", "none", "."})
"""Texts of ``value_source_value`` that say nothing of a value, in lower case."""
MARKS = frozenset(
    {
        *("invalid", "error", "not done", "not performed", "unable", "rejected", "insufficient", "hemolyzed"),
        *(
            "haemolyzed",
            "contaminated",
            "qns",
            "void",
            "cancelled",
            "canceled",
            "refused",
            "failed",
            "pending",
        ),
    }
)
"""Texts that mark a questionnaire's value as unusable, in lower case; others may be the answer."""


@dataclass(frozen=True)
class Item:
    """One clinical item.

    Attributes
    ----------
    keys : keys of its records, in any version, lower case and without a unit in brackets.
    concept_ids : empty unless no other item shares them.
    qualifier : the condition, for history items.
    low, high : values outside are marked ``out_of_range`` and not used.
    coded : whether it is a questionnaire answer, for which 99, 555, 777, 888 and 999 are not values.
    """

    name: str
    domain: str
    keys: tuple[str, ...]
    concept_ids: tuple[str, ...]
    qualifier: str | None
    unit: str
    low: float
    high: float
    coded: bool


@cache
def items() -> tuple[Item, ...]:
    """Read the known items, in display order (AI-READI documentation, CC BY 4.0)."""
    with ITEMS_FILE.open(encoding="utf-8", newline="") as file:
        return tuple(_item(row) for row in csv.DictReader(file))


def _item(row: dict[str, str]) -> Item:
    keys = tuple(plain_key(key) for key in row["keys"].split("|"))
    laboratory = keys[0].startswith("import_") or keys[0] in ("bmi_vsorres", "moca_total_score")
    return Item(
        name=row["item"],
        domain=row["domain"],
        keys=keys,
        concept_ids=tuple(row["concept_id"].split("|")) if laboratory and row["concept_id"] else (),
        qualifier=row["qualifier_concept_id"] or None,
        unit=row["unit"],
        low=float(row["low"]),
        high=float(row["high"]),
        coded=row["coded"] == "1",
    )


def plain_key(source: str) -> str:
    """Return the key of a ``*_source_value``: the text before the comma, without a unit, in lower case."""
    return source.partition(",")[0].partition("(")[0].strip().lower()


def records(release: Release) -> pd.DataFrame:
    """Read every record of a known item, one chunk of a file at a time.

    Returns
    -------
    One row per record: ``participant_id``, ``item``, ``value`` (as recorded; NaN without an answer or
    number), ``state`` ("measured", "not_answered", "out_of_range", "not_a_number", or "marked": in words, as
    invalid), ``censored`` ("<" or ">" as reported, :data:`EITHER` if it is unknown which, "" for an exact
    value), ``unit``, ``date`` (``YYYY-MM-DD`` text, None where it cannot be read) and ``mark``, those words.
    """
    parts = [part for domain in ("measurement", "observation") for part in _domain(release, domain)]
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(COLUMNS))
    return _with_conditions(table, release)


def wide(table: pd.DataFrame) -> pd.DataFrame:
    """Return one row per person, one column per item: the mean of its measured records, else NaN.

    This averages the two blood pressure or pulse readings. Every item has a column, even if nobody has a
    value.
    """
    measured = table[table["state"] == "measured"]
    means = measured.groupby(["participant_id", "item"])["value"].mean().unstack()
    return means.reindex(columns=[item.name for item in items()]).astype(float)


def signs(table: pd.DataFrame) -> pd.Series:
    """List each person's censored items with their sign, as in "crp_hs< nt_probnp<"; others have no entry.

    The sign is that of :func:`records`, or :data:`EITHER` if an item's records differ in it (or one is
    exact); :func:`sign_of` looks an item up.
    """
    measured = table[table["state"] == "measured"]
    by_item = measured.groupby(["participant_id", "item"])["censored"]
    sign = by_item.first().where(by_item.nunique() == 1, EITHER)
    marked = sign[sign != ""].reset_index()
    texts = (marked["item"] + marked["censored"]).groupby(marked["participant_id"])
    return texts.agg(lambda signed: " ".join(sorted(signed))).astype(object).rename("censored")


def sign_of(item: str, signed: object) -> str:
    """Return an item's sign from a text of :func:`signs`, "" for an exact value."""
    return next((text[-1] for text in str(signed or "").split() if text[:-1] == item), "")


def visits(release: Release) -> pd.Series:
    """Day of each person's first visit, from ``visit_occurrence.csv``; empty without that file."""
    first: dict[str, pd.Timestamp] = {}
    for chunk in _chunks(release, "visit_occurrence"):
        days = pd.to_datetime(chunk["visit_start_date"], errors="coerce", format="mixed")
        for person, day in zip(chunk["participant_id"], days, strict=True):
            if not pd.isna(day) and day < first.get(person, pd.Timestamp.max):
                first[person] = day
    return pd.Series(first, dtype="datetime64[s]", name="visit")


def people_listed(release: Release) -> frozenset[str]:
    """Ids in ``person.csv`` (its sex, race and dates are placeholders and are not read)."""
    return frozenset(person for chunk in _chunks(release, "person") for person in chunk["participant_id"])


def _chunks(release: Release, name: str) -> Iterator[pd.DataFrame]:
    """Read one file in chunks of text columns, with plain ids in ``participant_id``, without index columns.

    Raises ``InputError`` if the file may not be read, is broken, or lacks a required column.
    """
    path = next(
        (folder / f"{name}.csv" for folder in area(release, CLINICAL) if is_file(folder / f"{name}.csv")),
        None,
    )
    if path is None:
        return
    try:
        yield from _read_csv(path, NEEDED[name])
    except PermissionError as error:
        raise no_permission(path) from error
    except (OSError, ValueError) as error:
        raise InputError(f"{str(path)!r} cannot be read as a table ({str(error).strip()}).") from error


def _read_csv(path: Path, needed: tuple[str, ...]) -> Iterator[pd.DataFrame]:
    for chunk in pd.read_csv(
        path,
        dtype=str,
        keep_default_na=False,
        encoding="utf-8-sig",
        encoding_errors="replace",
        chunksize=CHUNK,
        usecols=lambda column: bool(column) and column != "X" and not column.startswith("Unnamed"),
    ):
        if lacking := [column for column in needed if column not in chunk]:
            raise ValueError(f"it has no column {lacking[0]!r}")
        yield chunk.assign(participant_id=_plain_ids(chunk["person_id"]))


def _domain(release: Release, domain: str) -> Iterator[pd.DataFrame]:
    for chunk in _chunks(release, domain):
        source = chunk[f"{domain}_source_value"]
        names = _items_of(domain, chunk, source)
        known = names.notna()
        if known.any():
            yield _typed(domain, chunk[known], names[known])


def _items_of(domain: str, chunk: pd.DataFrame, source: pd.Series) -> pd.Series:
    """Return the name of each record's item, None if it is unknown."""
    domain_items = [item for item in items() if item.domain == domain]
    by_key = {key: item.name for item in domain_items for key in item.keys}
    by_concept = {concept: item.name for item in domain_items for concept in item.concept_ids}
    by_qualifier = {item.qualifier: item.name for item in domain_items if item.qualifier}
    keys = {text: plain_key(text) for text in source.unique()}
    named = source.map({text: by_key.get(key) for text, key in keys.items()}).astype(object)
    for column, by_id in ((f"{domain}_concept_id", by_concept), ("qualifier_concept_id", by_qualifier)):
        if column in chunk and by_id:
            named = named.where(named.notna(), _plain_ids(chunk[column]).map(by_id).astype(object))
    return named


def _plain_ids(ids: pd.Series) -> pd.Series:
    """Strip padding from ids, and the ``.0`` that a column with missing values gets."""
    return ids.str.strip().str.removesuffix(".0")


def _typed(domain: str, chunk: pd.DataFrame, names: pd.Series) -> pd.DataFrame:
    values = pd.to_numeric(chunk["value_as_number"], errors="coerce")
    texts = chunk["value_source_value"] if "value_source_value" in chunk else chunk["value_as_number"]
    sign = texts.str.strip().str.extract(r"^([<>])", expand=False).fillna("")
    parsed = pd.to_numeric(texts.str.strip().str.lstrip("<>= "), errors="coerce")
    values = values.where(values.notna(), parsed).astype(float)
    operators = (
        _plain_ids(chunk["operator_concept_id"])
        if "operator_concept_id" in chunk
        else pd.Series("", chunk.index)
    )
    by_name = {item.name: item for item in items()}
    record_items = [by_name[name] for name in names]
    state = _states(values.to_numpy(), record_items)
    marks = _marks(domain, texts)
    state[(state == "measured") & (marks != "")] = "marked"
    days = pd.to_datetime(chunk[f"{domain}_date"], errors="coerce", format="mixed")
    return pd.DataFrame(
        {
            "participant_id": chunk["participant_id"],
            "item": names,
            "value": values.where(np.isin(state, ("measured", "out_of_range"))),
            "state": state,
            "censored": sign.mask((sign == "") & (operators == CENSORED), EITHER),
            "unit": [item.unit for item in record_items],
            "date": days.dt.strftime("%Y-%m-%d"),
            "mark": np.where(state == "marked", marks, ""),
        }
    )


def _marks(domain: str, texts: pd.Series) -> npt.NDArray[np.object_]:
    """Words beside a value that say that it cannot be used; "" for none.

    The source text of a measurement is its number, so any words there are a mark; that of an observation may
    be the answer in words.
    """
    words = {
        text: plain
        for text in texts.unique()
        if (plain := text.strip()).lower() not in NO_MARK and not any(sign.isdigit() for sign in plain)
    }
    if domain != "measurement":
        words = {text: plain for text, plain in words.items() if plain.lower() in MARKS}
    return np.array([words.get(text, "") for text in texts], dtype=object)


def _states(values: Floats, record_items: list[Item]) -> npt.NDArray[np.object_]:
    """Return the state of each value: "measured", or why it cannot be used."""
    low, high = np.array([item.low for item in record_items]), np.array([item.high for item in record_items])
    coded = np.array([item.coded for item in record_items])
    state = np.full(len(values), "measured", dtype=object)
    state[(values < low) | (values > high)] = "out_of_range"
    state[coded & np.isin(values, list(UNKNOWN_ANSWERS))] = "not_answered"
    state[np.isnan(values)] = "not_a_number"
    return state


def _with_conditions(table: pd.DataFrame, release: Release) -> pd.DataFrame:
    """Add the listed conditions as answers "yes", unless an observation answers the same item."""
    history = {item.keys[0]: item for item in items() if item.qualifier}
    by_concept = {item.qualifier: item for item in history.values()}
    answered = set(zip(table["participant_id"], table["item"], strict=True))
    rows = []
    for chunk in _chunks(release, "condition_occurrence"):
        days = pd.to_datetime(chunk["condition_start_date"], errors="coerce", format="mixed")
        columns = (
            chunk["participant_id"],
            chunk["condition_source_value"],
            _plain_ids(chunk["condition_concept_id"]),
        )
        for person, source, concept, day in zip(*columns, days.dt.strftime("%Y-%m-%d"), strict=True):
            item = history.get(plain_key(source)) or by_concept.get(concept)
            if item is not None and (person, item.name) not in answered:
                answered.add((person, item.name))
                rows.append((person, item.name, 1.0, "measured", "", "", day, ""))
    more = pd.DataFrame(rows, columns=list(COLUMNS))
    return pd.concat([table, more], ignore_index=True) if rows else table
