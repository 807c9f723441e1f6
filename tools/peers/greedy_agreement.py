"""Compare llama.cpp's greedy answers with the transformers model's: a check that both run the same model."""

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
    """Compare a peer's most likely tokens with the answers.

    ``same_prompts`` counts prompts that both tokenize alike, ``same_answers`` those with the same greedy
    answer; ``before_first_difference`` has the number of equal tokens at the start of each answer.
    ``same_next_token`` counts, out of ``tokens``, where both predict the same token after the same text.
    """
    compared = [(prompt, answer, follow(text, answer)) for text, prompt, answer in answers]
    return {
        "prompts": len(compared),
        "same_prompts": sum(peer["prompt"] == prompt for prompt, _, peer in compared),
        "same_answers": sum(peer["greedy"] == answer for _, answer, peer in compared),
        "before_first_difference": [common_prefix(peer["greedy"], answer) for _, answer, peer in compared],
        "tokens": sum(len(answer) for _, answer, _ in compared),
        "same_next_token": sum(
            a == b for _, answer, peer in compared for a, b in zip(peer["given"], answer, strict=True)
        ),
    }


def in_words(counts: dict[str, Any]) -> str:
    """Format the agreement as one line."""
    return (
        f"{counts['same_answers']} of {counts['prompts']} greedy answers the same; the same next token "
        f"behind the same text {counts['same_next_token']} of {counts['tokens']} times; prompts split the "
        f"same {counts['same_prompts']} of {counts['prompts']}"
    )
