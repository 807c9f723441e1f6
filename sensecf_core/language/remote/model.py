"""A language model on an OpenAI-compatible server."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sensecf_core.language.backend import Constraint, Provenance, Samples, Stopped, stop_reason
from sensecf_core.language.models.registry import ModelSpec
from sensecf_core.language.prompts.json_form import answer_schema
from sensecf_core.language.prompts.plain import Prompt
from sensecf_core.language.remote import allow_list

if TYPE_CHECKING:
    from sensecf_core.language.remote.requests import RemoteRequest

POLL_SECONDS = 0.05
"""How often a cancel is checked for, also while a server computes."""
FREE_TEXT_TOKENS = 64
"""Most tokens of an answer of one line; JSON takes more."""
JSON_EDIT_TOKENS = 48


@dataclass(frozen=True)
class RemoteSamples(Samples):
    """Samples of a server, and what they cost.

    ``tokens_sent`` and ``tokens_received`` are the server's own counts over all requests answered.
    ``served_model`` is the model that the server says it used; ``left_out`` are fields of the request that
    it would not take. ``wholes`` are the answers as they came, of which ``texts`` are the edits.
    """

    requests: int
    tokens_sent: int
    tokens_received: int
    served_model: str
    left_out: tuple[str, ...] = ()
    wholes: tuple[str, ...] = ()

    @property
    def as_they_came(self) -> tuple[str, ...]:
        """The whole answers, with reasoning and introductions."""
        return self.wholes


@dataclass(frozen=True)
class RemoteModel:
    """A model on a server that may see one cohort: a :class:`sensecf_core.language.backend.Backend`."""

    spec: ModelSpec
    host: allow_list.Host

    @property
    def status_texts(self) -> tuple[str, str]:
        """What users are shown until the first answer arrives, and while answers arrive."""
        return f"Asking {self.host.name}", f"{self.host.name} writes its candidates"

    @property
    def seed_per_query(self) -> bool:
        """Not needed: a server draws anew for each prompt, and promises little about seeds."""
        return False

    @property
    def can_json(self) -> bool:
        """Whether the registry says that the server takes a JSON schema."""
        return self.spec.answers == "json" and self.spec.prompt != "plain"

    def sample(
        self,
        prompt: Prompt,
        *,
        n: int,
        constraint: Constraint | None = None,
        temperature: float = 1.0,
        seed: int = 0,
        max_new_tokens: int | None = None,
        cancelled: Callable[[], bool] | None = None,
        deadline: float | None = None,
        progress: Callable[[int, int], None] | None = None,
        json_schema: dict[str, Any] | None = None,
    ) -> RemoteSamples:
        """Sample ``n`` answers, several at once; see :meth:`sensecf_core.language.backend.Backend.sample`.

        A constraint is sent as a JSON schema (:mod:`sensecf_core.language.prompts.json_form`), and JSON
        answers come back as lines of edits. Where the registry or the server says that it takes no schema,
        the prompt asks for such a line instead. Answers are not checked here.

        ``json_schema`` is of an answer that holds no edits, instead of a constraint.

        ``seed`` is sent along, a different one with each request. ``cancelled`` is checked every 50 ms, also
        during a request, which is then dropped. A server counts tokens per request; the answers of one
        request share its count in proportion to their length.

        Raises
        ------
        NotReadyError
            If the key is missing or refused, or the server cannot be made to answer.
        ValueError
            If the prompt carries examples, which are other participants' rows.
        """
        if prompt.turns:
            raise ValueError("a server is sent zero-shot prompts only: examples are other participants' rows")
        from sensecf_core.language.remote import http as remote_http, requests

        key = allow_list.key_of(self.spec)
        if not self.can_json:
            json_schema = None
        elif constraint is not None:
            json_schema = _json_schema(constraint)
        if max_new_tokens is None:
            max_new_tokens = FREE_TEXT_TOKENS
            if json_schema is not None and constraint is not None:
                max_new_tokens += JSON_EDIT_TOKENS * constraint.max_changes
        request = requests.RemoteRequest(
            spec=self.spec,
            server=f"The server of {self.spec.name} ({self.host.name})",
            prompt=prompt,
            json_schema=json_schema,
            options={
                "temperature": temperature,
                "top_p": 1.0,
                "max_completion_tokens": max_new_tokens,
            },
            seed=seed,
            n=n,
            progress=progress,
        )

        async def work() -> None:
            async with remote_http.client(key, loopback=not self.host.leaves_machine) as http:
                await request.complete(http)

        started = time.perf_counter()
        stopped = _run(_watched(work(), stop_reason(cancelled, deadline)))
        return _samples(request, stopped, time.perf_counter() - started)

    def provenance(self, samples: RemoteSamples) -> Provenance:
        """Where the samples came from and what they cost. No key; no hash, since the weights are unknown."""
        return (
            ("model", self.spec.name),
            ("host", self.host.name),
            ("leaves_machine", "yes" if self.host.leaves_machine else "no"),
            ("served_model", samples.served_model),
            ("answer_form", samples.form),
            ("left_out", ", ".join(samples.left_out) or "nothing"),
            ("requests", str(samples.requests)),
            ("tokens_sent", str(samples.tokens_sent)),
            ("tokens_received", str(samples.tokens_received)),
        )


def _json_schema(constraint: Constraint) -> dict[str, Any]:
    return answer_schema(constraint.schema, constraint.movable, constraint.max_changes)


def _samples(request: RemoteRequest, stopped: Stopped | None, seconds: float) -> RemoteSamples:
    """What has arrived, in row order."""
    replies = [request.replies[row] for row in sorted(request.replies)]
    return RemoteSamples(
        texts=tuple(reply.text for reply in replies),
        tokens=tuple(reply.tokens for reply in replies),
        complete=tuple(reply.complete for reply in replies),
        prompt=request.sent_prompt.text,
        form=request.form,
        prompt_tokens=request.prompt_tokens,
        prefill_seconds=None,
        decode_seconds=seconds,
        stopped=stopped,
        requests=request.requests,
        tokens_sent=request.tokens_sent,
        tokens_received=request.tokens_received,
        served_model=request.served_model,
        left_out=tuple(sorted(request.refused)),
        wholes=tuple(reply.whole for reply in replies),
    )


async def _watched(work: Coroutine[Any, Any, None], reason: Callable[[], Stopped | None]) -> Stopped | None:
    """Run ``work`` until it is done or there is a reason to stop, whatever it is waiting for."""
    task = asyncio.ensure_future(work)
    while not task.done():
        if stopped := reason():
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            return stopped
        await asyncio.wait({task}, timeout=POLL_SECONDS)
    task.result()
    return None


def _run(work: Coroutine[Any, Any, Stopped | None]) -> Stopped | None:
    """Run to the end from synchronous code, also in a notebook, whose own event loop is running."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()
