"""A release that the environment names, as a cohort: read, labelled, kept private, or refused."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sensecf_core.aireadi import tables
from sensecf_core.aireadi.cohort import from_release, participants
from sensecf_core.aireadi.cohort.stress_task import stress_days
from sensecf_core.aireadi.release import locate
from sensecf_core.aireadi.release.locate import ENVIRONMENT
from sensecf_core.aireadi.tables import Tables
from sensecf_core.classifiers import store
from sensecf_core.cohorts.schema import Schema
from sensecf_core.counterfactuals.proposers.resolve_model import remote_model, restricted
from sensecf_core.datasets import registry
from sensecf_core.errors import InputError, NotReadyError
from sensecf_core.language.models import registry as model_registry
from sensecf_core.language.models.registry import spec
from sensecf_core.language.remote import allow_list
from sensecf_core.paths import ROOT, var
from sensecf_core.queries.request import ExplainRequest

NAME = "aireadi-release"


def test_without_the_environment_it_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ENVIRONMENT, raising=False)
    assert NAME not in registry.available() and registry.release_problem() is None
    with pytest.raises(InputError, match=ENVIRONMENT):
        registry.load(NAME)


def test_before_its_tables_are_made_it_names_the_command(named: Path) -> None:
    assert NAME in registry.available()
    with pytest.raises(NotReadyError, match=rf"aireadi check {named} --all"):
        registry.load(NAME)
    assert registry.release_problem()
    assert len(registry.load("heart").rows) == 303


def test_its_rows_are_those_of_its_tables(made: Path) -> None:
    cohort = registry.load(NAME)
    assert registry.load(NAME) is cohort and registry.release_problem() is None
    assert cohort.rows.index.is_unique and tuple(cohort.rows.columns) == cohort.schema.names
    for table in (cohort.target, cohort.parts, cohort.subgroups):
        assert table.index.equals(cohort.rows.index)
    shipped = registry.load("aireadi").schema
    assert set(cohort.schema.names) <= set(shipped.names) and cohort.schema.sha256 != shipped.sha256


def test_it_has_its_own_cut_in_its_texts(made: Path) -> None:
    cohort = registry.load(NAME)
    stress = participants.tables_of(NAME).days["stress_daytime"]
    task = cohort.schema.task
    cut = float(task.class_1.removeprefix("mean daytime stress above ").removesuffix(" of 100"))
    assert f" {cut:g} of 100" in task.question and f" {cut:g} of 100" in task.class_0
    known = stress.loc[list(cohort.rows.index)]
    assert known.round(1).gt(cut).astype(int).tolist() == cohort.target.tolist()


def test_it_is_the_users_own_and_what_is_fitted_stays_private(made: Path, private_var: Path) -> None:
    cohort = registry.load(NAME)
    assert cohort.own and not cohort.schema.provenance.public and restricted(cohort)
    assert private_var in store.folder(cohort).parents and ROOT / "models" not in store.folder(cohort).parents


def test_a_synthetic_release_says_so_and_any_other_is_real(
    made: Path, unlabelled: Callable[[], Path]
) -> None:
    synthetic = registry.load(NAME).schema
    assert not synthetic.provenance.real and "SYNTHETIC" in synthetic.title
    unlabelled()
    real = registry.load(NAME).schema
    assert real.provenance.real and "REAL DATA" in real.title and "SYNTHETIC" not in real.model_dump_json()
    assert "no redistribution" in real.provenance.licence


def test_couplings_are_fitted_on_its_own_training_days(
    small_tables: Tables, small_release: Path, schema: Schema
) -> None:
    """People who burn twice the energy a step: the shipped slope would be half of theirs."""
    days = stress_days(schema, small_tables)
    table = days.table.assign(active_kcal=2 * days.table["active_kcal"])
    made = from_release._schema(schema, locate.find(small_release), replace(days, table=table))
    assert [coupling.name for coupling in made.couplings] == [coupling.name for coupling in schema.couplings]
    for coupling in made.couplings:
        measured = (
            table.loc[days.parts.eq("train"), [coupling.follows, coupling.feature]].dropna().astype(float)
        )
        slope, start = np.polyfit(measured[coupling.follows], measured[coupling.feature], 1)
        residuals = measured[coupling.feature] - slope * measured[coupling.follows] - start
        assert coupling.slope == pytest.approx(slope, rel=0.01)
        assert coupling.tolerance == pytest.approx(float(residuals.std()), rel=0.01)
        assert not any(sign.isdigit() for sign in coupling.text)
    assert made.couplings[1].slope > 1.5 * schema.couplings[1].slope


def test_a_coupling_that_too_few_days_tell_is_dropped_with_a_note(
    small_tables: Tables, small_release: Path, schema: Schema
) -> None:
    days = stress_days(schema, small_tables)
    few = days.table.copy()
    few.iloc[10:, few.columns.get_loc("active_kcal")] = np.nan
    made = from_release._schema(schema, locate.find(small_release), replace(days, table=few))
    assert [coupling.feature for coupling in made.couplings] == ["steps"]
    assert sum("active energy and steps" in note for note in made.provenance.notes) == 1


@pytest.mark.parametrize("recommended", [True, False])
def test_its_notes_tell_one_split_and_nothing_of_the_shipped_people(
    recommended: bool, small_tables: Tables, small_release: Path, schema: Schema
) -> None:
    people = small_tables.people if recommended else small_tables.people.assign(recommended_split=None)
    days = stress_days(schema, replace(small_tables, people=people))
    made = from_release._schema(schema, locate.find(small_release), days)
    notes = " ".join(made.provenance.notes)
    assert ("one that the release recommends" in notes, "60 / 20 / 20" in notes) == (
        recommended,
        not recommended,
    )
    for begin in from_release.SHIPPED_ONLY_NOTES:
        assert sum(note.startswith(begin) for note in schema.provenance.notes) == 1
    assert len([note for note in schema.provenance.notes if note in notes]) == 3
    assert from_release.SHIPPED_ONLY_CLAIM in schema.feature("spo2_night").description
    assert made.feature("spo2_night").description == "Mean of the recorded night."


@pytest.mark.parametrize("damage", [b"", b"PAR1 cut short"])
def test_damaged_tables_name_the_command_and_spare_the_others(
    damage: bytes, made: Path, small_tables: Tables, private_var: Path
) -> None:
    (private_var / "aireadi" / small_tables.folder.name / "days.parquet").write_bytes(damage)
    with pytest.raises(NotReadyError, match=rf"aireadi check {made} --all"):
        registry.load(NAME)
    assert registry.release_problem() and len(registry.load("heart").rows) == 303


def test_damaged_tables_are_made_again(made: Path, small_tables: Tables, private_var: Path) -> None:
    (private_var / "aireadi" / small_tables.folder.name / "people.parquet").write_bytes(b"")
    assert registry.release_problem()
    again = tables.build(locate.find(made), jobs=1)
    assert not again.from_cache and again.days.equals(small_tables.days)
    assert registry.release_problem() is None


def test_one_participant_is_read_from_the_release(made: Path) -> None:
    cohort = registry.load(NAME)
    person = str(cohort.rows.index[0][0])
    opened = participants.open_participant(NAME, person)
    assert set(cohort.rows.loc[person].index) <= set(opened.days.index)
    with pytest.raises(InputError, match="Unknown participant"):
        participants.open_participant(NAME, "1001")


def test_a_server_may_see_it_only_where_it_is_named_as_restricted(
    made: Path, unlabelled: Callable[[], Path]
) -> None:
    unlabelled()
    cohort = registry.load(NAME)
    entry = '[far]\nkind = "endpoint"\nsource = "https://far.example.org/v1"\nmodel = "m"\n'
    var(model_registry.OWN_FILE).write_text(entry)
    request = ExplainRequest(cohort=NAME, participant_id="900001", method="lm-zero-shot", model="far")
    for permitted in ("", '["far.example.org"]\ncohorts = ["*", "aireadi-release"]\n'):
        var(allow_list.FILE).write_text(permitted)
        with pytest.raises(InputError, match=r"not allowed to see the restricted cohort 'aireadi-release'"):
            remote_model(spec("far"), request, cohort)
    var(allow_list.FILE).write_text('["far.example.org"]\nrestricted_cohorts = ["aireadi-release"]\n')
    assert remote_model(spec("far"), request, cohort) is not None


def _empty(path: Path) -> Path:
    path.mkdir()
    return path


def _file(path: Path) -> Path:
    path.write_text("x")
    return path


def _zip(path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("participants.tsv", "person_id\n")
    return path


def _version_0(path: Path) -> Path:
    (path / "clinical_data").mkdir(parents=True)
    (path / "participants.tsv").write_text("person_id\tage\n1001\t50\n")
    (path / "dataset_description.json").write_text('{"version": "0.1.0"}')
    return path


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda path: path, "There is nothing at"),
        (_empty, "is empty"),
        (_file, "is a file, not a folder"),
        (_zip, "is an archive, not a folder"),
        (_version_0, "version 0.1.0"),
    ],
)
def test_a_wrong_path_gets_one_sentence_and_spares_the_others(
    make: Callable[[Path], Path], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ENVIRONMENT, str(make(tmp_path / "given")))
    with pytest.raises(InputError, match=sentence):
        registry.load(NAME)
    assert sentence in (registry.release_problem() or "")
    assert registry.available() == ("nhanes", "heart", "aireadi", NAME)
    assert len(registry.load("heart").rows) == 303


def test_no_permission_is_told(named: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(named))

    monkeypatch.setattr("sensecf_core.aireadi.release.locate._check_folder", refuse)
    with pytest.raises(InputError, match="no permission to read"):
        from_release.load()
