"""A trace from Python: kept where it was ended, written to files, put on an adapter's card."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sensecf_core.counterfactuals import explain
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.errors import InputError
from sensecf_core.evaluation.raw_candidates import files
from sensecf_core.evaluation.raw_candidates.run import run_trace
from sensecf_core.language.models import adapter_choice
from tests.app import made_adapter


def test_a_fitted_cohort_is_traced_once(
    fitted: FittedCohort, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    fractions: list[float] = []
    found = run_trace(fitted, ["random"], n=2, candidates=8, progress=lambda done, _: fractions.append(done))
    assert (found["cohort"], found["n"], found["candidates"]) == ("small", 2, 8)
    assert [(row["direction"], row["people"]) for row in found["table"]] == [("1→0", 2), ("0→1", 2)]
    assert [entry["proposed"] for entry in found["queries"]] == [8] * 4
    assert fractions == [0, 0.25, 0.5, 0.75]
    files.write(tmp_path, "small", found)
    assert json.loads((tmp_path / "trace-small.json").read_text()) == found
    assert len((tmp_path / "trace-small.csv").read_text().splitlines()) == 1 + 2
    monkeypatch.setattr(explain, "answer", lambda *_, **__: pytest.fail("asked again"))
    assert run_trace(fitted, ["random"], n=2, candidates=8) == found


@pytest.mark.parametrize(("methods", "said"), [([], "names none"), (["randm"], "random")])
def test_methods_that_cannot_be(fitted: FittedCohort, methods: list[str], said: str) -> None:
    with pytest.raises(InputError, match=said):
        run_trace(fitted, methods)


def test_rates_are_put_on_the_card_of_the_adapter_that_was_traced(fitted: FittedCohort) -> None:
    cohort = fitted.cohort
    made_adapter.write(cohort)
    card = adapter_choice.require(cohort).card
    rate = {"mean": 0.5, "low": 0.4, "high": 0.6}
    less = {"mean": 0.2, "low": 0.1, "high": 0.3}
    row = {"limits": "contrast", "direction": "1→0", "goal": "cross", "method": "lm-guided", "people": 3}
    table = [
        {**row, **dict.fromkeys(files.ON_CARD, rate)},
        {**row, "method": "random", "of_answerable_valid": rate, "of_answerable_solid": less},
    ]
    adapter = {"sha256": card.weights_sha256, "temperature": card.temperature}
    files.put_on_card(cohort, {"adapters": {"lm-guided": adapter}, "table": table})
    first, *others = adapter_choice.require(cohort).card.rates
    assert (first["part"], first["limits"], first["desired"], first["queries"]) == ("test", "contrast", 0, 3)
    assert first["valid"] == first["random_valid"] == {"value": 0.5, "low": 0.4, "high": 0.6}
    assert first["random_solid"] == {"value": 0.2, "low": 0.1, "high": 0.3}
    assert "credit" not in first, "two of the controls were not asked"
    assert tuple(others) == card.rates
    with pytest.raises(InputError, match="Another adapter answers now"):
        another = {**adapter, "temperature": 0.1}
        files.put_on_card(cohort, {"adapters": {"lm-guided": another}, "table": table})
