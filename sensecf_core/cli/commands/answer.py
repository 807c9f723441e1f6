"""``answer``: answer one JSON request, as pages and programs do, and store the answer."""

from __future__ import annotations

from typing import Annotated

import typer

from sensecf_core.cli.output import print_json_line, print_progress
from sensecf_core.errors import InputError
from sensecf_core.types import Callbacks


def answer(
    request: Annotated[
        str, typer.Argument(help="The request as JSON: cohort, participant_id, method, limits and so on.")
    ],
) -> None:
    """Answer one request and keep the answer; `explain` is for people.

    Prints JSON lines: how far it is ("fraction", "message"), then the "answer_id".
    """
    from pydantic import ValidationError

    from sensecf_core.counterfactuals.explain import explain
    from sensecf_core.counterfactuals.proposers.registry import answering_method
    from sensecf_core.datasets import registry
    from sensecf_core.queries.request import ExplainRequest
    from sensecf_core.records import answers

    try:
        asked = ExplainRequest.model_validate_json(request)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the request"
        raise InputError(f"The request cannot be read: {where}: {first['msg']}.") from error
    method = answering_method(registry.load(asked.cohort), asked.method, asked.model)
    result = explain(asked.model_copy(update={"method": method}), Callbacks(print_progress))
    print_json_line({"answer_id": answers.save(result)})
