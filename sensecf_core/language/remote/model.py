"""A language model on an OpenAI-compatible server: the same samples as from a model on this machine."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from sensecf_core.language.backend import Samples, Stopped
from sensecf_core.language.models.registry import ModelSpec
from sensecf_core.language.prompts.plain import Prompt
from sensecf_core.language.remote import allow_list

if TYPE_CHECKING:
    from sensecf_core.language.remote.requests import RemoteRequest

LOOK_SECONDS = 0.05
"""How often a cancel is looked for, also while a server is thinking."""


@dataclass(frozen=True)
class RemoteSamples(Samples):
    """Samples of a server, and what they cost.

    ``tokens_sent`` and ``tokens_received`` are the server's own counts over all requests answered.
    ``form`` is how answers were asked for; ``served`` the model that the server says it used;
    ``prompt_sent`` the prompt as it was asked.
    """

    requests: int
    tokens_sent: int
    tokens_received: int
    served: str
    form: Literal["json", "text"]
    prompt_sent: Prompt


@dataclass(frozen=True)
class RemoteModel:
    """A model of the registry (``kind`` endpoint) at a host that was allowed for one cohort."""

    spec: ModelSpec
    host: allow_list.Host

    @property
    def can_json(self) -> bool:
        """Whether the registry says that the server takes a JSON schema."""
        return self.spec.answers == "json" and self.spec.prompt != "plain"

    def sample(
        self,
        prompt: Prompt,
        *,
        n: int,
        json_schema: dict[str, Any] | None = None,
        temperature: float = 1.0,
        seed: int = 0,
        max_new_tokens: int = 256,
        cancelled: Callable[[], bool] | None = None,
        deadline: float | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> RemoteSamples:
        """Ask for ``n`` answers, several at once.

        Parameters
        ----------
        json_schema : what an answer must be (:mod:`sensecf_core.language.prompts.json_form`); edits come back
            as the answer's one line. Left out, and the prompt asking for that line instead, where the
            registry or the server says that it cannot. Nothing that comes back is taken on trust.
        seed : sent along, another one for each request; servers promise at most to try.
        cancelled : looked at every 50 ms, also while a request is under way, which is then given up.
        deadline : seconds from now after which what has arrived is returned.
        progress : told (answers so far, ``n``).

        A server counts tokens by request: answers of one request share its count by their length.

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
        asking = requests.RemoteRequest(
            spec=self.spec,
            who=f"The server of {self.spec.name} ({self.host.name})",
            prompt=prompt,
            json_schema=json_schema if self.can_json else None,
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
                await asking.all(http)

        begun = time.perf_counter()
        stopped = _run(_watched(work(), _watch_for(cancelled, deadline)))
        return _samples(asking, stopped, time.perf_counter() - begun)

    def provenance(self, samples: RemoteSamples) -> tuple[tuple[str, str], ...]:
        """Where an answer came from and what it cost. No key, and no hash: nobody here knows the weights."""
        return (
            ("model", self.spec.name),
            ("host", self.host.name),
            ("leaves_machine", "yes" if self.host.leaves_machine else "no"),
            ("served_model", samples.served),
            ("answer_form", samples.form),
            ("requests", str(samples.requests)),
            ("tokens_sent", str(samples.tokens_sent)),
            ("tokens_received", str(samples.tokens_received)),
        )


def _samples(asking: RemoteRequest, stopped: Stopped | None, seconds: float) -> RemoteSamples:
    """What has arrived, in row order."""
    kept = [asking.replies[row] for row in sorted(asking.replies)]
    return RemoteSamples(
        texts=tuple(reply.text for reply in kept),
        tokens=tuple(reply.tokens for reply in kept),
        complete=tuple(reply.complete for reply in kept),
        prompt_tokens=asking.prompt_tokens,
        prefill_seconds=0.0,
        decode_seconds=seconds,
        stopped=stopped,
        requests=asking.requests,
        tokens_sent=asking.sent,
        tokens_received=asking.received,
        served=asking.served,
        form=asking.form,
        prompt_sent=asking.asked,
    )


def _watch_for(cancelled: Callable[[], bool] | None, deadline: float | None) -> Callable[[], Stopped | None]:
    until = None if deadline is None else time.monotonic() + deadline

    def watch() -> Stopped | None:
        if cancelled is not None and cancelled():
            return "cancelled"
        return "deadline" if until is not None and time.monotonic() >= until else None

    return watch


async def _watched(work: Coroutine[Any, Any, None], watch: Callable[[], Stopped | None]) -> Stopped | None:
    """Run ``work`` until it is done or ``watch`` says stop, whatever it is waiting for."""
    task = asyncio.ensure_future(work)
    while not task.done():
        if why := watch():
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            return why
        await asyncio.wait({task}, timeout=LOOK_SECONDS)
    task.result()
    return None


def _run(work: Coroutine[Any, Any, Stopped | None]) -> Stopped | None:
    """Run to the end from plain code, also inside a notebook, whose own loop is running."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()
