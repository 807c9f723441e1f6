"""The raw rates of an adapter on ``val``: what the command ``rates`` and a notebook start."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sensecf_core.cohorts import builtin
from sensecf_core.counterfactuals.fine_tuning import validation
from sensecf_core.counterfactuals.fine_tuning.control_rates import controls_of, with_controls
from sensecf_core.counterfactuals.fine_tuning.pairs import pair_files
from sensecf_core.counterfactuals.fine_tuning.pairs.pair_search import Pair
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.proposers.tuned_prompt import tuned_prompt
from sensecf_core.errors import InputError
from sensecf_core.language.local.model import LocalModel
from sensecf_core.language.models import adapter_choice, adapters, default_model
from sensecf_core.language.models.adapters import ANY, Adapter
from sensecf_core.language.training import save_adapter
from sensecf_core.types import Progress


@dataclass(frozen=True)
class AdapterRates:
    """Rates of an adapter, a row for each temperature and group of queries, and the best temperature.

    Each row has the raw validity of the controls on the same queries, too.
    """

    adapter: Adapter
    temperature: float
    rows: list[dict[str, Any]]


def measure_adapter(
    fitted: FittedCohort,
    name: str | None = None,
    *,
    n: int = 20,
    progress: Progress = lambda done, words: None,
) -> AdapterRates:
    """Sample raw candidates for ``n`` answerable ``val`` queries of each limits profile and desired class.

    ``name`` is the adapter's (None: the one that answers). Raises ``InputError`` for an unknown one and one
    that does not fit the default language model, ``NotReadyError`` where there is none.
    """
    found = adapter_choice.require(fitted.cohort) if name is None else adapters.by_name(fitted.cohort, name)
    if (unfit := adapters.unfit(found.card, fitted.cohort, default_model.status().sha256)) is not None:
        raise InputError(unfit)
    source = found.card.settings.get("source", "shap")
    queries = validation.ValidationSet.of(fitted, "val", n, source)
    model = LocalModel.load(adapter=found.folder, answers_only=True)
    progress(0.1, "Measuring on validation queries")
    temperature, rows = validation.choose_temperature(fitted, tuned_prompt(fitted, source), model, queries)
    controls, lessons = controls_of(source), _lessons(fitted, found, progress)
    rows = with_controls(fitted, queries, rows, controls=controls, lessons=lessons)
    if found.card.cohort == ANY:
        rows = [{"cohort": fitted.schema.name, **row} for row in rows]
    return AdapterRates(found, temperature, rows)


def _lessons(fitted: FittedCohort, adapter: Adapter, progress: Progress) -> tuple[Pair, ...]:
    """What an adapter was taught, for the control that copies it; empty where that is searched by itself."""
    settings = adapter.card.settings
    if settings.get("source") != "profile" or "per_group" not in settings:  # it learned from decisions
        return ()
    named = ("seed", "source", "per_group", "synthetic")
    _, pairs = pair_files.load_or_build(fitted, progress=progress, **{name: settings[name] for name in named})
    return pairs


def put_on_card(rates: AdapterRates) -> None:
    """Put the rates and the temperature on the adapter's card; test rates stay if the temperature does.

    An adapter for every cohort keeps its temperature, and its rates on other cohorts. Raises ``InputError``
    to put rates on somebody's own cohort there.
    """
    card = rates.adapter.card
    if card.cohort == ANY:
        measured = {row["cohort"] for row in rates.rows}
        if not measured <= set(builtin.NAMES):
            raise InputError(
                f"The card of {card.name} holds rates on built-in cohorts only; leave --write out."
            )
        others = tuple(row for row in card.rates if row.get("cohort") not in measured)
        rows = tuple(row for row in rates.rows if row["temperature"] == card.temperature)
        save_adapter.write_cards(rates.adapter.folder, card.model_copy(update={"rates": (*others, *rows)}))
        return
    same = rates.temperature == card.temperature
    test = [row for row in card.rates if row.get("part") == "test" and same]
    update = {"temperature": rates.temperature, "rates": (*test, *rates.rows)}
    if not same:
        update["shown"] = {}
    save_adapter.write_cards(rates.adapter.folder, card.model_copy(update=update))
