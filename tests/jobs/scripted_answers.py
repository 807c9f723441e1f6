"""Questions, and ways to answer them without a model."""

from __future__ import annotations

import threading
import time

from sensecf_core.queries.answer import Answer
from sensecf_core.queries.request import ExplainRequest
from sensecf_core.types import Callbacks
from tests.records.made_answers import make_answer


def ask(participant: str = "p0001") -> ExplainRequest:
    return ExplainRequest(cohort="small", participant_id=participant, seed=7, ranges={"bmi": (24.0, 30.0)})


def answer_at_once(request: ExplainRequest, _: Callbacks) -> Answer:
    return make_answer(f"answer-{request.participant_id}", participant_id=request.participant_id)


class HeldAnswer:
    """Answers when it is released or cancelled, and remembers the requests."""

    def __init__(self) -> None:
        self.let_go = threading.Event()
        self.requests: list[ExplainRequest] = []
        self.begun = threading.Event()

    def __call__(self, request: ExplainRequest, callbacks: Callbacks) -> Answer:
        self.requests.append(request)
        callbacks.progress(0.4, "Proposing")
        self.begun.set()
        while not self.let_go.is_set() and not callbacks.cancelled():
            time.sleep(0.01)
        status = "cancelled" if callbacks.cancelled() else "found"
        return make_answer(f"answer-{request.participant_id}", status=status)
