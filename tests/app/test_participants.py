from __future__ import annotations

from streamlit.testing.v1 import AppTest

from sensecf_core.records import decisions
from sensecf_core.records.person_state import Decision, Kind, fold
from sensecf_core.ui.participants import decided, preview, profile, profile_table
from sensecf_core.ui.participants.profile_table import Line, Range
from tests.app.conftest import OpenPage, World, page_text


def test_the_table_holds_everyone_riskiest_first_grouped_by_role(world: World, open_page: OpenPage) -> None:
    at = open_page("Participants")
    table = at.dataframe[0].value
    assert len(table) == len(world.cohort.rows)
    assert table["Work list", "Risk of 100"].is_monotonic_decreasing
    assert {"Person", "Work list", "Behaviour", "Clinical", "Context"} == set(
        table.columns.get_level_values(0)
    )
    assert ("Clinical", "Body mass index (kg/m²)") in table.columns
    assert "Choose a row" in at.info[0].value


def test_filters_narrow_the_table_and_an_empty_one_says_so(world: World, open_page: OpenPage) -> None:
    at = open_page("Participants")
    at.pills(key="view_small").set_value("Flagged").run()
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
    missing = next(one.value for one in at.caption if "Not measured: " in one.value)
    assert "Sleep" in missing and "Waist" not in missing
    tables = " ".join(one.proto.body for one in at.get("html") if "<table" in one.proto.body)
    assert f"{rows.loc[(someone, '0'), 'waist']:.1f} cm" in tables
    assert "higher than" in tables
    assert tables.count('<th scope="row"') == rows.loc[(someone, "0")].notna().sum()
    assert not distributions(at)
    at.toggle(key="distributions_small").set_value(True).run()
    assert not at.exception
    assert len(distributions(at)) == len(world.cohort.schema.features)
    assert "% of the cohort" in page_text(at)


def distributions(at: AppTest) -> list[object]:
    return [picture for picture in at.get("image") if "in this cohort:" in str(picture.proto)]


def test_the_list_shows_what_was_decided_and_filters_by_it(world: World, open_page: OpenPage) -> None:
    at = open_page("Participants")
    assert ("Work list", "Star") not in at.dataframe[0].value and "Starred" not in at.pills[0].options
    decisions.write_note("small", world.flagged, "Call again.", by="AB")
    decisions.star("small", world.unflagged, by="AB")
    at = open_page("Participants", cohort="small", participant=world.flagged)
    line = at.dataframe[0].value.set_index(("Person", "Participant"))["Work list"]
    assert line.loc[world.flagged, ["Note", "Star"]].tolist() == ["Call again.", ""]
    assert line.loc[world.unflagged, ["Note", "Star"]].tolist() == ["", "★"]
    (note,) = (one.proto.body for one in at.get("html") if "<details" in one.proto.body)  # in the preview
    assert "<strong>Note:</strong> Call again.</span></summary><p>AB, " in note
    at.pills(key="view_small").set_value("Starred").run()
    assert at.dataframe[0].value["Person", "Participant"].tolist() == [world.unflagged]


def test_the_latest_decision_about_an_option_is_told() -> None:
    def decision(kind: Kind, created: str, option: int, reason: str | None = None) -> Decision:
        return Decision("id", created, "AB", kind, "small", "1", "0", "answer", option, reason=reason)

    made = [
        decision("keep", "2026-01-01T10:00:00.000+00:00", 1),
        decision("reject", "2026-01-01T11:00:00.000+00:00", 2, "too-small"),
    ]
    state = fold(made)
    assert decided.counts(state) == "1 kept, 1 rejected"
    newest = decided.latest(state)
    assert newest is made[1]
    assert decided.sentence(newest) == (
        "Option 2 rejected (Too small to matter), by AB, 2026-01-01 11:00 UTC"
    )
    assert decided.latest(fold([])) is None
    told = preview.decided_html(state)
    latest = f"1 kept, 1 rejected. Latest: {decided.sentence(newest)}."
    assert f"<p><strong>Decisions:</strong> {latest}</p>" in told and "<details" not in told
    assert "<p><strong>Decision:</strong> Option 1 kept, by AB, " in preview.decided_html(fold(made[:1]))
    assert preview.decided_html(fold([])) == ""
    note = Decision("id", "2026-01-01T12:00:00+00:00", "AB", "note", "small", "1", note="<b> & more")
    assert "Note:</strong> &lt;b&gt; &amp; more</span></summary>" in preview.decided_html(fold([note]))


def test_what_is_out_of_range_is_counted_named_and_stands_first(
    fresh_caches: None, open_page: OpenPage
) -> None:
    at = open_page("Participants", cohort="nhanes", participant="93708")
    table = at.dataframe[0].value.set_index(("Person", "Participant"))["Work list"]
    assert table.loc["93708", "Out of range"] == 6
    assert "Systolic blood pressure 141 mmHg ▲" in page_text(at)  # in the preview
    assert at.subheader[0].value == "Outside the reference range: 6"
    assert profile._outside("▲ above reference", "120") == "▲ above 120"
    assert profile._outside("▲ above reference", "18.5–24.9") == "▲ outside 18.5–24.9"


def test_a_measurement_is_written_as_text_whatever_it_is_called() -> None:
    line = Line("<b>A</b>", 'x" onclick="y', "1 & 2", "▲ above", "ref. ≤ 1", Range(2.0, None, 0.5, 0.25), "")
    html = profile_table.html([line], "A < B")
    assert "&lt;b&gt;A&lt;/b&gt;" in html and 'title="x&quot; onclick=&quot;y"' in html
    assert "<strong>1 &amp; 2</strong>" in html
    assert 'class="own" style="left:100%"' in html  # beyond the range: at its end
    assert 'class="band" style="left:0%;width:50%"' in html
