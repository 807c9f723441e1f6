"""LoRA fine-tuning of a causal language model on (prompt, answers) texts (heavy: imports torch and peft).

A short training loop of its own, since no trainer of transformers or trl can read a prompt once for all of
its answers. Here each answer is a branch behind the prompt (a tree-shaped attention mask, positions counted
within the branch). The loss is the same as for separate (prompt, answer) sequences, for about a third of the
tokens. The vocabulary projection is applied at answer positions only. Base weights stay in the precision they
were loaded in; the adapter is trained in float32.
"""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from sensecf_core.language.local.attention_masks import trained_attention
from sensecf_core.language.local.lora import adapter_weights, fresh_adapter, load_adapter, merged
from sensecf_core.language.training.batches import Batches, TrainingExample
from sensecf_core.language.training.config import FineTuned, Point, Settings, State, TrainingProgress
from sensecf_core.language.training.losses import Likelihood, Objective, Preference

CHECKPOINT = "checkpoint.pt"


class Training:
    """One training; ``run`` may be called once.

    ``model`` is a base model, or the result of :func:`fresh_adapter`, whose adapter is then trained further.
    """

    def __init__(
        self, model: Any, tokenizer: Any, examples: Sequence[TrainingExample], settings: Settings, out: Path
    ) -> None:
        import torch

        self.settings, self.out = settings, out
        self.state = State()
        self.peft = model if hasattr(model, "peft_config") else adapter_for(model, settings)
        self.batches = Batches(
            tokenizer,
            examples,
            batch_tokens=settings.batch_tokens,
            micro_tokens=settings.micro_tokens,
            seed=settings.seed,
        )
        self.objective: Objective = Likelihood()
        if settings.preference:
            self.objective = Preference.against(self.peft.get_base_model(), self.batches)
        weights = [p for p in self.peft.parameters() if p.requires_grad]
        self.optimizer = torch.optim.AdamW(
            weights, lr=settings.learning_rate, weight_decay=settings.weight_decay
        )
        self.best: dict[str, Any] | None = None

    def resume(self) -> bool:
        """Resume from the checkpoint in ``out``; False if there is none with the same :meth:`key`."""
        import torch

        path = self.out / CHECKPOINT
        if not path.is_file():
            return False
        checkpoint = torch.load(path, weights_only=True)
        if checkpoint["key"] != self.key():
            return False
        load_adapter(self.peft, checkpoint["adapter"])
        self.optimizer.load_state_dict(checkpoint["optimizer"])
        state = json.loads(checkpoint["state"])
        self.state = State(**{**state, "curve": [Point(**point) for point in state["curve"]]})
        self.best = checkpoint["best"]
        return True

    def key(self) -> str:
        """What must be equal to resume from a checkpoint: examples, seed, and all settings but the budget."""
        budget = dict.fromkeys(("minutes", "tokens", "max_steps"))
        fixed = replace(self.settings, **budget, validations=0, patience=0)  # type: ignore[arg-type]
        return json.dumps([fixed.told(), self.batches.digest])

    def save(self) -> None:
        """Write the checkpoint; it appears complete or not at all."""
        import torch

        self.out.mkdir(parents=True, exist_ok=True)
        part = self.out / f"{CHECKPOINT}.{os.getpid()}"
        checkpoint = {
            "key": self.key(),
            "adapter": adapter_weights(self.peft),
            "optimizer": self.optimizer.state_dict(),
            "state": json.dumps(asdict(self.state)),
            "best": self.best,
        }
        torch.save(checkpoint, part)
        part.replace(self.out / CHECKPOINT)

    def run(
        self,
        progress: Callable[[TrainingProgress], None] | None = None,
        cancelled: Callable[[], bool] = lambda: False,
        validate: Callable[[Any], Mapping[str, float] | None] | None = None,
    ) -> FineTuned:
        """Train to the end of the budget with validations in between; keep the best validated adapter.

        ``validate`` returns rates, of which ``valid`` decides, or None if it was cancelled; then nothing is
        recorded.
        """
        ended, saved, clock = "", time.monotonic(), time.perf_counter()
        losses: list[float] = []
        speed = _Speed()
        while not ended:
            share = self.share_done()
            due = int(share * self.settings.validations) > self.state.validated
            if share >= 1 or due:
                self._record_point(losses, validate)
                losses, clock = [], time.perf_counter()
                speed = _Speed()
            ended = self._ended(share, cancelled())
            if ended:
                break
            loss, tokens = self._step(self.learning_rate(share))
            now = time.perf_counter()
            self.state.seconds += now - clock
            speed.add(tokens, now - clock)
            clock = now
            losses.append(loss)
            if progress:
                progress(self._progress(loss, speed.rate))
            if time.monotonic() - saved > 60 * self.settings.checkpoint_minutes:
                self.save()
                saved, clock = time.monotonic(), time.perf_counter()
        self.save()
        if self.best is not None:
            load_adapter(self.peft, self.best)
        state = self.state
        return FineTuned(
            curve=tuple(state.curve),
            tokens=state.tokens,
            plain_tokens=state.plain_tokens,
            steps=state.step,
            seconds=state.seconds,
            best_score=state.best_score,
            ended=ended,
        )

    def share_done(self) -> float:
        """Share of the budget that is used, 0 to 1."""
        s, state = self.settings, self.state
        used = [
            state.tokens / s.tokens if s.tokens else 0.0,
            state.seconds / (60 * s.minutes) if s.minutes else 0.0,
            state.step / s.max_steps if s.max_steps else 0.0,
        ]
        return min(1.0, max(used))

    def trees_read(self) -> int:
        """How many trees the steps so far have read, one that was read twice counting once."""
        return self.batches.trees_of(self.state.step)

    def learning_rate(self, share: float) -> float:
        """Linear warm-up, then a cosine to its last share."""
        s = self.settings
        if share < s.warm_up:
            return s.learning_rate * max(share / s.warm_up, 0.1)
        fall = (share - s.warm_up) / (1 - s.warm_up)
        last = s.last_share
        return s.learning_rate * (last + (1 - last) * 0.5 * (1 + math.cos(math.pi * fall)))

    def _ended(self, share: float, cancelled: bool) -> str:
        if cancelled:
            return "cancelled"
        if share >= 1:
            return "budget"
        return "no better validation" if self.state.stale >= self.settings.patience else ""

    def _progress(self, loss: float, rate: float) -> TrainingProgress:
        share = self.share_done()
        left = self.state.seconds * (1 - share) / max(share, 1e-9)
        return TrainingProgress(share, loss, rate, left, self.state.step)

    def _record_point(
        self, losses: list[float], validate: Callable[[Any], Mapping[str, float] | None] | None
    ) -> None:
        """Validate the current adapter and add a point to the learning curve.

        A training that was already complete when it was resumed has its last point.
        """
        state = self.state
        if state.curve and state.curve[-1].step == state.step:
            return
        rates: Mapping[str, float] = {}
        if validate is not None:
            self.peft.eval()
            with merged(self.peft) as model:
                found = validate(model)
            if found is None:
                return
            rates = found
        score = rates.get("valid")
        state.validated = int(self.share_done() * self.settings.validations)
        loss = sum(losses) / len(losses) if losses else None
        state.curve.append(Point(state.step, state.tokens, round(state.seconds, 1), loss, score, dict(rates)))
        if score is not None:
            better = state.best_score is None or score > state.best_score
            state.stale = 0 if better else state.stale + 1
            if better or score == state.best_score:
                state.best_score, self.best = score, adapter_weights(self.peft)

    def _step(self, learning_rate: float) -> tuple[float, int]:
        import torch

        self.peft.train()
        parts = self.batches.at(self.state.step)
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate
        total, weight = 0.0, sum(self.objective.weight(part) for part in parts)
        model = self.peft.get_base_model()
        for part in parts:
            with trained_attention(model, part.tokens.shape[1]):
                loss = self.objective(model, part) / weight
                loss.backward()
            total += float(loss.detach())
        tokens = sum(part.n_tokens for part in parts)
        torch.nn.utils.clip_grad_norm_(self.optimizer.param_groups[0]["params"], self.settings.clip)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.state.step += 1
        self.state.tokens += tokens
        self.state.plain_tokens += sum(part.n_plain_tokens for part in parts)
        return total, tokens


class _Speed:
    """Tokens per second, later steps counting more."""

    def __init__(self) -> None:
        self.tokens = self.seconds = 0.0

    def add(self, tokens: int, seconds: float) -> None:
        self.tokens, self.seconds = 0.9 * self.tokens + tokens, 0.9 * self.seconds + seconds

    @property
    def rate(self) -> float:
        return self.tokens / max(self.seconds, 1e-9)


def adapter_for(model: Any, settings: Settings) -> Any:
    """Wrap a model with a fresh adapter for these settings."""
    return fresh_adapter(
        model, rank=settings.rank, alpha=settings.alpha, dropout=settings.dropout, seed=settings.seed
    )
