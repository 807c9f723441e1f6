"""``cohort``, ``train``, ``--version``, help, and how the process ends."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sensecf_core import __version__
from tests.cli.conftest import Command

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = (sys.executable, "-m", "sensecf_core")


def test_cohort_list(command: Command) -> None:
    listed = command("cohort", "list", "--json").json
    names = [entry["name"] for entry in listed["cohorts"]]
    assert names == ["nhanes", "heart", "aireadi"]
    nhanes, heart, aireadi = listed["cohorts"]
    assert (heart["data"], aireadi["data"]) == ("REAL DATA", "SYNTHETIC DATA")
    assert (nhanes["default_limits"], heart["default_limits"]) == ("intervention", "contrast")
    assert heart["participants"] == 303
    text = command("cohort", "list").out
    assert "nhanes: " in text
    assert "303 participants" in text


def test_a_good_cohort_folder(command: Command) -> None:
    folder = str(ROOT / "tests/cohorts/own/example_own")
    assert command("cohort", "check", folder).out.strip() == f"{folder}: no problem found."
    found = command("cohort", "check", folder, "--json").json
    assert found == {"folder": folder, "ok": True, "problems": [], "odd": [], "read": []}


def test_a_data_file_becomes_a_cohort(command: Command, tmp_path: Path) -> None:
    path = tmp_path / "walking study.csv"
    path.write_bytes((ROOT / "tests/cohorts/own/example_own/data.csv").read_bytes())
    ended = command("cohort", "draft", str(path), "--target", "high_glucose", "--participant", "person")
    folder = tmp_path / "walking_study"
    assert "lines are marked `# check`" in ended.out and "no problem found so far" in ended.out
    assert command("cohort", "check", str(folder)).out.strip().endswith("no problem found.")
    again = command("cohort", "draft", str(path), "--target", "high_glucose")
    assert again.code == 2 and "there already" in again.err
    listed = command(
        "cohort", "draft", str(path), "--target", "high_glucose", "--out", f"{folder}2", "--json"
    )
    assert {"features", "to_check", "left_out", "problems", "odd", "read"} <= set(listed.json)


def test_a_broken_cohort_folder_lists_every_problem(command: Command, tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text("id,flag\n1,0\n")
    ended = command("cohort", "check", str(tmp_path))
    assert ended.code == 2
    assert "schema.toml" in ended.out
    assert "listed above" in ended.err
    listed = command("cohort", "check", str(tmp_path), "--json")
    assert listed.code == 2
    assert listed.json["ok"] is False
    assert set(listed.json["problems"][0]) == {"column", "row", "problem", "mend", "count"}


def test_training_tells_its_progress_as_json_lines(
    command: Command, monkeypatch: pytest.MonkeyPatch, private_var: Path
) -> None:
    """An own cohort is trained into var/, and each line of progress is JSON with a rising fraction.

    The end says how well the classifier ranks, as its card has it.
    """
    from sensecf_core.classifiers import store
    from sensecf_core.cohorts import builtin
    from sensecf_core.counterfactuals.feasibility import cohort_map
    from sensecf_core.datasets import registry

    folder = ROOT / "tests/cohorts/own/example_own"
    monkeypatch.setenv("SENSECF_COHORTS", str(folder))
    name = next(n for n in registry.available() if n not in builtin.NAMES)
    ended = command("train", "--cohort", name, "--json-progress")
    assert ended.code == 0
    lines = [json.loads(line) for line in ended.out.splitlines()]
    fractions = [line["fraction"] for line in lines]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert all(line["message"] for line in lines)
    assert any((private_var / "classifiers").iterdir())

    for module, work in ((store, "train_and_save"), (cohort_map, "renew")):  # once is enough
        monkeypatch.setattr(module, work, lambda *_, **__: None)
    trained = command("train", "--cohort", name, "--json").json
    auroc = trained["auroc"]
    assert auroc == trained["card"]["metrics"]["auroc"] and auroc["low"] <= auroc["value"] <= auroc["high"]
    people = trained["card"]["parts"]["test"]["participants"]
    figures = "AUROC {value:.2f} (95 % interval {low:.2f} to {high:.2f})".format_map(auroc)
    assert f"{figures} on {people} held-out participants." in command("train", "--cohort", name).out
    weak = trained["card"] | {"metrics": {"auroc": {"value": 0.55, "low": 0.4, "high": 0.7}}}
    for card, said in (
        (weak, "That is hardly better than chance"),
        (trained["card"] | {"metrics": {"auroc": None}}, "too few to say how well it ranks"),
    ):
        monkeypatch.setattr(store, "card", lambda _, card=card: card)
        assert said in command("train", "--cohort", name).out


def test_version_and_help(command: Command) -> None:
    assert command("--version").out.strip() == __version__
    assert command().out == command("--help").out
    for name in ("train", "predict", "explain", "fetch-model", "prepare", "trace", "cohort"):
        assert command(name, "--help").code == 0
        assert name in command("--help").out


def test_help_is_quick() -> None:
    started = time.monotonic()
    subprocess.run([*PROGRAM, "--help"], cwd=ROOT, capture_output=True, check=True)
    assert time.monotonic() - started < 2


def test_bad_input_ends_the_process_with_2_and_one_line() -> None:
    done = subprocess.run(
        [*PROGRAM, "explain", "--cohrt", "x"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1


def test_a_reader_that_leaves_is_no_error() -> None:
    process = subprocess.Popen(
        [*PROGRAM, "cohort", "list", "--json"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait(30) == -signal.SIGPIPE


@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_is_clean(private_var: Path) -> None:
    process = subprocess.Popen(
        [*PROGRAM, "explain", "--cohort", "nhanes", "--method", "random", "--sample", "400", "--json"],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    while not (private_var / "sensecf.db").exists() and process.poll() is None:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert out == ""
    assert "Traceback" not in err
