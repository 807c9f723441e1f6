"""What is in a release, what is missing and what is odd, in counts: no id leaves this module."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sensecf_core.aireadi import tables
from sensecf_core.aireadi.features.participant import guarded_tables
from sensecf_core.aireadi.release import clinical, participants
from sensecf_core.aireadi.release.files import MANIFEST, FileFinder, Manifests
from sensecf_core.aireadi.release.inventory import person_files
from sensecf_core.aireadi.release.locate import (
    CLINICAL,
    GLUCOSE,
    PEOPLE_FILE,
    WEARABLE,
    Release,
    area,
    is_file,
)
from sensecf_core.aireadi.release.streams import STREAMS
from sensecf_core.types import Progress

INSULIN_NG = 3.0
"""A median above this cannot be insulin in ng/mL (1 ng/mL is about 28.7 µIU/mL)."""


@dataclass(frozen=True)
class StreamReport:
    """One stream, over the participants that were read.

    Attributes
    ----------
    listed : participants of the whole release for whom the manifest names a file; None without a manifest.
    read, empty, missing, unreadable : participants by the state of their file.
    nothing_valid : participants whose file has records but no valid one in the window.
    valid_share, wear_days, gaps : medians over participants with a file.
    odd : number of participants by what is odd.
    """

    stream: str
    label: str
    listed: int | None
    read: int
    empty: int
    missing: int
    unreadable: int
    nothing_valid: int
    valid_share: float
    wear_days: float
    gaps: float
    odd: dict[str, int]


@dataclass(frozen=True)
class Report:
    """The report of ``aireadi check``.

    Attributes
    ----------
    participants : people in ``participants.tsv``; ``looked_at`` of them were read.
    groups, sites, parts : people by study group, site and recommended split.
    usable_days : days with enough wear, of ``days``.
    enough_glucose : participants looked at who have three days of glucose or more.
    items : participants with a measured value, by clinical item.
    not_used : clinical records without a value, by the reason.
    missing, odd : sentences about the release as a whole.
    read_mb, seconds : what was read and how long it took.
    from_cache : nothing was read, because the tables were in the cache.
    tables : folder of the cached tables; None unless everybody was read.
    """

    release: Release
    participants: int
    looked_at: int
    groups: dict[str, int]
    sites: dict[str, int]
    parts: dict[str, int]
    streams: tuple[StreamReport, ...]
    days: int
    usable_days: int
    enough_glucose: int
    items: dict[str, int]
    not_used: dict[str, int]
    missing: tuple[str, ...]
    odd: tuple[str, ...]
    read_mb: float
    seconds: float
    from_cache: bool = False
    tables: str | None = None


def check(release: Release, *, few: int, progress: Progress | None = None) -> Report:
    """Read a few participants, spread evenly over the list, and the clinical tables."""
    progress = progress or (lambda done, message: None)
    people = participants.read(release)
    finder = FileFinder(release)
    chosen = people.iloc[np.unique(np.linspace(0, len(people) - 1, num=min(few, len(people))).astype(int))]
    started = time.monotonic()
    results = []
    files = person_files(finder, chosen, clinical.visits(release))
    for number, person in enumerate(files):
        progress(number / len(files), f"Reading participant {number + 1} of {len(files)}")
        results.append(guarded_tables(person))
    seconds = time.monotonic() - started
    summary = pd.DataFrame([person.summary for person in results], index=chosen.index)
    computed = {*summary.columns, *(item.name for item in clinical.items())}
    quality = pd.concat([person.quality for person in results], ignore_index=True)
    days = pd.concat([person.days for person in results])
    return _report(
        release,
        people=people,
        manifests=finder.manifests,
        quality=quality,
        days=days,
        summary=summary,
        records=clinical.records(release),
        replaced=[name for name in people.columns if name in computed],
        read_mb=sum(person.size for person in files) / 1e6,
        seconds=seconds,
    )


def check_all(release: Release, *, jobs: int, progress: Progress | None = None) -> Report:
    """Read everybody, in parallel and into the cache (see :func:`tables.build`), and report on all."""
    started = time.monotonic()
    built = tables.build(release, jobs=jobs, progress=progress)
    seconds = time.monotonic() - started
    return _report(
        release,
        people=participants.read(release),
        manifests=FileFinder(release).manifests,
        quality=built.quality,
        days=built.days,
        summary=built.people,
        records=built.clinical,
        replaced=built.replaced,
        read_mb=built.read_mb,
        seconds=seconds,
        from_cache=built.from_cache,
        folder=str(built.folder),
    )


def _report(
    release: Release,
    *,
    people: pd.DataFrame,
    manifests: Manifests,
    quality: pd.DataFrame,
    days: pd.DataFrame,
    summary: pd.DataFrame,
    records: pd.DataFrame,
    replaced: Sequence[str],
    read_mb: float,
    seconds: float,
    from_cache: bool = False,
    folder: str | None = None,
) -> Report:
    has_enough = summary["enough_glucose"].fillna(False).astype(bool) if "enough_glucose" in summary else []
    measured = records[records["state"] == "measured"]
    odd = [*release.notes, *_people_oddities(release, people, replaced), *_insulin_oddities(measured)]
    marked = records.loc[records["state"] == "marked", "mark"].value_counts()
    odd += [f"{count} clinical record(s) are marked {word!r} and not used." for word, count in marked.items()]
    notes = summary["notes"].replace("", np.nan).dropna() if "notes" in summary else pd.Series(dtype=object)
    odd += [
        f"{count} participant(s): {note}."
        for note, count in notes.str.split("; ").explode().value_counts().items()
    ]
    return Report(
        release=release,
        participants=len(people),
        looked_at=quality["participant_id"].nunique(),
        groups=_tally(people["study_group"]),
        sites=_tally(people["clinical_site"]),
        parts=_tally(people["recommended_split"]),
        streams=tuple(_stream(stream.name, stream.label, quality, manifests) for stream in STREAMS),
        days=len(days),
        usable_days=int(days["enough_wear"].fillna(False).astype(bool).sum()) if len(days) else 0,
        enough_glucose=int(np.sum(has_enough)),
        items=measured.groupby("item")["participant_id"].nunique().sort_values(ascending=False).to_dict(),
        not_used=_tally(records["state"][records["state"] != "measured"]),
        missing=tuple(_missing(release)),
        odd=tuple(odd),
        read_mb=read_mb,
        seconds=seconds,
        from_cache=from_cache,
        tables=folder,
    )


def _tally(values: pd.Series) -> dict[str, int]:
    labels = values.astype(object).where(values.notna(), "not given")
    return {str(name): int(count) for name, count in labels.value_counts().items()}


def _missing(release: Release) -> list[str]:
    sentences = [f"There is no {name}/." for name in (CLINICAL, WEARABLE, GLUCOSE) if not area(release, name)]
    if folders := area(release, CLINICAL):
        for name in clinical.NEEDED:
            if not any(is_file(folder / f"{name}.csv") for folder in folders):
                sentences.append(f"There is no {CLINICAL}/{name}.csv.")
    for name in (WEARABLE, GLUCOSE):
        if (folders := area(release, name)) and not any(is_file(folder / MANIFEST) for folder in folders):
            sentences.append(f"There is no {name}/{MANIFEST}; files are found by their folders.")
    return sentences


def _people_oddities(release: Release, people: pd.DataFrame, replaced: Sequence[str]) -> list[str]:
    odd = []
    if replaced:
        odd.append(
            f"{PEOPLE_FILE} has {', '.join(replaced)}; what is computed under that name is used instead."
        )
    listed = clinical.people_listed(release)
    if listed and (absent := len(set(people.index) - listed)):
        odd.append(f"{absent} participant(s) of {PEOPLE_FILE} are not in person.csv.")
    for name, what in (
        ("study_visit_date", "visit date"),
        ("age", "age"),
        ("study_group", "known study group"),
    ):
        if lacking := int(people[name].isna().sum()):
            odd.append(f"{lacking} participant(s) have no {what}.")
    return odd


def _insulin_oddities(measured: pd.DataFrame) -> list[str]:
    insulin = measured.loc[measured["item"] == "insulin", "value"]
    if len(insulin) and float(insulin.median()) > INSULIN_NG:
        return [
            f"Insulin is labelled ng/mL, but its median is {insulin.median():.1f}, the size of µIU/mL; "
            "do not compute HOMA-IR from it before the unit is known."
        ]
    return []


def _stream(name: str, label: str, quality: pd.DataFrame, manifests: Manifests) -> StreamReport:
    rows = quality[quality["stream"] == name]
    read_rows = rows[rows["state"] == "read"]
    states = rows["state"].value_counts()
    listed = manifests[name]
    return StreamReport(
        stream=name,
        label=label,
        listed=sum(file.path is not None for file in listed.values()) if listed else None,
        read=int(states.get("read", 0)),
        empty=int(states.get("empty", 0)),
        missing=int(states.get("missing", 0)),
        unreadable=int(states.get("unreadable", 0)),
        nothing_valid=int((read_rows["valid"] == 0).sum()),
        valid_share=float(read_rows["valid_share"].median()),
        wear_days=float(read_rows["wear_days"].median()),
        gaps=float(read_rows["gaps"].median()),
        odd=_stream_oddities(rows),
    )


def _stream_oddities(rows: pd.DataFrame) -> dict[str, int]:
    """Count participants with each kind of oddity."""
    kinds = {
        "outside_window": "records outside the window",
        "repeated": "repeated records",
        "out_of_range": "values that cannot be true",
        "not_a_number": "values that are no number",
        "without_time": "records without a usable time",
        "other_events": "records that are no readings of the sensor",
        "too_long": "intervals longer than a day",
        "overlapping": "overlapping intervals",
        "censored": "readings given as Low or High",
    }
    odd = {text: int((rows[column] > 0).sum()) for column, text in kinds.items()}
    notes = rows["notes"].replace("", np.nan).dropna().str.split("; ").explode()
    odd |= {str(note): int(count) for note, count in notes.value_counts().items()}
    return {text: count for text, count in odd.items() if count}
