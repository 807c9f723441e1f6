from __future__ import annotations

import numpy as np
import torch

from sensecf_core.language.local.decoding import LEAST_LEFT, Row
from sensecf_core.language.local.token_sampling import initial_codes, row_generator, sample_columns

LOGITS = torch.log(torch.tensor([[0.5, 0.3, 0.15, 0.05]]))


def draw(**options) -> list[int]:
    codes = (torch.arange(1000) + 0.5) / 1000
    options = {"allowed": None, "temperature": 1.0, **options}
    logits = LOGITS.expand(1000, -1)
    if options["allowed"] is not None:
        options["allowed"] = options["allowed"].expand(1000, -1)
    return torch.bincount(sample_columns(logits, codes=codes, **options)[0], minlength=4).tolist()


def test_draws_follow_the_probabilities() -> None:
    assert draw() == [500, 300, 150, 50]


def test_masked_columns_are_never_drawn_and_the_rest_is_rescaled() -> None:
    assert draw(allowed=torch.tensor([[False, True, False, True]])) == [0, 857, 0, 143]


def test_temperature_sharpens_and_zero_is_the_likeliest() -> None:
    assert draw(temperature=0.0) == [1000, 0, 0, 0]
    assert draw(temperature=0.5)[0] > 500


def test_a_row_has_its_own_repeatable_random_numbers() -> None:
    def first(seed: int, row: int) -> float:
        return float(torch.rand(1, generator=row_generator(seed, row)))

    assert first(0, 3) == first(0, 3)
    assert len({first(seed, row) for seed in range(4) for row in range(4)}) == 16


def test_the_initial_codes_of_rows_are_spread_evenly_and_do_not_depend_on_how_many_there_are() -> None:
    for seed in range(3):
        codes = np.array(initial_codes(seed, 16))
        assert np.allclose(np.diff(np.sort(codes)), 1 / 16)
        assert sorted((codes[:4] * 4).astype(int)) == [0, 1, 2, 3]
        assert initial_codes(seed, 4) == list(codes[:4])
    assert len({initial_codes(seed, 1)[0] for seed in range(8)}) == 8


def test_what_a_token_leaves_of_a_code_samples_the_next_token_from_its_own_probabilities() -> None:
    codes = (torch.arange(1000) + 0.5) / 1000
    logits = LOGITS.expand(1000, -1)
    first, rest, share = sample_columns(logits, None, temperature=1.0, codes=codes)
    second, _, _ = sample_columns(logits, None, temperature=1.0, codes=rest)
    pairs = torch.bincount(4 * first + second, minlength=16).reshape(4, 4)
    assert torch.allclose(share[first == 1], torch.tensor(0.3, dtype=torch.float64))
    expected = 1000 * torch.outer(LOGITS.exp()[0], LOGITS.exp()[0])
    assert (pairs - expected).abs().max() <= 1.0


def test_evenly_spread_codes_give_more_different_answers_than_independent_ones() -> None:
    flat = torch.zeros(16, 16)

    def different(codes: torch.Tensor) -> int:
        return len(set(sample_columns(flat, None, temperature=1.0, codes=codes)[0].tolist()))

    spread = torch.tensor(initial_codes(0, 16), dtype=torch.float64)
    independent = torch.cat([torch.rand(1, generator=row_generator(0, row)) for row in range(16)])
    assert different(spread) == 16 > different(independent)


def test_a_row_continues_with_what_is_left_of_its_code_and_takes_a_new_one_when_that_is_used_up() -> None:
    row = Row(lambda: row_generator(5, 3), code=0.25)
    row.advance(0.75, 0.5)
    assert (row.code, row.left, row.generator) == (0.75, 0.5, None)
    row.advance(0.1, LEAST_LEFT)
    assert row.left == 1.0
    assert row.code == float(torch.rand(1, generator=row_generator(5, 3), dtype=torch.float64))
