from __future__ import annotations

from tests.app.conftest import OpenPage, World, page_text


def test_the_table_holds_everyone_riskiest_first_grouped_by_role(world: World, open_page: OpenPage) -> None:
    at = open_page("Participants")
    table = at.dataframe[0].value
    assert len(table) == len(world.cohort.rows)
    assert table["", "Risk of 100"].is_monotonic_decreasing
    assert {"", "Behaviour", "Clinical", "Context"} == set(table.columns.get_level_values(0))
    assert ("Clinical", "Body mass index (kg/m²)") in table.columns
    assert "Choose a row" in at.info[0].value


def test_filters_narrow_the_table_and_an_empty_one_says_so(world: World, open_page: OpenPage) -> None:
    at = open_page("Participants")
    at.radio(key="view_small").set_value("Flagged").run()
    flagged = (world.classifier.predict_proba(world.cohort.rows) >= world.classifier.threshold).sum()
    assert len(at.dataframe[0].value) == flagged
    at.multiselect(key="by_small").set_value(["age", "smoking"]).run()
    at.number_input(key="filter_small_age_to").set_value(21.0).run()
    assert 0 < len(at.dataframe[0].value) < flagged
    at.multiselect(key="filter_small_smoking").set_value([]).run()
    assert "Nobody fits all filters" in page_text(at)
    assert not at.exception


def test_the_profile_shows_values_units_places_and_what_is_missing(world: World, open_page: OpenPage) -> None:
    rows = world.cohort.rows
    someone = str(rows.index[rows["sleep"].isna() & rows["waist"].notna()][0][0])
    at = open_page("Participants", cohort="small", participant=someone)
    text = page_text(at)
    missing = next(one.value for one in at.caption if "Not measured: " in one.value)
    assert "Sleep" in missing and "Waist" not in missing
    assert "**:gray[not measured]**" in text
    assert f"**{rows.loc[(someone, '0'), 'waist']:.1f} cm**" in text
    assert "percentile here" in text
    assert len(at.get("image")) == len(world.cohort.schema.features)
