"""Which days become rows, what makes one a high-stress day, and who is in which part."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from sensecf_core.aireadi.cohort.columns import FEATURES, OUTCOMES
from sensecf_core.aireadi.cohort.stress_task import GROUP_NAMES, QUANTILE, participant_days, stress_days
from sensecf_core.aireadi.tables import Tables
from sensecf_core.cohorts import builtin
from sensecf_core.cohorts.schema import Schema
from sensecf_core.errors import InputError


def test_only_days_whose_stress_is_known_are_rows_and_each_step_says_how_many(
    schema: Schema, small_tables: Tables
) -> None:
    made = stress_days(schema, small_tables)
    days = participant_days(small_tables)
    known = days.index[days["stress_daytime"].notna()]
    assert made.table.index.equals(known) and 0 < len(known) < len(days)
    counts = [step.rows for step in made.flow]
    assert counts == sorted(counts, reverse=True)
    assert (counts[0], counts[2], counts[3]) == (len(small_tables.days), len(days), len(known))
    with_glucose = int(small_tables.people["enough_glucose"].fillna(False).sum())
    assert f"of the {with_glucose} participants with 3 days of glucose" in made.flow[2].text


def test_the_cut_is_a_quantile_of_the_training_days(schema: Schema, small_tables: Tables) -> None:
    made = stress_days(schema, small_tables)
    stress = participant_days(small_tables).loc[made.table.index, "stress_daytime"]
    train = made.parts.eq("train")
    assert made.cut == pytest.approx(stress[train].quantile(QUANTILE), abs=0.05)
    assert made.cut != pytest.approx(stress.quantile(QUANTILE), abs=1e-3)
    assert made.table["high_stress"].eq(1).equals(stress.round(1).gt(made.cut))


def test_a_day_is_judged_by_its_stress_as_it_is_shown(schema: Schema, small_tables: Tables) -> None:
    made = stress_days(schema, small_tables)
    days = small_tables.days.copy()
    calm = made.table.index[made.table["high_stress"].eq(0) & made.parts.ne("train")][:2]
    days.loc[calm[0], "stress_daytime"] = made.cut + 0.04
    days.loc[calm[1], "stress_daytime"] = made.cut + 0.06
    again = stress_days(schema, replace(small_tables, days=days))
    assert again.cut == made.cut
    assert again.table.loc[list(calm), "high_stress"].tolist() == [0, 1]


def test_the_recommended_split_is_kept(schema: Schema, small_tables: Tables) -> None:
    made = stress_days(schema, small_tables)
    people = made.table.index.get_level_values(0)
    assert made.parts.tolist() == small_tables.people.loc[people, "recommended_split"].tolist()
    assert len(made.notes) == 1 and "the one that the release recommends" in made.notes[0]
    by_person = small_tables.people.loc[people.unique()]
    for group, name in GROUP_NAMES.items():
        shares = by_person["study_group"].eq(group).groupby(by_person["recommended_split"]).mean()
        shares_text = " / ".join(f"{100 * shares[part]:.0f}" for part in ("train", "val", "test"))
        assert f"{name} {shares_text} %" in made.notes[0]


def test_the_shares_of_a_single_group_are_not_told(schema: Schema, small_tables: Tables) -> None:
    people = small_tables.people.assign(study_group="healthy")
    (note,) = stress_days(schema, replace(small_tables, people=people)).notes
    assert "%" not in note


def test_people_without_a_recommended_part_are_training_people(schema: Schema, small_tables: Tables) -> None:
    person = stress_days(schema, small_tables).table.index[-1][0]
    people = small_tables.people.copy()
    people.loc[person, "recommended_split"] = None
    made = stress_days(schema, replace(small_tables, people=people))
    assert set(made.parts.loc[person]) == {"train"}
    assert "1 participants without a recommended part" in made.notes[1]


def test_without_a_recommended_split_people_are_split_by_the_project(
    schema: Schema, small_tables: Tables
) -> None:
    made = stress_days(
        schema, replace(small_tables, people=small_tables.people.assign(recommended_split=None))
    )
    assert set(made.parts) == {"train", "val", "test"}
    assert (made.parts.groupby(level=0).nunique() == 1).all()
    assert made.parts.eq("train").mean() == pytest.approx(0.6, abs=0.12)
    assert "60 / 20 / 20" in made.notes[0]
    assert not any("the one that the release recommends" in note for note in made.notes)


def test_impossible_values_are_not_measured_and_told(schema: Schema, small_tables: Tables) -> None:
    people = small_tables.people.copy()
    person = stress_days(schema, small_tables).table.index[0][0]
    people.loc[person, "bmi"] = 950.0
    made = stress_days(schema, replace(small_tables, people=people))
    assert made.table.loc[person, "bmi"].isna().all()
    assert any("Body mass index" in note and "not measured" in note for note in made.notes)


def test_a_release_without_stress_is_refused(schema: Schema, small_tables: Tables) -> None:
    days = small_tables.days.assign(stress_daytime=np.nan)
    with pytest.raises(InputError, match="No day of this release"):
        stress_days(schema, replace(small_tables, days=days))


def test_nothing_that_is_stress_is_a_feature_and_every_feature_is_known(schema: Schema) -> None:
    assert 20 <= len(schema.names) <= 26
    assert not set(schema.names) & set(OUTCOMES) and not any("stress" in name for name in schema.names)
    assert set(schema.names) <= set(FEATURES)


def test_groups_are_renamed_one_for_one(schema: Schema, small_tables: Tables) -> None:
    made = stress_days(schema, small_tables)
    assert tuple(GROUP_NAMES.values()) == schema.feature("study_group").levels
    people = made.table.index.get_level_values(0)
    expected = small_tables.people.loc[people, "study_group"].map(GROUP_NAMES)
    assert made.table["study_group"].tolist() == expected.tolist()


@pytest.mark.parametrize("pair", [("steps", "active_minutes"), ("active_kcal", "steps")])
def test_couplings_are_as_the_training_days_say(pair: tuple[str, str]) -> None:
    cohort = builtin.load("aireadi")
    (coupling,) = (one for one in cohort.schema.couplings if (one.feature, one.follows) == pair)
    measured = cohort.part("train")[list(pair)].dropna().astype(float)
    slope, start = np.polyfit(measured[pair[1]], measured[pair[0]], 1)
    residuals = measured[pair[0]] - slope * measured[pair[1]] - start
    assert coupling.slope == pytest.approx(slope, rel=0.02)
    assert coupling.tolerance == pytest.approx(float(residuals.std()), rel=0.1)


def test_subgroups_are_site_group_and_age(schema: Schema, small_tables: Tables) -> None:
    made = stress_days(schema, small_tables)
    assert set(made.table["clinical_site"]) <= {"UAB", "UCSD", "UW"}
    age = pd.Series(made.table["age"])
    assert (made.table["age_band"].eq("under 55") == age.lt(55)).all()
    assert made.table["age_band"].notna().all()
