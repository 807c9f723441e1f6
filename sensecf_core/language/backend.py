"""The interface of a language model, wherever it runs: a prompt and a constraint go in, texts come out.

:class:`sensecf_core.language.local.model.LocalModel` runs on this machine,
:class:`sensecf_core.language.remote.model.RemoteModel` on a server. Another kind of model is another class
that meets :class:`Backend`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol, TypeVar

from sensecf_core.cohorts.schema import Schema
from sensecf_core.language.prompts.grammar import EffectScores
from sensecf_core.language.prompts.plain import Prompt
from sensecf_core.queries.limits import Movable

Stopped = Literal["cancelled", "deadline"]
Form = Literal["text", "json"]
"""How answers are asked for: as one line of edits, or as JSON."""
Provenance = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Constraint:
    """What an answer may be: 1 to ``max_changes`` edits of these features to these values.

    ``order`` names features that come first in an answer, the others follow in schema order. With
    ``scores`` only values that have one are offered, each followed by it and the sum so far
    (:mod:`sensecf_core.language.prompts.sums_grammar`), with a ``gap`` by what it brings and what is then
    left of it (:mod:`sensecf_core.language.prompts.grammar`). ``names_first`` lets it begin with names alone.
    """

    schema: Schema
    movable: tuple[Movable, ...]
    max_changes: int
    order: tuple[str, ...] = ()
    scores: EffectScores | None = None
    gap: int | None = None
    names_first: bool = False


@dataclass(frozen=True)
class Samples:
    """Texts sampled for one prompt, in row order.

    ``tokens`` counts each text's tokens, the one that ends it not included. ``complete`` is False for
    a text cut short by a stop or by the most tokens allowed; after a stop, rows not begun are left out.
    ``prompt`` is the prompt as it was sent, for people to read; ``form`` how answers were asked for.
    Seconds are wall time; ``prefill_seconds`` (reading the prompt) is None where it is not known.
    """

    texts: tuple[str, ...]
    tokens: tuple[int, ...]
    complete: tuple[bool, ...]
    prompt: str
    form: Form
    prompt_tokens: int
    prefill_seconds: float | None
    decode_seconds: float
    stopped: Stopped | None

    @property
    def as_they_came(self) -> tuple[str, ...]:
        """What each text was read out of: the text itself, where nothing stood around it."""
        return self.texts


AnySamples = TypeVar("AnySamples", bound=Samples)


class Backend(Protocol[AnySamples]):
    """A language model that can be asked."""

    @property
    def status_texts(self) -> tuple[str, str]:
        """What users are shown until the first answer arrives, and while answers arrive."""
        ...

    @property
    def seed_per_query(self) -> bool:
        """Whether a seed must differ from query to query, so that people do not share random numbers."""
        ...

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
    ) -> AnySamples:
        """Sample ``n`` answers.

        Parameters
        ----------
        constraint : what every answer must be, enforced as well as the model can; without it an answer is
            free text of one line.
        temperature : 0 takes the likeliest token.
        seed : the same seed gives the same texts, as far as the model can promise it.
        max_new_tokens : most tokens of an answer; None is what the constraint needs.
        cancelled : called often; sampling stops when it returns True.
        deadline : seconds from now after which sampling stops.
        progress : called with (amount done, amount in all).
        """
        ...

    def provenance(self, samples: AnySamples) -> Provenance:
        """Which model gave these samples and how, as (name, value) pairs."""
        ...


def stop_reason(cancelled: Callable[[], bool] | None, deadline: float | None) -> Callable[[], Stopped | None]:
    """Build the check that says why sampling has to stop now; ``deadline`` is in seconds from now."""
    until = None if deadline is None else time.monotonic() + deadline

    def reason() -> Stopped | None:
        if cancelled is not None and cancelled():
            return "cancelled"
        return "deadline" if until is not None and time.monotonic() >= until else None

    return reason


def first_line(text: str) -> str:
    """Cut a text at the first line break behind its first word."""
    return text.lstrip().partition("\n")[0]
