"""A small made-up cohort that a test writes in its own way, its schema, and what is said of it as text."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Callable, Mapping
from pathlib import Path

from sensecf_core.cohorts.own.folder import Examined

SCHEMA = """
name = "clinic"
title = "Clinic"
{top}
[task]
target = "high"
question = "Is it high?"
label = "high"
class_1 = "high"
class_0 = "not high"
{task}
[provenance]
title = "Clinic"
source = "made up"
licence = "CC0 1.0"
real = false

[[features]]
name = "age"
label = "Age"
kind = "integer"
role = "context"
unit = "years"
valid = [18, 100]
{age}
[[features]]
name = "bmi"
label = "BMI"
kind = "continuous"
role = "clinical"
decimals = 1
step = 0.5
valid = [10, 80]
unit = "kg/m²"
direction = "down"
largest_change = 6
{bmi}
[[features]]
name = "steps"
label = "Steps"
kind = "integer"
role = "behaviour"
step = 500
valid = [0, 60000]
direction = "up"
largest_change = 5000
{steps}
[[features]]
name = "smoking"
label = "Smoking"
kind = "categorical"
role = "behaviour"
levels = {levels}
{smoking}
[[features]]
name = "snack"
label = "Snack"
kind = "binary"
role = "behaviour"
{snack}
"""
LEVELS = ("never", "former", "current")
Row = dict[str, str]


def made_rows(number: int = 70) -> list[Row]:
    """Rows as text, by column; the target follows the body mass index, but not only."""
    rng = random.Random(4)
    rows = []
    for person in range(number):
        bmi = rng.uniform(19, 42)
        row = {"participant_id": f"P{person:03}", "age": str(rng.randint(20, 80)), "bmi": f"{bmi:.1f}"}
        row |= {"steps": str(rng.randint(1000, 14000)), "smoking": rng.choice(LEVELS)}
        row |= {"snack": str(rng.randint(0, 1)), "high": str(int(bmi + rng.gauss(0, 6) > 30))}
        rows.append(row)
    return rows


def changed(rows: list[Row], column: str, change: Callable[[int, str], str]) -> list[Row]:
    """The rows with every cell of one column changed; ``change`` is given the row's number and the cell."""
    return [{**row, column: change(number, row[column])} for number, row in enumerate(rows)]


def as_csv(rows: list[Row], names: Mapping[str, str] | None = None, **dialect: object) -> str:
    """Write rows as CSV, columns called by ``names`` where they have another one."""
    out = io.StringIO()
    writer = csv.writer(out, **{"lineterminator": "\n", **dialect})  # type: ignore[arg-type]
    writer.writerow([(names or {}).get(name, name) for name in rows[0]])
    writer.writerows(list(row.values()) for row in rows)
    return out.getvalue()


def write(folder: Path, content: str | bytes, levels: tuple[str, ...] = LEVELS, **lines: str) -> Path:
    """Write a cohort folder; ``lines`` are lines of the schema by place (``top``, ``task`` or a feature)."""
    folder.mkdir(exist_ok=True)
    places = dict.fromkeys(("top", "task", "age", "bmi", "steps", "smoking", "snack"), "") | lines
    quoted = ", ".join(f"'{level}'" for level in levels)
    (folder / "schema.toml").write_text(SCHEMA.format(levels=f"[{quoted}]", **places), encoding="utf-8")
    data = content if isinstance(content, bytes) else content.encode()
    (folder / "data.csv").write_bytes(data)
    return folder


def texts(examined: Examined) -> list[str]:
    return [f"{p.column}: {p.problem}. {p.mend}" for p in examined.problems]


def notes(examined: Examined) -> str:
    return "\n".join(f"{note.column}: {note.text}" for note in examined.notes)
