"""What stands of a person's decisions."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, strategies as st

from sensecf_core.records.person_state import (
    Decision,
    Kind,
    PersonState,
    fold,
    held_back,
    in_force,
    undone,
)


def make(number: int, kind: Kind, *, option: int | None = None, undoes: str | None = None) -> Decision:
    return Decision(
        decision_id=f"d{number}",
        created="2026-11-29T18:00:00.000+00:00",
        who="Dr Lee",
        kind=kind,
        cohort="small",
        participant_id="p0001",
        answer_id=None if option is None else "a1",
        option=option,
        note="Asked the family." if kind == "note" else None,
        undoes=undoes,
    )


@st.composite
def histories(draw: st.DrawFn) -> tuple[Decision, ...]:
    """Decisions as they can come about: an undo names an earlier row that still counts."""
    rows: list[Decision] = []
    for number in range(draw(st.integers(0, 12))):
        kind = draw(
            st.sampled_from(["keep", "edit", "reject", "shortlist", "note", "star", "unstar", "undo"])
        )
        gone = undone(rows)
        open_rows = [row.decision_id for row in rows if row.decision_id not in gone]
        if kind == "undo" and open_rows:
            rows.append(make(number, "undo", undoes=draw(st.sampled_from(open_rows))))
        elif kind != "undo":
            option = draw(st.integers(1, 3)) if kind in ("keep", "edit", "reject", "shortlist") else None
            rows.append(make(number, kind, option=option))
    return tuple(rows)


OPTION_KINDS = st.sampled_from(["keep", "edit", "reject", "shortlist"])
LAST = st.one_of(
    st.builds(lambda kind, option: make(98, kind, option=option), OPTION_KINDS, st.integers(1, 3)),
    st.builds(lambda kind: make(98, kind), st.sampled_from(["note", "star", "unstar"])),
)


@given(history=histories(), last=LAST)
def test_undoing_the_last_gives_the_state_before_it(history: tuple[Decision, ...], last: Decision) -> None:
    undo = make(99, "undo", undoes="d98")
    assert fold((*history, last, undo)) == fold(history)
    assert fold((*history, last, undo, make(100, "undo", undoes="d99"))) == fold((*history, last))


@given(history=histories())
def test_only_what_counts_makes_the_state(history: tuple[Decision, ...]) -> None:
    state = fold(history)
    assert state == fold(in_force(history))
    options = [one.option for one in (*state.kept, *state.rejected, *state.shortlisted)]
    assert len(options) == len(set(options))  # an option is in one place only
    newest = {one.option: one for one in in_force(history) if one.option is not None}
    assert sorted(map(str, options)) == sorted(map(str, newest))
    assert all(newest[one.option] is one for one in (*state.kept, *state.rejected, *state.shortlisted))


def test_nothing_decided_is_an_empty_state() -> None:
    assert fold(()) == PersonState()


def test_a_change_of_mind_counts_and_the_order_is_that_of_the_last_decision() -> None:
    first, second = make(1, "keep", option=1), make(2, "keep", option=2)
    rejected, again = make(3, "reject", option=1), make(4, "edit", option=1)
    assert fold((first, second)).kept == (first, second)
    state = fold((first, second, rejected))
    assert (state.kept, state.rejected) == ((second,), (rejected,))
    assert fold((first, second, rejected, again)).kept == (second, again)
    undo = make(5, "undo", undoes="d3")
    assert fold((first, second, rejected, undo)).kept == (first, second)


def test_what_was_rejected_for_a_reason_about_the_person_is_held_back() -> None:
    def rejected(number: int, reason: str, *about: str) -> Decision:
        both = {name: {"from": 1, "to": 2} for name in ("bmi", "sleep")}
        one = make(number, "reject", option=number)
        return replace(one, reason=reason, changes=both, features=about or None)

    weak = rejected(1, "not-believable")
    assert held_back(fold((weak,))) == {}
    all_of_it, one_of_it = rejected(2, "already-doing"), rejected(3, "not-possible", "sleep")
    assert held_back(fold((weak, all_of_it))) == {"bmi": all_of_it, "sleep": all_of_it}
    assert held_back(fold((one_of_it,))) == {"sleep": one_of_it}
    kept = replace(make(4, "keep", option=4), changes={"bmi": {"from": 1, "to": 2}})
    assert held_back(fold((all_of_it, one_of_it, kept))) == {"sleep": one_of_it}
    undo = make(5, "undo", undoes="d3")
    assert held_back(fold((one_of_it, undo))) == {}


def test_notes_and_stars_are_the_last_ones() -> None:
    star, old, new = make(1, "star"), make(2, "note"), make(3, "note")
    state = fold((star, old, new))
    assert (state.star, state.note) == (star, new)
    state = fold((star, old, new, make(4, "unstar"), make(5, "undo", undoes="d3")))
    assert (state.star, state.note) == (None, old)
    assert state.kept == ()
