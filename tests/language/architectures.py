"""Small random-weight models of the two larger architectures, and a tokenizer like BioMistral's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.language.cases import save_tiny_model

SIZES: dict[str, Any] = {
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 4096,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "initializer_range": 0.2,
}
WORDS = ("bmi", "sugar", "smoking", "active", "diet", "waist", "former", "Answer", "Profile")


def save(folder: Path, architecture: str, **changes: Any) -> None:
    """Save a model of ``architecture`` with the byte tokenizer of the other tests, which has a template."""
    save_tiny_model(folder)
    save_weights(folder, architecture, **{"vocab_size": 259, **changes})


def save_weights(folder: Path, architecture: str, **changes: Any) -> None:
    import torch
    import transformers

    model_class = getattr(transformers, architecture)
    torch.manual_seed(0)
    model_class(model_class.config_class(**{**SIZES, **changes})).save_pretrained(folder)


def save_like_biomistral(folder: Path, **changes: Any) -> None:
    """Save a Mistral with a SentencePiece-style tokenizer (▁ for spaces, bytes as fallback), no template.

    Its weights are a ``pytorch_model.bin``, as BioMistral's are.
    """
    import torch
    import transformers
    from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, processors

    merges: list[tuple[str, str]] = []
    characters = sorted({*"▁abcdefghijklmnopqrstuvwxyzAPNRC0123456789=.,:|/²→\n", *"".join(WORDS)} - {"\n"})
    pieces = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), *characters]
    for word in WORDS:
        for start in ("▁", ""):
            piece = start or word[0]
            for character in word if start else word[1:]:
                if (piece, character) not in merges:
                    merges.append((piece, character))
                piece += character
                if piece not in pieces:
                    pieces.append(piece)
    vocabulary = {piece: number for number, piece in enumerate(pieces)}
    raw = Tokenizer(models.BPE(vocab=vocabulary, merges=merges, unk_token="<unk>", byte_fallback=True))
    raw.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    raw.decoder = decoders.Sequence(
        [
            decoders.Replace("▁", " "),
            decoders.ByteFallback(),
            decoders.Fuse(),
            decoders.Strip(" ", 1, 0),
        ]
    )
    raw.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    raw.add_special_tokens([AddedToken(token, special=True) for token in ("<unk>", "<s>", "</s>")])
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=raw, bos_token="<s>", eos_token="</s>", unk_token="<unk>"
    )
    tokenizer.save_pretrained(folder)
    save_weights(folder, "MistralForCausalLM", vocab_size=len(pieces), **changes)
    safe = folder / "model.safetensors"
    from safetensors.torch import load_file

    torch.save(load_file(safe), folder / "pytorch_model.bin")
    safe.unlink()
