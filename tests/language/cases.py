"""Random schemas and tiny random-weight models for the language tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from sensecf_core.cohorts.feature import Feature
from sensecf_core.cohorts.schema import Schema
from sensecf_core.queries.limits import Movable

BASE: dict[str, Any] = {
    "name": "drawn",
    "title": "Drawn",
    "task": {"target": "t_", "question": "?", "label": "risk", "class_1": "one", "class_0": "zero"},
    "provenance": {"title": "", "source": "", "licence": ""},
}
CHAT_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)

names = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True).filter(lambda name: name != "t_")
levels = st.text(min_size=1, max_size=12).filter(
    lambda text: text == text.strip() and text.isprintable() and "|" not in text
)
level_lists = st.lists(
    levels | st.text("ab;# ", min_size=1).map(str.strip).filter(bool), min_size=2, max_size=5, unique=True
)


@st.composite
def features(draw: st.DrawFn, name: str) -> Feature:
    kind = draw(st.sampled_from(["continuous", "integer", "ordinal", "binary", "categorical"]))
    fields: dict[str, Any] = {"name": name, "label": name, "kind": kind, "role": "behaviour"}
    if kind in ("ordinal", "categorical"):
        return Feature(**fields, levels=tuple(draw(level_lists)))
    fields["unit"] = draw(st.sampled_from(["", "kg/m²", "g/day", "%"]))
    if kind == "binary":
        return Feature(**fields)
    decimals = draw(st.integers(0, 3)) if kind == "continuous" else 0
    return Feature(**fields, decimals=decimals, valid=(-1000, 1000))


@st.composite
def questions(draw: st.DrawFn) -> tuple[Schema, tuple[Movable, ...], int]:
    """Draw a schema, the movable features, and the most changes."""
    drawn = draw(st.lists(names, min_size=1, max_size=6, unique=True))
    schema = Schema.model_validate({**BASE, "features": [draw(features(name)) for name in drawn]})
    chosen = draw(st.lists(st.sampled_from(drawn), min_size=1, unique=True))
    movable = []
    for feature in (feature for feature in schema.features if feature.name in chosen):
        movable.append(Movable(feature=feature.name, values=tuple(sorted(draw(codes(feature))))))
    return schema, tuple(movable), draw(st.integers(1, 7))


def codes(feature: Feature) -> st.SearchStrategy[list[float]]:
    if feature.named:
        values = st.integers(0, len(feature.levels) - 1).map(float)
    elif feature.kind == "binary":
        values = st.sampled_from([0.0, 1.0])
    else:
        scale = 10**feature.decimals
        values = st.integers(-1000 * scale, 1000 * scale).map(lambda n: round(n / scale, feature.decimals))
    return st.lists(values, min_size=1, max_size=12, unique=True)


def save_tiny_model(folder: Path, **changes: Any) -> None:
    """Save a random-weight Llama with a byte-level tokenizer: every byte is a token, without merges."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: number for number, token in enumerate([*special, *alphabet])}
    raw = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=raw, bos_token=special[1], eos_token=special[2], unk_token=special[0]
    )
    tokenizer.chat_template = CHAT_TEMPLATE
    tokenizer.save_pretrained(folder)
    settings = {
        "vocab_size": len(vocabulary),
        "hidden_size": 48,
        "intermediate_size": 96,
        "num_hidden_layers": 2,
        "num_attention_heads": 6,
        "num_key_value_heads": 2,
        "max_position_embeddings": 4096,
        "bos_token_id": 1,
        "eos_token_id": 2,
        "tie_word_embeddings": True,
        "initializer_range": 0.3,
    }
    torch.manual_seed(0)
    LlamaForCausalLM(LlamaConfig(**{**settings, **changes})).save_pretrained(folder)
