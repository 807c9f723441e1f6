"""Build the data of the built-in cohorts: ``python -m sensecf_core.datasets.build [nhanes|heart|aireadi]``.

The schemas beside the data are written by hand; everything else in ``data/NAME/`` is built here. With the
pinned libraries, the same source gives the same files byte for byte.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import pandas as pd

from sensecf_core.aireadi.cohort import shipped
from sensecf_core.cohorts import builtin
from sensecf_core.cohorts.cohort import FlowStep
from sensecf_core.cohorts.encoding import to_codes
from sensecf_core.cohorts.fingerprint import file_sha256, frame_sha256
from sensecf_core.cohorts.rules import broken_shares
from sensecf_core.cohorts.schema import Schema
from sensecf_core.cohorts.split import SEED, SHARES, split
from sensecf_core.datasets import heart, nhanes, sources
from sensecf_core.errors import InputError, NotReadyError, unknown


@dataclass(frozen=True)
class SourceData:
    """The data of one cohort, as read from its source.

    ``table`` is indexed by (participant_id, row_id): features, target, subgroups. ``parts`` is each
    participant's part; None: the project's split. ``source`` goes into ``provenance.json``; ``extra_tables``
    are stored beside the rows.
    """

    table: pd.DataFrame
    flow: tuple[FlowStep, ...]
    source: dict[str, object]
    parts: pd.Series | None = None
    extra_tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)


def _nhanes() -> SourceData:
    return SourceData(*nhanes.build(sources.read_member(nhanes.SOURCE)), source=asdict(nhanes.SOURCE))


def _heart() -> SourceData:
    return SourceData(*heart.build(sources.read_member(heart.SOURCE)), source=asdict(heart.SOURCE))


def _aireadi() -> SourceData:
    built = shipped.build()
    tables = {"days": built.days, "people": built.people, "quality": built.quality}
    return SourceData(built.rows.table, built.rows.flow, built.source, built.rows.parts, tables)


BUILDERS: dict[str, Callable[[], SourceData]] = {"nhanes": _nhanes, "heart": _heart, "aireadi": _aireadi}


def build(name: str, folder: Path) -> tuple[FlowStep, ...]:
    """Build one cohort and write its files into ``folder``.

    Returns the row flow. Raises ``NotReadyError`` when the source cannot be fetched or is not the
    expected one.
    """
    data = BUILDERS[name]()
    schema = builtin.read_schema(name)
    columns = dict.fromkeys([*schema.names, schema.task.target, *(s.name for s in schema.subgroups)])
    table = data.table[list(columns)].astype({f.name: float for f in schema.features if not f.named})
    table = table.astype({schema.task.target: int})
    row_parts = split(table[schema.task.target], SEED) if data.parts is None else data.parts
    parts = row_parts.groupby(level=0, sort=False).first().to_frame()
    files = {"rows": table, "split": parts, **data.extra_tables}
    for file, content in files.items():
        write_parquet(content, folder / f"{file}.parquet")
    record: dict[str, object] = {
        "command": f"python -m sensecf_core.datasets.build {name}",
        "source": data.source,
        "flow": [asdict(step) for step in data.flow],
    }
    record |= {"split_seed": SEED} if data.parts is None else {}
    record |= _content(schema, table, parts)
    record["files"] = {f"{file}.parquet": file_sha256(folder / f"{file}.parquet") for file in files}
    (folder / "provenance.json").write_text(json.dumps(record, indent=2) + "\n", "utf-8")
    return data.flow


def write_parquet(frame: pd.DataFrame, path: Path) -> None:
    """Write a table with its index as zstd-compressed Parquet, without any metadata that varies."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if frame.index.names != [None]:
        frame = frame.reset_index()
    table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
    pq.write_table(table, path, compression="zstd", compression_level=19)


def _content(schema: Schema, table: pd.DataFrame, parts: pd.DataFrame) -> dict[str, object]:
    """Counts and content hashes of what was built."""
    return {
        "rows": len(table),
        "participants": len(parts),
        "class_1": int(table[schema.task.target].sum()),
        "parts": {part: int((parts["part"] == part).sum()) for part in SHARES},
        "rows_breaking_rules": broken_shares(schema, to_codes(schema, table)),
        "rows_sha256": frame_sha256(table),
        "split_sha256": frame_sha256(parts),
    }


def main(names: list[str]) -> int:
    """Build the named cohorts, or all; returns the exit code."""
    try:
        for name in names or list(BUILDERS):
            if name not in BUILDERS:
                raise unknown("cohort", name, BUILDERS)
            for step in build(name, builtin.DATA / name):
                print(f"{name}: {step.rows:>6}  {step.text}")
    except (InputError, NotReadyError) as error:
        print(error, file=sys.stderr)
        return 2 if isinstance(error, InputError) else 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
