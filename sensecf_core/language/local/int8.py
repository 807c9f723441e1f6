"""8-bit weights for answering on a CPU that does not compute in bfloat16, with torch's quantised kernels.

Weights are rounded once, one scale an output; activations at each call, one scale for all
(``quantized::linear_dynamic``, fbgemm). A block's last layer (``down_proj``) and the vocabulary projection
keep their weights: the inputs of the former have outliers that one scale for all would drown (Dettmers et
al. 2022, arXiv 2208.07339). docs/language-models.md says what is lost and gained.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from sensecf_core.language.local.loading import is_four_bit, is_large

KEPT = ("down_proj",)
"""Layers that are not rounded, by the end of their name."""


class Int8Linear(nn.Module):
    """A linear layer with 8-bit weights; inputs and outputs are float32. It cannot be trained."""

    def __init__(self, layer: nn.Linear) -> None:
        super().__init__()
        weight = layer.weight.detach().float()
        scales = (weight.abs().amax(dim=1) / 127).clamp_min(torch.finfo(torch.float32).tiny).double()
        zeros = torch.zeros(len(scales), dtype=torch.long)
        rounded = torch.quantize_per_channel(weight, scales, zeros, 0, torch.qint8)
        bias = None if layer.bias is None else layer.bias.detach().float()
        self.packed_int8 = torch.ops.quantized.linear_prepack(rounded, bias)

    def forward(self, inputs: Tensor) -> Tensor:
        """Multiply, in float32 out; seven bits of the inputs count, so that no sum overflows (AVX2)."""
        result: Tensor = torch.ops.quantized.linear_dynamic(inputs, self.packed_int8, True)
        return result


def pays(model: Any) -> bool:
    """Whether a model that loaded as ``auto`` answers faster in 8 bits: float32 on a CPU, and not large.

    ``auto`` is float32 where the CPU does not compute in bfloat16. The kernels of ARM were not measured.
    """
    possible = "fbgemm" in torch.backends.quantized.supported_engines
    small = model.dtype == torch.float32 and not is_large(model) and not is_four_bit(model)
    return possible and small and model.device.type == "cpu"


def quantise(model: Any) -> Any:
    """Replace the linear layers of a float32 model's decoder in place, and return the model."""
    decoder = model.get_decoder()
    for name, layer in list(decoder.named_modules()):
        if type(layer) is nn.Linear and not name.endswith(KEPT):
            parent, _, own = name.rpartition(".")
            setattr(decoder.get_submodule(parent), own, Int8Linear(layer))
    return model
