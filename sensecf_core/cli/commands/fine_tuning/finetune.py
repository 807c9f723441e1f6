"""``finetune``: teach a language model a cohort."""

from __future__ import annotations

import json
import signal
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sensecf_core.cli.commands.fine_tuning import one_training
from sensecf_core.cli.commands.fine_tuning.from_decisions import Asked, in_words, learn, refuse_others
from sensecf_core.cli.commands.fine_tuning.pairs import PerGroup, Synthetic, check_told
from sensecf_core.cli.options import Json, JsonProgress, at_least, given_options
from sensecf_core.cli.output import print_json, progress
from sensecf_core.errors import InputError, unknown
from sensecf_core.queries.methods import of_prompt
from sensecf_core.types import Callbacks

if TYPE_CHECKING:
    from sensecf_core.counterfactuals.fine_tuning.stages import Options
    from sensecf_core.language.local.model import LocalModel
    from sensecf_core.language.models.adapters import Card

ROUND_KINDS = ("best", "preference", "both")
MOST_RANK = 32
USUAL_RANK = 8
OF_A_COHORT = (
    "--from-decisions", "--rounds", "--round-kind", "--told", "--rows", "--most-pairs", "--variants",
    "--per-group", "--synthetic", "--validation",
)  # fmt: skip
"""Options that say what to learn from a cohort's own rows."""
OF_A_WHOLE_TRAINING = (
    "--rounds", "--round-kind", "--most-pairs", "--rows", "--resume", "--publish", "--told", "--rank",
    "--variants", "--per-group", "--synthetic",
)  # fmt: skip
"""Options that say what a whole training learns from, or where it is kept."""
BASE = "base"
"""Value of --start: no adapter to go on from."""
BEGINS_WITH = {
    "shap": Path("any-cohort", "smollm2-135m-any-cohort"),
    "profile": Path("nhanes", "smollm2-135m-profile"),
}
"""The committed adapter that a cohort's training goes on from, by --told."""


def finetune(
    context: typer.Context,
    *,
    cohort: Annotated[
        str | None, typer.Option("--cohort", help="The cohort's name; see `cohort list`.")
    ] = None,
    any_cohort: Annotated[
        bool,
        typer.Option(
            "--any-cohort", help="One adapter for every cohort, taught by invented schemas; no --cohort."
        ),
    ] = False,
    wishes: Annotated[
        bool,
        typer.Option(
            "--wishes",
            help="An adapter that reads limits in people's own words (docs/wishes.md); no --cohort.",
        ),
    ] = False,
    minutes: Annotated[
        float | None, typer.Option(help="Minutes of training (validation not counted).")
    ] = None,
    tokens: Annotated[
        int | None, typer.Option(help="Tokens to read, instead of or beside --minutes.")
    ] = None,
    base: Annotated[
        str | None, typer.Option(help="A local language model; see `models`. Without it the default.")
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(help="The adapter's name; without it the base model's, with --told profile also that."),
    ] = None,
    rounds: Annotated[int, typer.Option(help="Rounds that teach from the model's own checked answers.")] = 0,
    round_kind: Annotated[
        str,
        typer.Option(
            help="best: add accepted answers; preference: accepted against rejected (DPO); both: try the two."
        ),
    ] = "best",
    rank: Annotated[
        int | None,
        typer.Option(
            help=f"Rank of the adapter, at most {MOST_RANK}; without it {USUAL_RANK}, or that of the adapter "
            "that it goes on from."
        ),
    ] = None,
    learning_rate: Annotated[float, typer.Option(help="Peak learning rate.")] = 2e-3,
    told: Annotated[
        str,
        typer.Option(
            help="What the prompt tells: shap (what changes are worth), none (changes), or profile."
        ),
    ] = "shap",
    most_pairs: Annotated[int | None, typer.Option(help="Training queries to learn from at most.")] = None,
    rows: Annotated[int | None, typer.Option(help="As for `pairs`.")] = None,
    variants: Annotated[int, typer.Option(help="As for `pairs`.")] = 1,
    per_group: PerGroup = 2000,
    synthetic: Synthetic = 40_000,
    validation: Annotated[int, typer.Option(help="`val` queries per group at each validation.")] = 12,
    seed: Annotated[int, typer.Option(help="Draws pairs, their order and the adapter's first weights.")] = 0,
    start: Annotated[
        str | None,
        typer.Option(
            help="An adapter of the same base and rank to go on from: its folder, COHORT/NAME of a committed "
            "one, or `base` for none. Without it the adapter for every cohort, with --told profile nhanes'."
        ),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the last checkpoint.")] = False,
    publish: Annotated[
        bool, typer.Option("--publish", help="Built-in cohorts: write to models/adapters, to be committed.")
    ] = False,
    from_decisions: Annotated[
        bool,
        typer.Option(
            "--from-decisions",
            help="Teach the adapter that answers what people kept and rejected.",
        ),
    ] = False,
    as_json: Json = False,
    json_progress: JsonProgress = False,
) -> None:
    """Fine-tune a language model (LoRA) for a cohort: the adapter of `lm-guided`; of `lm-fine-tuned` with
    --told profile.

    Checkpoints every few minutes; a run that was ended goes on with --resume.
    """
    if [cohort is not None, any_cohort, wishes].count(True) != 1:
        raise InputError("Give either --cohort NAME or --any-cohort, or --wishes.")
    if minutes is None and tokens is None and not from_decisions:
        minutes = 60.0
    to_base = start == BASE
    usual = None if from_decisions else _usual(cohort, told, base)
    start, rank = _begins(usual, start, rank)
    _check(context.params | {"minutes": minutes, "rank": rank})
    from sensecf_core.counterfactuals.fine_tuning.stages import Options
    from sensecf_core.language.training.config import PROFILE_STEP_TOKENS, Settings

    settings = Settings(
        rank=rank, alpha=2 * rank, learning_rate=learning_rate, tokens=tokens, minutes=minutes, seed=seed
    )
    if told == "profile":
        settings = replace(settings, batch_tokens=PROFILE_STEP_TOKENS, micro_tokens=PROFILE_STEP_TOKENS // 2)
        settings = replace(settings, validations=10, patience=10)  # a published learning curve
    given, words = given_options(context).values(), ""
    with progress(json_progress) as tell:
        callbacks = Callbacks(tell, _Stop())
        if cohort is None:
            refused = [option for option in OF_A_COHORT if option in given]
            one_training.refuse_others("--wishes" if wishes else "--any-cohort", refused)
            learn_it = one_training.for_any_cohort
            if wishes:
                learn_it = partial(one_training.for_wishes, start=_start(start, rank))
            elif "--start" in given:
                one_training.refuse_others("--any-cohort", ["--start"])
            card, folder = learn_it((base, name), settings, callbacks, resume=resume, publish=publish)
        elif from_decisions:
            others = [option for option in OF_A_WHOLE_TRAINING if option in given]
            refuse_others([*others, f"--start {BASE}"] if to_base else others)
            asked = Asked(base, name, start, settings, validation)
            card, folder = learn(cohort, asked, callbacks)
            words = in_words(card["decisions"])
        else:
            options = Options(
                settings=settings,
                rounds=rounds,
                round_kind=round_kind,  # type: ignore[arg-type]
                variants=variants,
                most_rows=rows,
                most_pairs=most_pairs,
                source=told,  # type: ignore[arg-type]
                validation_queries=validation,
                per_group=per_group,
                synthetic=synthetic,
                start=_start(start, rank),
            )
            card, folder = _run((cohort, base, name), options, callbacks, resume=resume, publish=publish)
    _show(cohort, card, folder, as_json=as_json, json_progress=json_progress)
    if words and not as_json and not json_progress:
        print(words)


def _check(values: Mapping[str, Any]) -> None:
    """Raise ``InputError`` for numbers and words that cannot be used."""
    from sensecf_core.counterfactuals.fine_tuning.stages import MOST_ROUNDS

    at_least(1, **{name: values[name] for name in ("validation", "rank", "per_group")})
    at_least(0, **{name: values[name] for name in ("synthetic", "rounds", "variants", "seed")})
    for name, most in (("rank", MOST_RANK), ("rounds", MOST_ROUNDS)):
        if values[name] > most:
            raise InputError(f"--{name} must be at most {most}, got {values[name]}.")
    if values["round_kind"] not in ROUND_KINDS:
        raise unknown("value of --round-kind", values["round_kind"], ROUND_KINDS)
    check_told(values["told"])
    if any(values[name] is not None and values[name] <= 0 for name in ("minutes", "tokens", "learning_rate")):
        raise InputError("--minutes, --tokens and --learning-rate must be above 0.")


def _show(
    cohort: str | None, card: dict[str, Any], folder: Path, *, as_json: bool, json_progress: bool
) -> None:
    from sensecf_core.language.models.adapters import WISHES

    if as_json:
        print_json({"folder": str(folder), "card": card})
    elif not json_progress and cohort is None:
        what = "wishes" if card["cohort"] == WISHES else "every cohort"
        print(f"The adapter {card['name']} for {what} is in {folder}.")
    elif not json_progress and cohort is not None:
        begun = card["settings"].get("start")
        from_where = f", and went on from {begun}" if begun else ""
        print(
            f"The adapter {card['name']} of {cohort} is in {folder}{from_where}; "
            f"{_who_answers(cohort, folder)}."
        )


def _begins(usual: Path | None, start: str | None, rank: int | None) -> tuple[str | None, int]:
    """The folder of the adapter that a training goes on from, None for the base model, and the rank.

    ``usual`` is taken where nothing else is asked for.
    """
    from sensecf_core.language.models.adapters import BUILT_IN, start_folder

    if start is None and usual is not None and rank in (None, _rank_of(BUILT_IN / usual)):
        return str(usual), _rank_of(BUILT_IN / usual)
    if start == BASE:
        start = None
    if rank is None:
        rank = USUAL_RANK if start is None or not _is_adapter(start) else _rank_of(start_folder(start))
    return start, rank


def _usual(cohort: str | None, told: str, base: str | None) -> Path | None:
    """The committed adapter that a cohort's training goes on from (:data:`BEGINS_WITH`), if it can.

    Both prompts tell every cohort in the same words, so that what was learned of others is a better beginning
    than none (docs/fine-tuning.md). An adapter is of the default base model, and begins with itself no more.
    """
    from sensecf_core.language.models.adapters import BUILT_IN, damage
    from sensecf_core.language.models.registry import DEFAULT

    usual = BEGINS_WITH.get(told)
    if cohort is None or usual is None or base not in (None, DEFAULT) or cohort == usual.parts[0]:
        return None
    return usual if damage(BUILT_IN / usual) is None else None


def _is_adapter(folder: str) -> bool:
    from sensecf_core.language.models.adapters import WEIGHTS, start_folder

    return (start_folder(folder) / WEIGHTS).is_file()


def _rank_of(folder: Path) -> int:
    return int(json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))["r"])


def _start(folder: str | None, rank: int) -> str | None:
    """Check that ``--start`` is an adapter of the rank asked for."""
    if folder is None:
        return None
    if not _is_adapter(folder):
        raise InputError(f"--start must be the folder of an adapter; {folder} holds no adapter's weights.")
    from sensecf_core.language.models.adapters import start_folder

    if (has := _rank_of(start_folder(folder))) != rank:
        raise InputError(f"--start {folder} has rank {has}, not {rank}; give --rank {has}.")
    return folder


def _who_answers(cohort: str, folder: Path) -> str:
    from sensecf_core.datasets import registry
    from sensecf_core.language.models import adapter_choice, adapters

    loaded = registry.load(cohort)
    prompt = next(adapters.prompt_of(one.card) for one in adapters.adapters(loaded) if one.folder == folder)
    answering = adapter_choice.chosen(loaded, prompt=prompt)
    if answering is None or answering.folder == folder:
        return f"{of_prompt(prompt)} answers with it"
    return f"{of_prompt(prompt)} still answers with {answering.folder}, choose on the page Models"


def _run(
    named: tuple[str, str | None, str | None],
    options: Options,
    callbacks: Callbacks,
    *,
    resume: bool,
    publish: bool,
) -> tuple[dict[str, Any], Path]:
    """Fine-tune for a cohort, ``named`` with the base model and the adapter; its card and folder."""
    from sensecf_core.counterfactuals.fine_tuning.fine_tune import NothingToLearnError, fine_tune
    from sensecf_core.counterfactuals.problem.fitted_cohort import load_fitted
    from sensecf_core.language.models import adapters

    cohort, base, name = named
    fitted = load_fitted(cohort)
    folder_of = adapters.built_in_folder if publish else adapters.own_folder

    def teach(model: LocalModel, called: str, out: Path) -> Card:
        return fine_tune(fitted, model, options, name=called, out=out, resume=resume, callbacks=callbacks)

    try:
        of = "profile" if options.source == "profile" else None  # a cohort may have one of each prompt
        return one_training.train((base, name), partial(folder_of, fitted.cohort), callbacks, teach, of=of)
    except NothingToLearnError as error:
        raise InputError(f"Nothing to learn: {error}.") from error


class _Stop:
    """Whether the process was asked to end: the checkpoint is written before it does."""

    def __init__(self) -> None:
        self.asked = False
        signal.signal(signal.SIGTERM, self._ask)
        signal.signal(signal.SIGINT, self._ask)

    def _ask(self, *_: object) -> None:
        self.asked = True

    def __call__(self) -> bool:
        return self.asked
