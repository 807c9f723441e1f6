"""``explain``: counterfactuals for one participant, several, or a sample of the test part."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Literal, cast

import typer

from sensecf_core.cli.arguments import names, ranges_and_levels
from sensecf_core.cli.options import PROFILES, CohortName, Json, at_least
from sensecf_core.cli.output import ProgressLine, print_json
from sensecf_core.cli.row_lines import print_label, say_default_row
from sensecf_core.disclaimer import DISCLAIMER
from sensecf_core.errors import InputError, unknown
from sensecf_core.queries.goal import GOALS
from sensecf_core.queries.methods import METHODS, listed_for_help
from sensecf_core.types import Callbacks

if TYPE_CHECKING:
    from sensecf_core.cohorts.cohort import Cohort
    from sensecf_core.cohorts.schema import Profile
    from sensecf_core.language.models.registry import ModelSpec
    from sensecf_core.language.wishes.wish import Understood
    from sensecf_core.queries.answer import Answer
    from sensecf_core.queries.goal import AskedGoal
    from sensecf_core.queries.request import ExplainRequest

ANSWERED = ("found", "already_desired")
"""Statuses that answer the question (docs/commands.md, "Exit codes")."""
NOTHING_FOUND = 3
"""Exit code if none of the participants got an answer."""


def explain(
    *,
    cohort: CohortName,
    participant: Annotated[list[str] | None, typer.Option(help="Participant id (may be repeated).")] = None,
    row: Annotated[str | None, typer.Option(help="Row id; without it the first row, which is said.")] = None,
    sample: Annotated[
        int | None,
        typer.Option(help="Instead of ids: so many rows of the test part whose prediction is not desired."),
    ] = None,
    method: Annotated[
        str | None,
        typer.Option(
            help=f"{listed_for_help()} (docs/commands.md). Without it a fine-tuned model where there is an "
            "adapter, else lm-few-shot."
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            help="A language model by name, folder or hub id; see `models`. Without it the default."
        ),
    ] = None,
    k: Annotated[int, typer.Option("--k", help="How many counterfactuals to show at most.")] = 4,
    candidates: Annotated[int, typer.Option(help="How many candidates to propose.")] = 16,
    max_changes: Annotated[int, typer.Option(help="Most features that one counterfactual changes.")] = 3,
    limits: Annotated[
        str | None, typer.Option(help="behaviour, intervention or contrast; without it the cohort's own.")
    ] = None,
    behaviours_too: Annotated[
        bool,
        typer.Option(
            "--behaviours-too",
            help="Beside intervention limits, ask what behaviours alone can do, as pages do.",
        ),
    ] = False,
    freeze: Annotated[list[str] | None, typer.Option(help="Features that must not move, like a,b.")] = None,
    ranges: Annotated[
        list[str] | None,
        typer.Option("--range", help="bmi=24:30 or smoking=never|former (may be repeated)."),
    ] = None,
    goal: Annotated[
        str | None,
        typer.Option(
            help="cross: alter the prediction; lower: as large a reliable reduction of the risk as there is; "
            "auto: lower where nothing crosses solidly. Without it auto, under contrast limits cross."
        ),
    ] = None,
    target: Annotated[
        float | None, typer.Option(help="Instead of --goal: a risk to reach, out of 100.")
    ] = None,
    say: Annotated[
        str | None,
        typer.Option(help='Limits in your own words, like "less sugar, leave the pulse alone".'),
    ] = None,
    say_by: Annotated[
        str | None,
        typer.Option(help="The language model that reads --say; see `models`. Without it rules do."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Take what is understood of --say unasked.")] = False,
    desired: Annotated[int | None, typer.Option(help="The class to reach, 0 or 1.")] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same answer.")] = 0,
    trace: Annotated[
        str, typer.Option(help="counts, or full: every candidate as it was proposed.")
    ] = "counts",
    keep: Annotated[
        bool, typer.Option("--keep", help="Print the id that each answer is kept under, for `decisions add`.")
    ] = False,
    by: Annotated[str | None, typer.Option(help="Who asks: a name for the audit trail.")] = None,
    as_json: Json = False,
) -> int:
    """Find the smallest realistic changes that would alter the prediction."""
    from sensecf_core.cli.say import confirmed
    from sensecf_core.counterfactuals.proposers.registry import default_method
    from sensecf_core.counterfactuals.proposers.resolve_model import check_model
    from sensecf_core.datasets import registry
    from sensecf_core.queries.request import ExplainRequest
    from sensecf_core.records.decisions import checked_name
    from sensecf_core.records.exports import document

    _check_options(
        participant=participant,
        row=row,
        sample=sample,
        method=method,
        limits=limits,
        goal=goal,
        desired=desired,
        seed=seed,
        trace=trace,
    )
    if yes and say is None:
        raise InputError("--yes confirms what --say is understood as; without --say leave it out.")
    if say_by is not None and say is None:
        raise InputError("--say-by names who reads --say; without --say leave it out.")
    by = None if by is None else checked_name(by)
    loaded = registry.load(cohort)
    method = _answering(loaded, method, model) if method else default_method(loaded, model)
    spans, levels = ranges_and_levels(loaded.schema, ranges or [])
    keys = _requested_rows(loaded, participant or [], row=row, sample=sample, desired=desired, seed=seed)
    template = ExplainRequest(
        cohort=cohort,
        participant_id=keys[0][0],
        method=method,
        model=model,
        k=k,
        candidates=candidates,
        max_changes=max_changes,
        behaviours_too=behaviours_too,
        profile=cast("Profile | None", limits),
        frozen=names(freeze or []),
        ranges=spans,
        levels=levels,
        desired=cast("Literal[0, 1] | None", desired),
        goal=cast("AskedGoal | None", goal),
        target=target,
        seed=seed,
    )
    requests = [
        template.model_copy(update={"participant_id": person, "row_id": row_id}) for person, row_id in keys
    ]
    said = None if say is None else confirmed(loaded, say, by=say_by, yes=yes, as_json=as_json)
    if said is not None:
        requests = _with_wishes(requests, said)
    model_spec = check_model(template, loaded)
    _print_data_notice(model_spec)
    warn_if_unmeasured(loaded, template, model_spec)
    _refuse_if_nothing_can_move(loaded, requests)
    answers = _answers(loaded, requests, by=by, show=not as_json, show_ids=keep)
    if as_json:
        printed = document(answers, {cohort: loaded.schema}, candidates=trace == "full")
        print_json(printed if said is None else {**printed, "said": said.to_dict()})
    return 0 if any(answer.status in ANSWERED for answer in answers) else NOTHING_FOUND


def _check_options(
    *,
    participant: list[str] | None,
    row: str | None,
    sample: int | None,
    method: str | None,
    limits: str | None,
    goal: str | None,
    desired: int | None,
    seed: int,
    trace: str,
) -> None:
    """Refuse options that contradict each other or name what does not exist."""
    if bool(participant) == (sample is not None):
        raise InputError("Name the people by --participant or by --sample N, one of the two.")
    if sample is not None and row is not None:
        raise InputError("--row belongs to --participant; --sample draws rows by itself.")
    if sample is not None:
        at_least(1, sample=sample)
    at_least(0, seed=seed)
    if desired not in (None, 0, 1):
        raise InputError(f"--desired must be 0 or 1, got {desired}.")
    for what, value, allowed in (
        ("method", method, METHODS),
        ("limits", limits, PROFILES),
        ("goal", goal, GOALS),
        ("trace", trace, ("counts", "full")),
    ):
        if value is not None and value not in allowed:
            raise unknown(what, value, allowed)


def _requested_rows(
    cohort: Cohort,
    participants: Sequence[str],
    *,
    row: str | None,
    sample: int | None,
    desired: int | None,
    seed: int,
) -> list[tuple[str, str]]:
    """The requested rows; they are checked to exist before any model runs."""
    from sensecf_core.classifiers import store
    from sensecf_core.cohorts.cohort import locate
    from sensecf_core.evaluation.sampling import sample_rows

    if sample is None:
        keys = [locate(cohort, person, row) for person in dict.fromkeys(participants)]
        if row is None:
            say_default_row(cohort, participants)
        return keys
    target = cohort.schema.task.desired if desired is None else desired
    keys = sample_rows(cohort, store.load(cohort), predicted=1 - target, n=sample, seed=seed)
    if not keys:
        raise InputError(f"Nobody in the test part of {cohort.schema.name} is predicted class {1 - target}.")
    if len(keys) < sample:
        print(f"Only {len(keys)} rows of the test part are predicted class {1 - target}.", file=sys.stderr)
    return keys


def _with_wishes(requests: Sequence[ExplainRequest], said: Understood) -> list[ExplainRequest]:
    """The requests with confirmed wishes in them; what alters nothing for a person is told on stderr."""
    from sensecf_core.counterfactuals.problem.fitted_cohort import load_fitted
    from sensecf_core.counterfactuals.problem.wished import with_wishes

    wished = [with_wishes(load_fitted(request.cohort), request, said.wishes) for request in requests]
    for request, result in zip(requests, wished, strict=True):
        for note in result.notes:
            print(f"{request.participant_id}: {note}", file=sys.stderr)
    return [result.request for result in wished]


def _refuse_if_nothing_can_move(cohort: Cohort, requests: Sequence[ExplainRequest]) -> None:
    """Refuse limits under which none of the rows can change, before any model runs."""
    from sensecf_core.counterfactuals.problem.constraints import resolve_limits
    from sensecf_core.counterfactuals.problem.fitted_cohort import load_fitted
    from sensecf_core.counterfactuals.problem.make_queries import make_queries, with_limits

    fitted = load_fitted(requests[0].cohort)
    limits = [resolve_limits(request, fitted.cohort, fitted.domain) for request in requests]
    desired = requests[0].desired
    target = cohort.schema.task.desired if desired is None else desired
    keys = [(request.participant_id, str(request.row_id)) for request in requests]
    queries = [
        with_limits(fitted, query, own)
        for query, own in zip(make_queries(fitted, keys, target, limits[0]), limits, strict=True)
        if query.factual.predicted != target
    ]
    if queries and not any(query.movable for query in queries):
        people = ", ".join(repr(query.participant_id) for query in queries[:3])
        raise InputError(
            f"Nothing may move for participant {people} under these limits; unfreeze a feature or widen "
            "a range."
        )


def _answering(cohort: Cohort, method: str, model: str | None) -> str:
    """The method that answers where ``method`` is asked; said where it is another."""
    from sensecf_core.counterfactuals.proposers.registry import answering_method

    answering = answering_method(cohort, method, model)
    if answering != method:
        print(
            f"No adapter of {cohort.schema.name} is told the person alone, so {answering} answers instead of "
            f"{method}.",
            file=sys.stderr,
        )
    return answering


def _print_data_notice(model: ModelSpec | None) -> None:
    from sensecf_core.language.remote.allow_list import notice

    text = notice(model) if model is not None else None
    if text:
        print(text, file=sys.stderr)


def warn_if_unmeasured(cohort: Cohort, request: ExplainRequest, model: ModelSpec | None = None) -> None:
    """Warn if the adapter that will answer was measured with another classifier."""
    from sensecf_core.classifiers import store
    from sensecf_core.counterfactuals.proposers.resolve_model import base_sha256
    from sensecf_core.language.models import adapter_choice, adapters

    if (prompt := METHODS[request.method].adapter) is None:
        return
    if (adapter := adapter_choice.chosen(cohort, base_sha256(model), prompt)) is None:
        return
    text = adapters.other_classifier(adapter.card, store.load(cohort).sha256)
    if text:
        print(text, file=sys.stderr)


def _answers(
    cohort: Cohort, requests: Sequence[ExplainRequest], *, by: str | None, show: bool, show_ids: bool
) -> list[Answer]:
    """Answer the requests in turn, with progress on stderr, and store each answer; ``show`` prints them."""
    from sensecf_core.cli import render_answer
    from sensecf_core.counterfactuals.explain import explain as explain_row
    from sensecf_core.records.answers import save

    answers: list[Answer] = []
    total = len(requests)
    if show:
        print_label(cohort.schema)
    with ProgressLine() as line:
        for number, request in enumerate(requests):

            def progress(fraction: float, message: str, number: int = number) -> None:
                line((number + fraction) / total, f"{number + 1} of {total}: {message}")

            answer = explain_row(request, Callbacks(progress))
            answer_id = save(answer, by=by)
            answers.append(answer)
            if show:
                line.clear()
                print(render_answer.as_text(answer, cohort.schema), flush=True)
                if show_ids:
                    print(f"  kept as {answer_id}", flush=True)
    if show:
        print(DISCLAIMER)
    return answers
