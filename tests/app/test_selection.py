from __future__ import annotations

from sensecf_core.ui.choice.selection import NOBODY, Choice, reconcile

ANN = Choice("small", "ann", "0")
BOB = Choice("small", "bob", "1")


def test_the_session_wins_while_the_address_says_what_was_written_last() -> None:
    assert reconcile(BOB, ANN, ANN) == BOB


def test_an_empty_address_keeps_the_session() -> None:
    assert reconcile(ANN, NOBODY, ANN) == ANN


def test_a_changed_address_wins() -> None:
    assert reconcile(ANN, BOB, ANN) == BOB
    assert reconcile(NOBODY, BOB, NOBODY) == BOB


def test_a_new_participant_forgets_the_row() -> None:
    assert reconcile(ANN, Choice("small", "bob"), ANN) == Choice("small", "bob", None)


def test_a_new_cohort_forgets_participant_and_row() -> None:
    assert reconcile(ANN, Choice("heart"), ANN) == Choice("heart")


def test_the_same_cohort_alone_keeps_the_participant() -> None:
    assert reconcile(ANN, Choice("small"), NOBODY) == ANN
