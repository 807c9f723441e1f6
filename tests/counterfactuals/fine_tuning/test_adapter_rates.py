"""The rates of an adapter, measured from Python and put on its card."""

from __future__ import annotations

import pytest

from sensecf_core.counterfactuals.fine_tuning import adapter_rates, validation
from sensecf_core.counterfactuals.fine_tuning.adapter_rates import measure_adapter, put_on_card
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.errors import InputError, NotReadyError
from sensecf_core.language.local.model import LocalModel
from sensecf_core.language.models import adapter_choice, adapters
from tests.app import made_adapter

TEST_RATE = {**made_adapter.rate("contrast", 0, 0.5), "part": "test"}


def test_rates_are_measured_at_every_temperature_and_kept_on_the_card(
    fitted: FittedCohort, babbler: LocalModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapter_rates.LocalModel, "load", lambda **_: babbler)
    made_adapter.write(fitted.cohort, rates=(TEST_RATE,), temperature=1.0)
    found = measure_adapter(fitted, n=1)
    assert {row["temperature"] for row in found.rows} == set(validation.TEMPERATURES)
    assert all(row["part"] == "val" and row["queries"] == 1 for row in found.rows)
    controls = ("random_valid", "nearest_pair_valid", "effects_valid")
    for group in {(row["limits"], row["desired"]) for row in found.rows}:
        rows = [row for row in found.rows if (row["limits"], row["desired"]) == group]
        # A control has no temperature: its rate is the same beside each of them.
        assert len({tuple(row[name] for name in controls) for row in rows}) == 1 < len(rows)
    assert all(0 <= row[f"{name[:-5]}solid"] <= row[name] for row in found.rows for name in controls)
    # Every query has an answer among the told changes, and a sum of them finds one more often than a babbler.
    assert max(row["effects_valid"] for row in found.rows) > max(row["valid"] for row in found.rows)
    put_on_card(found)
    card = adapter_choice.require(fitted.cohort).card
    assert card.temperature == found.temperature
    kept = (TEST_RATE,) if found.temperature == 1.0 else ()
    assert card.rates == (*kept, *found.rows)


def test_test_rates_of_another_temperature_are_dropped(fitted: FittedCohort) -> None:
    made_adapter.write(fitted.cohort, rates=(TEST_RATE,), temperature=0.8)
    adapter = adapter_choice.require(fitted.cohort)
    put_on_card(adapter_rates.AdapterRates(adapter, 0.8, []))
    assert adapter_choice.require(fitted.cohort).card.rates == (TEST_RATE,)
    put_on_card(adapter_rates.AdapterRates(adapter, 0.6, []))
    assert adapter_choice.require(fitted.cohort).card.rates == ()


def test_an_adapter_that_is_not_there_or_does_not_fit_is_refused(
    fitted: FittedCohort, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapters, "for_every_cohort", lambda: ())
    with pytest.raises(NotReadyError, match="finetune --cohort small"):
        measure_adapter(fitted)
    made_adapter.write(fitted.cohort, base_sha256="0" * 64)
    with pytest.raises(InputError, match="trial"):
        measure_adapter(fitted, "trails")
    with pytest.raises(InputError, match="other weights"):
        measure_adapter(fitted, "trial")


def test_the_card_of_an_adapter_for_every_cohort_takes_rates_of_built_in_ones_alone(
    fitted: FittedCohort,
) -> None:
    made_adapter.write(fitted.cohort, temperature=1.0)
    (own,) = adapters.adapters(fitted.cohort)
    general = own.card.model_copy(update={"cohort": adapters.ANY})
    made = adapters.Adapter(own.folder, general, own=True)
    row = {**made_adapter.rate("contrast", 0, 0.5), "temperature": 1.0}
    put_on_card(adapter_rates.AdapterRates(made, 0.6, [{"cohort": "heart", **row}]))
    made = adapters.Adapter(own.folder, adapters.adapters(fitted.cohort)[0].card, own=True)
    put_on_card(adapter_rates.AdapterRates(made, 0.6, [{"cohort": "nhanes", **row}]))
    card = adapters.adapters(fitted.cohort)[0].card
    assert card.temperature == 1.0 and {"heart", "nhanes"} <= {one.get("cohort") for one in card.rates}
    with pytest.raises(InputError, match="built-in cohorts only"):
        put_on_card(adapter_rates.AdapterRates(made, 0.6, [{"cohort": "small", **row}]))
