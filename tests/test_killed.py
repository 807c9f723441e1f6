"""What is left when the program is killed while it writes: the old, the new, or nothing yet; never a half."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from sensecf_core.aireadi import tables
from sensecf_core.aireadi.release import locate
from sensecf_core.classifiers import store
from sensecf_core.classifiers.classifier import Classifier
from sensecf_core.classifiers.training import train
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.counterfactuals.feasibility import cohort_map
from sensecf_core.evaluation.benchmark import run_folder
from sensecf_core.language.models import adapters
from sensecf_core.language.training import save_adapter
from sensecf_core.queries.request import ExplainRequest
from sensecf_core.records import answers, comparisons, database_files
from sensecf_core.records.storage import database
from tests import killed
from tests.aireadi import micro, people
from tests.records.made_answers import make_answer

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs fork")


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()} if folder.is_dir() else {}


def put_back(kept: Path, folder: Path) -> None:
    shutil.rmtree(folder.parent, ignore_errors=True)
    if kept.is_dir():
        shutil.copytree(kept, folder)


@pytest.fixture(scope="module")
def classifier(small_cohort: Cohort) -> Classifier:
    return train(small_cohort, refits=1)


@pytest.mark.parametrize("there_was_one", [True, False])
def test_training(
    small_cohort: Cohort, classifier: Classifier, private_var: Path, tmp_path: Path, there_was_one: bool
) -> None:
    kept = tmp_path / "kept"
    if there_was_one:
        shutil.copytree(store.save(small_cohort, classifier, card={"seed": 0}), kept)
    folder, before = store.folder(small_cohort), contents(kept)
    steps = 0
    for _ in killed.at_every_step(
        lambda: store.save(small_cohort, classifier, card={"seed": 1}),
        private_var,
        prepare=lambda: put_back(kept, folder),
    ):
        steps += 1
        if contents(folder) != before:
            assert store.card(small_cohort) == {"seed": 1}
            assert store.load(small_cohort).sha256 == classifier.sha256
    assert steps > 4 and store.card(small_cohort) == {"seed": 1}


def card(temperature: float) -> dict[str, Any]:
    fields: dict[str, Any] = {name: "0" for name in adapters.Card.model_fields if name.endswith("_sha256")}
    fields |= {name: {} for name in ("pairs", "settings", "training", "provenance")}
    fields |= {"name": "x", "cohort": "c", "base": "b", "rounds": (), "rates": ()}
    del fields["weights_sha256"]
    return fields | {"temperature": temperature}


class SmallPeft:
    """Weights of one number, and peft's own configuration."""

    def __init__(self, number: float) -> None:
        from peft import LoraConfig

        self.number = number
        self.peft_config = {"default": LoraConfig(r=1, target_modules=["q_proj"])}


def test_fine_tuning(private_var: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(
        save_adapter, "adapter_weights", lambda peft: {"lora": torch.full((4, 4), peft.number)}
    )
    folder = private_var / "adapters" / "c" / "x"

    def save(number: float) -> None:
        save_adapter.save(SmallPeft(number), folder, card(number), [])

    save(0.5)
    kept = shutil.copytree(folder, tmp_path / "kept")
    for _ in killed.at_every_step(lambda: save(2.0), private_var, prepare=lambda: put_back(kept, folder)):
        _is_whole(folder)
    assert _is_whole(folder).temperature == 2.0


def test_rates_of_an_adapter(private_var: Path) -> None:
    folder = private_var / "x"
    whole = adapters.Card.model_validate(card(1) | {"weights_sha256": "0"})

    def old() -> None:
        folder.mkdir(parents=True, exist_ok=True)
        save_adapter.write_cards(folder, whole)

    new = whole.model_copy(update={"temperature": 2.0})
    for _ in killed.at_every_step(lambda: save_adapter.write_cards(folder, new), private_var, prepare=old):
        read = adapters.Card.model_validate_json((folder / adapters.CARD).read_text())
        assert read.temperature in (1, 2) and (folder / adapters.README).read_text()


def _is_whole(folder: Path) -> adapters.Card:
    read = adapters.Card.model_validate_json((folder / adapters.CARD).read_text())
    assert read.weights_sha256 == adapters.weights_sha256(folder)
    assert json.loads((folder / adapters.CONFIG).read_text())["r"] == 1
    return read


def test_a_benchmark(private_var: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    committed = tmp_path / "committed"
    monkeypatch.setattr(run_folder, "COMMITTED", committed)
    table = pd.DataFrame({"row": ["random"] * 9})

    def run() -> None:
        folder = run_folder.own_folder("a")
        run_folder.begin(folder, {"id": "a", "cohort": "small", "created": "2026"})
        run_folder.end(folder, table, {"groups": []})
        run_folder.publish(folder, committed)

    def nothing() -> None:
        for folder in (private_var, committed):
            shutil.rmtree(folder, ignore_errors=True)

    steps = 0
    for _ in killed.at_every_step(run, tmp_path, prepare=nothing):
        steps += 1
        for found in run_folder.runs("small"):
            if found.finished:
                assert found.summary()["groups"] == []
                pd.testing.assert_frame_equal(pd.read_parquet(found.folder / run_folder.RESULTS), table)
    assert steps > 9
    assert [found.finished for found in run_folder.runs("small")] == [True, True]


def test_an_aireadi_build(private_var: Path, tmp_path: Path) -> None:
    root = micro.write(tmp_path / "release", [people.ben()])
    micro.clinical(root, {})
    release = locate.find(root)
    tables.build(release, jobs=1)
    wanted = tables.built(release)
    assert wanted is not None
    shutil.rmtree(private_var)
    steps = 0
    for _ in killed.at_every_step(
        lambda: tables.build(release, jobs=1),
        private_var,
        prepare=lambda: None,  # each goes on from the last
    ):
        steps += 1
        found = tables.built(release)
        if found is not None:
            pd.testing.assert_frame_equal(found.people, wanted.people)
            break
    assert steps > 0
    tables.build(release, jobs=1)
    found = tables.built(release)
    assert found is not None
    for name in ("days", "people", "quality", "clinical"):
        pd.testing.assert_frame_equal(getattr(found, name), getattr(wanted, name))
    left = {f"{name}.parquet" for name in tables.NAMES} | {tables.DONE}
    assert {path.name for path in found.folder.iterdir()} == left


def test_a_feasibility_map(
    small_cohort: Cohort, classifier: Classifier, private_var: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "load", lambda _: classifier)
    fitted: Any = SimpleNamespace(cohort=small_cohort, schema=small_cohort.schema, classifier=classifier)
    line = {"row_id": "0", "profile": "contrast", "desired": 0, "cross": "solid", "lower": "solid"}
    line |= {"reliable_reduction": 1.0, "best_probability": 0.5, "on_the_line": False}
    frame = pd.DataFrame([{"participant_id": str(number), **line} for number in range(4)])
    old, steps = cohort_map.write(fitted, frame).read_bytes(), 0
    path = cohort_map.file_of(small_cohort)
    for _ in killed.at_every_step(
        lambda: cohort_map.write(fitted, frame.head(2)), private_var, prepare=lambda: path.write_bytes(old)
    ):
        steps += 1
        found = cohort_map.read(small_cohort).frame
        assert found is not None and len(found) in (2, 4)
    now = cohort_map.read(small_cohort).frame
    assert steps > 0 and now is not None and len(now) == 2


def test_a_database_that_is_brought_back(private_var: Path, tmp_path: Path) -> None:
    """What stood there, or the copy: each whole, and what stood there is never lost."""
    answers.save(make_answer("old"))
    copy = tmp_path / "copy.db"
    database_files.backup(copy)
    answers.save(make_answer("the-latest"))
    path = database.database_path()
    with closing(sqlite3.connect(path)) as opened:
        opened.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    now, steps = path.read_bytes(), 0

    def put() -> None:
        for file in private_var.glob("sensecf.db*"):
            file.unlink()
        path.write_bytes(now)
        path.chmod(0o600)

    for _ in killed.at_every_step(lambda: database_files.restore(copy), private_var, prepare=put):
        steps += 1
        assert database_files.check().problems == ()
        kept = [file for file in private_var.glob("sensecf.db.before-*") if file.suffix.startswith(".before")]
        assert answers.find("the-latest") is not None or any(
            b"the-latest" in file.read_bytes() for file in kept if not file.name.endswith(("-wal", "-shm"))
        )
    assert steps > 0 and answers.find("old") is not None and answers.find("the-latest") is None


def test_saving_answers_and_comparisons(private_var: Path) -> None:
    """Whatever was saved is whole, and the next one is saved as ever."""
    answers.save(make_answer("before"))
    for kill in range(4):
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            _save_for_ever(f"kill{kill}", write)
        os.close(write)
        for _ in range(1 + 2 * kill):  # so many were saved, and it goes on
            assert os.read(read, 1) == b"."
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(read)
        assert database_files.check().problems == ()
        saved = answers.newest_ids()
        assert "before" in saved and any(one.startswith(f"kill{kill}-") for one in saved)
        assert all(answers.find(one) is not None for one in saved)
        compared = comparisons.recent("small", "p1", "0", limit=100)
        assert compared and all(comparisons.find(one.comparison_id) == one for one in compared)
        answers.save(make_answer(f"after-{kill}"))
        assert answers.find(f"after-{kill}") is not None


def _save_for_ever(name: str, told: int) -> None:
    """Save answers and comparisons in this copy of the process until it is killed."""
    request = ExplainRequest(cohort="small", participant_id="p1", row_id="0")
    signal.alarm(killed.MOST_SECONDS)
    try:
        for number in range(100_000):
            answers.save(make_answer(f"{name}-{number}"))
            member = comparisons.Member(method="random", answer_id=f"{name}-{number}")
            comparisons.save(comparisons.new(request, (member,)))
            os.write(told, b".")
    finally:
        os._exit(1)
