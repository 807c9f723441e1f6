"""Adapters whose files are damaged: one sentence that names the file, and no other answers unnoticed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.datasets import registry
from sensecf_core.errors import NotReadyError
from sensecf_core.language.local.broken_files import one_sentence
from sensecf_core.language.models import adapter_choice, adapters
from sensecf_core.language.models.adapters import CARD, CONFIG, WEIGHTS

GIVEN = next((adapters.BUILT_IN / "heart").glob("[!.]*/"))
Damage = Callable[[Path], object]


@pytest.fixture(scope="module")
def heart() -> Cohort:
    return registry.load("heart")


@pytest.fixture
def mine(heart: Cohort) -> Path:
    """A copy of the committed adapter, chosen to answer."""
    folder = adapters.own_folder(heart, "mine")
    shutil.copytree(GIVEN, folder)
    edit(folder / CARD, name="mine")
    (found,) = (adapter for adapter in adapters.adapters(heart) if adapter.own)
    adapter_choice.choose(heart, found)
    return folder


def edit(path: Path, **values: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1000:] = bytes(1000)
    path.write_bytes(content)


DAMAGED_FILES: dict[str, tuple[Damage, str]] = {
    "cut weights": (lambda folder: cut(folder / WEIGHTS), WEIGHTS),
    "empty weights": (lambda folder: (folder / WEIGHTS).write_bytes(b""), WEIGHTS),
    "altered weights": (lambda folder: flip(folder / WEIGHTS), WEIGHTS),
    "weights of another": (lambda folder: edit(folder / CARD, weights_sha256="0" * 64), WEIGHTS),
    "no configuration": (lambda folder: (folder / CONFIG).unlink(), CONFIG),
    "empty configuration": (lambda folder: (folder / CONFIG).write_bytes(b""), CONFIG),
    "nested configuration": (lambda folder: (folder / CONFIG).write_text("[" * 99_999), CONFIG),
    "a list as configuration": (lambda folder: (folder / CONFIG).write_text("[]"), CONFIG),
    "another rank": (lambda folder: edit(folder / CONFIG, r=4), CONFIG),
    "another scale": (lambda folder: edit(folder / CONFIG, lora_alpha=64), CONFIG),
}


@pytest.mark.parametrize("kind", DAMAGED_FILES)
def test_damaged_files_are_told_before_anything_is_loaded(mine: Path, kind: str) -> None:
    assert adapters.checked_config(mine)["r"] == 8
    damage, file = DAMAGED_FILES[kind]
    damage(mine)
    with pytest.raises(NotReadyError, match="train it again") as caught:
        adapters.checked_config(mine)
    assert str(mine) in str(caught.value) and file in str(caught.value)
    assert "\n" not in str(caught.value)


BROKEN_CARDS: dict[str, Damage] = {
    "cut": lambda folder: cut(folder / CARD),
    "no object": lambda folder: (folder / CARD).write_text("[]"),
    "a field lost": lambda folder: (folder / CARD).write_text('{"name": "mine"}'),
    "nested": lambda folder: (folder / CARD).write_text('{"name": ' + "[" * 99_999),
    "no text": lambda folder: (folder / CARD).write_bytes(b"\xff\xfe\x00"),
    "gone": lambda folder: (folder / CARD).unlink(),
    "a temperature that is none": lambda folder: edit(folder / CARD, temperature=-1),
    "weights gone": lambda folder: (folder / WEIGHTS).unlink(),
}


@pytest.mark.parametrize("kind", BROKEN_CARDS)
@pytest.mark.parametrize("choice", ["chosen", "not chosen"])
def test_a_broken_card_lets_no_other_adapter_answer_unnoticed(
    heart: Cohort, mine: Path, kind: str, choice: str
) -> None:
    BROKEN_CARDS[kind](mine)
    if choice == "not chosen":
        (mine.parent.parent / "chosen.json").unlink()
    assert adapter_choice.chosen(heart) is None
    with pytest.raises(NotReadyError, match="cannot be used") as caught:
        adapter_choice.require(heart)
    assert str(mine) in str(caught.value)
    assert adapters.broken(heart) == (str(caught.value),)


def test_another_adapter_answers_once_somebody_has_chosen_it(heart: Cohort, mine: Path) -> None:
    (mine / CARD).write_text("{")
    adapter_choice.choose(heart, adapters.adapters(heart)[0])
    assert adapter_choice.problem(heart) is None
    assert adapters.broken(heart) != ()


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"heart": 3}', b"[" * 99_999, b"\xff"])
def test_a_damaged_choice_is_no_choice_of_another(heart: Cohort, mine: Path, content: bytes) -> None:
    (mine.parent.parent / "chosen.json").write_bytes(content)
    assert adapter_choice.chosen(heart) is None
    with pytest.raises(NotReadyError, match=r"chosen\.json cannot be read"):
        adapter_choice.require(heart)
    adapter_choice.choose(heart, adapters.adapters(heart)[0])
    assert adapter_choice.problem(heart) is None


class PanicError(RuntimeError):
    pass


@pytest.mark.parametrize(
    "error", [KeyError("lora_A"), PanicError("header\ntoo large"), OSError(5, "I/O"), TypeError()]
)
def test_whatever_a_library_raises_is_one_sentence(error: Exception) -> None:
    with (
        pytest.raises(NotReadyError, match=r"The model cannot be used \(.*\); mend it\.") as caught,
        one_sentence("The model", "mend it"),
    ):
        raise error
    assert "\n" not in str(caught.value)


def test_a_lack_of_memory_is_not_blamed_on_the_files() -> None:
    class OutOfMemoryError(RuntimeError):
        pass

    for error in (MemoryError(), OutOfMemoryError("CUDA")):
        with pytest.raises(type(error)), one_sentence("The model", "mend it"):
            raise error
