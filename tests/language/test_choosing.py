from __future__ import annotations

import torch

from sensecf_core.language.choosing import choose, row_generator

LOGITS = torch.log(torch.tensor([[0.5, 0.3, 0.15, 0.05]]))


def draw(**options) -> list[int]:
    uniforms = (torch.arange(1000) + 0.5) / 1000
    given = {"allowed": None, "temperature": 1.0, "top_p": 1.0, **options}
    logits = LOGITS.expand(1000, -1)
    if given["allowed"] is not None:
        given["allowed"] = given["allowed"].expand(1000, -1)
    return torch.bincount(choose(logits, uniforms=uniforms, **given), minlength=4).tolist()


def test_draws_follow_the_probabilities() -> None:
    assert draw() == [500, 300, 150, 50]


def test_masked_columns_are_never_drawn_and_the_rest_is_rescaled() -> None:
    assert draw(allowed=torch.tensor([[False, True, False, True]])) == [0, 857, 0, 143]


def test_nucleus_cuts_the_tail() -> None:
    assert draw(top_p=0.79) == [625, 375, 0, 0]


def test_temperature_sharpens_and_zero_is_the_likeliest() -> None:
    assert draw(temperature=0.0) == [1000, 0, 0, 0]
    assert draw(temperature=0.5)[0] > 500


def test_a_row_has_its_own_repeatable_numbers() -> None:
    def first(seed: int, row: int) -> float:
        return float(torch.rand(1, generator=row_generator(seed, row)))

    assert first(0, 3) == first(0, 3)
    assert len({first(seed, row) for seed in range(4) for row in range(4)}) == 16
