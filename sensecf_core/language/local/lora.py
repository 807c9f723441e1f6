"""LoRA adapters in memory (Hu et al. 2021, arXiv 2106.09685), through peft: create, copy, load, merge."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sensecf_core.language.local.broken_files import one_sentence
from sensecf_core.language.local.loading import is_four_bit, is_large
from sensecf_core.language.models import adapters


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


def for_answers(peft: Any) -> Any:
    """Return the plain model that answers with a LoRA adapter; ``peft`` is a ``PeftModel``.

    The adapter is merged into a float32 or bf16 base. Beside a 4-bit base its layers stay separate, since
    rounding to sixteen values would lose it.
    """
    base = peft.get_base_model()
    return base.eval() if is_four_bit(base) else peft.merge_and_unload().eval()


def with_adapter(model: Any, folder: Path) -> Any:
    """Apply the LoRA adapter in ``folder`` to a loaded model and return the model that answers with it.

    A plain adapter is added to the weights here, with the numbers of peft's ``merge_and_unload``: importing
    peft takes about as long as loading the default model. Every other kind is left to peft. Raises
    ``NotReadyError`` for files that are damaged, are not those of its card, or are of another model.
    """
    with one_sentence(f"The adapter in {folder}", adapters.MEND):
        config = adapters.checked_config(folder)
        if _is_plain(config) and not is_four_bit(model) and _add(model, folder, config):
            return model.eval()
        return for_answers(_by_peft(model, folder))


def _by_peft(model: Any, folder: Path) -> Any:
    """Apply an adapter of any kind; raises ``ValueError`` for weights of other layers, which peft skips."""
    from peft import PeftModel

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it only warns of them
        peft = PeftModel.from_pretrained(model, str(folder))
    if other := saved_weights(folder).keys() ^ adapter_weights(peft).keys():
        raise ValueError(f"its weights are not those of this model's layers, such as {min(other)}")
    return peft


PLAIN = frozenset(
    {"peft_type", "task_type", "base_model_name_or_path", "peft_version", "inference_mode", "target_modules"}
    | {"r", "lora_alpha", "lora_dropout", "init_lora_weights", "bias", "megatron_core", "qalora_group_size"}
)
"""Settings of peft that a plain adapter may have; any other that is set changes what is added."""


def _is_plain(config: Mapping[str, Any]) -> bool:
    """Whether an adapter is two matrices a layer, scaled by alpha / r, and nothing else."""
    more = [name for name, value in config.items() if value and name not in PLAIN]
    return config.get("peft_type") == "LORA" and config.get("bias") == "none" and not more


def _add(model: Any, folder: Path, config: Mapping[str, Any]) -> bool:
    """Add scale · B · A to each layer's weight; False, with nothing added, where a layer is not linear."""
    import torch

    weights = saved_weights(folder)
    first, second = ".lora_A.weight", ".lora_B.weight"
    names = [name.removesuffix(first) for name in weights if name.endswith(first)]
    modules = dict(model.named_modules())
    layers = [modules.get(name.removeprefix("base_model.model.")) for name in names]
    if 2 * len(names) != len(weights) or not all(type(layer) is torch.nn.Linear for layer in layers):
        return False
    scale = config["lora_alpha"] / config["r"]
    for name in names:
        if (rank := len(weights[name + first])) != config["r"]:
            raise ValueError(f"its weights have rank {rank}, its adapter_config.json says {config['r']}")
    if not all(torch.isfinite(matrix).all() for matrix in weights.values()):
        raise ValueError("its weights hold values that are no numbers")
    with torch.no_grad():
        for name, layer in zip(names, layers, strict=True):
            weight = layer.weight  # type: ignore[union-attr]
            a, b = (weights[name + part].to(weight.device) for part in (first, second))
            weight += (b @ a) * scale
    return True
