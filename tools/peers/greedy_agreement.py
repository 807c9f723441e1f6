"""Whether llama.cpp goes on as the transformers model does: the check that both run the same model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sensecf_core.language.local.model import LocalModel, common_prefix
from sensecf_core.language.prompts.plain import Prompt, chat_text

TOKENS = 32
SYSTEM = "You are a helpful assistant."
QUESTIONS = (
    "Name three things that lower blood pressure.",
    "What is the capital of France, and which river runs through it?",
    "Write one sentence about walking 30 minutes a day.",
    "bmi=31.2; sugar=120; smoking=current. Which of these would you change first, and why?",
)

Follow = Callable[[str, list[int]], dict[str, list[int]]]


def answers_of(model: LocalModel) -> list[tuple[str, list[int], list[int]]]:
    """The transformers model's greedy answers: rendered prompt, its tokens, the answer's tokens."""
    texts = [chat_text(model.tokenizer, Prompt(SYSTEM, question)) for question in QUESTIONS]
    return [(text, *_greedy(model, text)) for text in texts]


def _greedy(model: LocalModel, text: str) -> tuple[list[int], list[int]]:
    import torch

    prompt = model.prompt_tokens(text)
    inputs = torch.tensor([prompt])
    written = model.model.generate(
        inputs, attention_mask=torch.ones_like(inputs), do_sample=False, max_new_tokens=TOKENS
    )
    return prompt, written[0, len(prompt) :].tolist()


def agreement(follow: Follow, answers: list[tuple[str, list[int], list[int]]]) -> dict[str, Any]:
    """Compare a peer's likeliest tokens with the answers.

    ``same_prompts`` counts prompts that both split into the same tokens, ``same_answers`` those with the
    same greedy answer, ``before_first_difference`` the tokens that were the same from the start on.
    ``same_next_token`` counts, over ``tokens``, where both name the same token behind the same text.
    """
    found = [(prompt, answer, follow(text, answer)) for text, prompt, answer in answers]
    return {
        "prompts": len(found),
        "same_prompts": sum(peer["prompt"] == prompt for prompt, _, peer in found),
        "same_answers": sum(peer["greedy"] == answer for _, answer, peer in found),
        "before_first_difference": [common_prefix(peer["greedy"], answer) for _, answer, peer in found],
        "tokens": sum(len(answer) for _, answer, _ in found),
        "same_next_token": sum(
            a == b for _, answer, peer in found for a, b in zip(peer["given"], answer, strict=True)
        ),
    }


def in_words(found: dict[str, Any]) -> str:
    """One line for people."""
    return (
        f"{found['same_answers']} of {found['prompts']} greedy answers the same; the same next token "
        f"behind the same text {found['same_next_token']} of {found['tokens']} times; prompts split the "
        f"same {found['same_prompts']} of {found['prompts']}"
    )
