"""LoRA adapters in memory (Hu et al. 2021, arXiv 2106.09685), through peft: create, copy, load, merge."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sensecf_core.language.local.loading import is_large


def fresh_adapter(model: Any, *, rank: int, alpha: int, dropout: float, seed: int) -> Any:
    """Wrap a model with a fresh adapter on all linear layers but the vocabulary projection.

    The adapter's weights are float32, whatever the base's are.
    """
    import torch
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(seed)
    config = LoraConfig(
        r=rank,
        lora_alpha=alpha,
        lora_dropout=dropout,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )
    return get_peft_model(model, config, autocast_adapter_dtype=True)


def adapter_weights(peft: Any) -> dict[str, Any]:
    """Copy the adapter's weights (name → tensor on the CPU)."""
    from peft import get_peft_model_state_dict

    return {name: t.detach().cpu().clone() for name, t in get_peft_model_state_dict(peft).items()}


def load_adapter(peft: Any, weights: dict[str, Any]) -> None:
    """Load weights from :func:`adapter_weights` into an adapter."""
    from peft import set_peft_model_state_dict

    set_peft_model_state_dict(peft, weights)


def saved_weights(folder: Path) -> dict[str, Any]:
    """Read the weights of an adapter's folder, in float32."""
    from safetensors.torch import load_file

    return {name: tensor.float() for name, tensor in load_file(folder / "adapter_model.safetensors").items()}


@contextmanager
def merged(peft: Any) -> Iterator[Any]:
    """Merge the adapter into the base model for the time of the context, so that sampling is as fast as in
    the app.

    Afterwards the base weights are restored to the bit. They are held twice meanwhile, so in a large model,
    and in a 4-bit one, the adapter stays beside the base.
    """
    import torch
    from peft.tuners.lora import LoraLayer

    model = peft.get_base_model()
    layers: list[Any] = [module for module in model.modules() if isinstance(module, LoraLayer)]
    weights = [layer.get_base_layer().weight for layer in layers]
    if is_large(model) or not all(weight.is_floating_point() for weight in weights):
        yield model
        return
    originals = [weight.detach().clone() for weight in weights]
    peft.merge_adapter()
    try:
        yield model
    finally:
        peft.unmerge_adapter()
        with torch.no_grad():
            for weight, original in zip(weights, originals, strict=True):
                weight.copy_(original)
