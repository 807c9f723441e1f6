"""``augment --in``: a file with made rows beside the real ones, and what it refuses."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.cli.conftest import Command
from tests.cli.test_bad_input import assert_refused

MADE = ["synthetic", "factual", "label_source", "weight", "soft_label"]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """People as somebody writes them: 007, 28.50, true, empty cells, quoted text."""
    rng = np.random.default_rng(0)
    n = 160
    weight, smokes = rng.normal(80, 12, n), rng.random(n) < 0.4
    frame = pd.DataFrame(
        {
            "pid": [f"{i // 2:03d}" for i in range(n)],
            "weight kg": [f"{value:.2f}" for value in weight],
            "glucose": rng.normal(100, 15, n).round().astype(int),
            "visits": [
                "" if gone else str(number)
                for gone, number in zip(rng.random(n) < 0.1, rng.integers(0, 9, n), strict=True)
            ],
            "smokes": np.where(smokes, "true", "false"),
            "diet": rng.choice(["mixed, any", "vegan"], n),
            "note": [f"seen {i}, well" for i in range(n)],
            "ill": np.where((weight - 80) / 12 + smokes + rng.normal(0, 0.7, n) > 1.3, "yes", "no"),
        }
    )
    path = tmp_path / "train.csv"
    frame.to_csv(path, index=False)
    return path


def rows_of(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


@pytest.mark.parametrize("labels", ["panel", "hard"])
def test_real_rows_are_as_they_were_and_made_ones_are_marked(
    command: Command, table: Path, tmp_path: Path, labels: str
) -> None:
    out = tmp_path / "augmented.csv"
    options = ("--target", "ill", "--participant", "pid", "--labels", labels)
    ended = command("augment", "--in", str(table), "--out", str(out), *options)
    assert ended.code == 0, ended.err
    (header, *real), (found_header, *found) = rows_of(table), rows_of(out)
    assert found_header == [*header, *MADE]
    n = len(real)
    assert [row[: len(header)] for row in found[:n]] == real
    assert all(row[len(header) : -1] == ["0", "", "data", "1.0"] for row in found[:n])
    assert [row[-1] for row in found[:n]] == ["1.0" if row[-1] == "yes" else "0.0" for row in real]
    made = found[n:]
    assert len(made) > 10
    for row in made:
        synthetic, factual, source, weight, risk = row[len(header) :]
        before, after = real[int(factual) - 1], row[: len(header)]
        assert (synthetic, source, before[-1]) == ("1", labels, "no")
        changed = [
            name for name, old, new in zip(header[:-1], before[:-1], after[:-1], strict=True) if old != new
        ]
        assert 1 <= len(changed) <= 3 and not {"pid", "note"} & set(changed)
        assert after[-1] == ("yes" if float(risk) >= 0.5 else "no")
        assert float(weight) == pytest.approx(abs(2 * float(risk) - 1), abs=1e-5)
        assert after[2].isdigit() and after[4] in ("true", "false") and after[5] in ("mixed, any", "vegan")
    assert (
        f"{len(made)} of {sum(r[-1] == 'no' for r in real) - sum(r[-1] == 'yes' for r in real)} wanted"
        in ended.out
    )
    assert f"partly synthetic: {n} real rows, and {len(made)} made ones" in ended.out
    assert "Taken over from the factual as they are: note." in ended.out
    again = tmp_path / "again.csv"
    said = command("augment", "--in", str(table), "--out", str(again), *options, "--json").json
    assert again.read_bytes() == out.read_bytes()
    assert said["synthetic"] is True and said["synthetic_rows"] == len(made) and said["real_rows"] == n
    assert said["classes"][0]["kept"] == len(made) and said["held"] == ["note"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--target", "il"), "did you mean ill"),
        (("--target", "diet2"), "Unknown column in --target"),
        (("--target", "visits"), "rows have no `visits`"),
        (("--target", "glucose"), "must have two classes"),
        (("--target", "ill", "--participant", "id"), "Unknown column in --participant 'id'"),
        (("--target", "ill", "--participant", "ill"), "must be different columns"),
        (("--target", "ill", "--method", "serch"), "did you mean search"),
        (("--target", "ill", "--labels", "soft"), "Unknown labels 'soft'"),
        (("--target", "ill", "--seed", "-1"), "--seed must be 0 or more"),
        (("--target", "ill", "--cohort", "heart"), "either --cohort, to measure, or --in"),
        (("--target", "ill", "--repeats", "3"), "--repeats belongs to --cohort"),
        ((), "--in needs --target"),
    ],
)
def test_options_that_cannot_be(
    command: Command, table: Path, tmp_path: Path, options: tuple[str, ...], said: str
) -> None:
    out = tmp_path / "new.csv"
    assert_refused(command("augment", "--in", str(table), "--out", str(out), *options), said)
    assert not out.exists()


def test_files_that_cannot_be(command: Command, table: Path, tmp_path: Path) -> None:
    def ask(source: Path, out: Path) -> tuple[str, ...]:
        return ("augment", "--in", str(source), "--out", str(out), "--target", "ill")

    before, new = table.read_bytes(), tmp_path / "new.csv"
    other = tmp_path / "other.csv"
    other.write_text("mine")
    assert_refused(command(*ask(table, table)), "--out is the file of --in")
    assert_refused(command(*ask(table, other)), "--out is there: ")
    assert_refused(command(*ask(table, tmp_path / "no" / "new.csv")), "There is no folder")
    assert_refused(command(*ask(tmp_path / "none.csv", new)), "cannot be read")
    assert table.read_bytes() == before and other.read_text() == "mine"
    for text, said in (
        ("", "is no CSV table"),
        ("a,a,ill\n1,2,0\n", "Two columns of"),
        ("a,weight,ill\n1,2,0\n", "has a column `weight` already"),
        ("a,ill\n1,0\n2,1\n3,0\n", "The class 0 has 2 participants, and 4 are needed"),
    ):
        other.write_text(text)
        assert_refused(command(*ask(other, new)), said)
    assert not new.exists()


def test_options_of_a_file_are_refused_with_a_cohort(command: Command) -> None:
    assert_refused(command("augment", "--cohort", "heart", "--target", "ill"), "--target belongs to --in")
    assert_refused(command("augment"), "either --cohort, to measure, or --in")
