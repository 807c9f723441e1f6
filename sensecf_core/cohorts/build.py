"""Build the data of the built-in cohorts: ``python -m sensecf_core.cohorts.build [nhanes|heart]``.

The schemas beside the data are written by hand; everything else in ``data/NAME/`` is made here. The
same source gives the same files, byte for byte with the pinned pyarrow.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from sensecf_core.cohorts import builtin, heart, nhanes, sources
from sensecf_core.cohorts.cohort import FlowStep
from sensecf_core.cohorts.encoding import to_codes
from sensecf_core.cohorts.fingerprint import file_sha256, frame_sha256
from sensecf_core.cohorts.rules import broken_shares
from sensecf_core.cohorts.schema import Schema
from sensecf_core.cohorts.split import SEED, SHARES, split
from sensecf_core.errors import InputError, NotReadyError, unknown

Builder = Callable[[bytes], tuple[pd.DataFrame, tuple[FlowStep, ...]]]

BUILDERS: dict[str, tuple[sources.Source, Builder]] = {
    "nhanes": (nhanes.SOURCE, nhanes.build),
    "heart": (heart.SOURCE, heart.build),
}


def build(name: str, folder: Path) -> tuple[FlowStep, ...]:
    """Fetch the source of one cohort and write its files into ``folder``.

    Returns the row flow. Raises ``NotReadyError`` when the source cannot be fetched or is not the
    expected one.
    """
    source, builder = BUILDERS[name]
    table, flow = builder(sources.read_member(source))
    schema = builtin.read_schema(name)
    columns = dict.fromkeys([*schema.names, schema.task.target, *(s.name for s in schema.subgroups)])
    table = table[list(columns)].astype({f.name: float for f in schema.features if not f.named})
    table = table.astype({schema.task.target: int})
    parts = split(table[schema.task.target], SEED).reset_index(level=1, drop=True).to_frame()
    write_parquet(table, folder / "rows.parquet")
    write_parquet(parts, folder / "split.parquet")
    record: dict[str, object] = {
        "command": f"python -m sensecf_core.cohorts.build {name}",
        "source": asdict(source),
        "flow": [asdict(step) for step in flow],
        "split_seed": SEED,
    }
    record |= _content(schema, table, parts)
    record["files"] = {file: file_sha256(folder / file) for file in ("rows.parquet", "split.parquet")}
    (folder / "provenance.json").write_text(json.dumps(record, indent=2) + "\n", "utf-8")
    return flow


def write_parquet(frame: pd.DataFrame, path: Path) -> None:
    """Write a table with its index as zstd-compressed Parquet, without any metadata that varies."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.Table.from_pandas(frame.reset_index(), preserve_index=False).replace_schema_metadata(None)
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
