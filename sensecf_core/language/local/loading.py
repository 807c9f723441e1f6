"""Loading a causal language model in any precision: float32, bfloat16, int8, or 4-bit NF4 (QLoRA's).

NF4 (Dettmers et al. 2023, arXiv 2305.14314) uses bitsandbytes, which runs on CUDA and, slowly, on a CPU.
Only the linear layers are 4-bit: embeddings, norms and the vocabulary projection stay in bfloat16 or
float32. Nothing in this module uses the network; torch is imported where it is first used.
"""

from __future__ import annotations

import importlib
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from sensecf_core import collector
from sensecf_core.errors import InputError, NotReadyError, unknown
from sensecf_core.language.local.broken_files import one_sentence
from sensecf_core.language.models import default_model
from sensecf_core.language.models.hardware import LARGE, cpu_computes_bf16
from sensecf_core.provenance import install_command

if TYPE_CHECKING:
    import torch

MEND = "fetch or copy its files again, or ask another model"
"""What to do about a model whose files cannot be used."""
Precision = Literal["auto", "float32", "bf16", "int8", "nf4"]
PRECISIONS: tuple[str, ...] = get_args(Precision)


DECODER = "transformers.models.llama.modeling_llama"
"""The default model's code, which imports most of what any other architecture needs."""


_importing = threading.Lock()


def import_libraries() -> None:
    """Import torch, transformers and :data:`DECODER`, once; all else of a load is short beside it."""
    with _importing:
        if DECODER in sys.modules:
            return
        with collector.paused():
            import torch  # noqa: F401

            default_model.offline_transformers()
            importlib.import_module(DECODER)


def load_weights(folder: Path, precision: Precision = "auto", device: str | None = None) -> tuple[Any, Any]:
    """Load a transformers folder and return (model, tokenizer), the model ready to answer.

    Parameters
    ----------
    folder : ``config.json``, weights (safetensors or ``pytorch_model.bin``) and tokenizer.
    precision : ``auto`` is what the device computes in natively, see :func:`best_dtype`; never rounded. A
        folder saved in 4-bit stays 4-bit whatever the precision (see :func:`precision_of`). ``int8`` is for
        answers on a CPU; the weights come in float32, to be rounded once an adapter is merged into them.
    device : ``cpu``, ``cuda`` or ``cuda:1``; None is the first GPU if there is one, else the CPU.

    Raises
    ------
    InputError
        For an unknown precision, a missing device, int8 on a GPU, a folder without a model, and a model that
        does not fit into the GPU's memory.
    NotReadyError
        For ``nf4`` where bitsandbytes does not work, and for files that are damaged or of no model that
        transformers knows.
    """
    if precision not in PRECISIONS:
        raise unknown("precision", precision, PRECISIONS)
    if not (folder / "config.json").is_file():
        raise InputError(f"The folder {str(folder)!r} holds no language model: it has no config.json.")
    import_libraries()
    transformers = default_model.offline_transformers()
    device = find_device(device)
    if precision == "int8" and device != "cpu":
        raise InputError(f"int8 is for the CPU; on {device} use nf4, or the device cpu.")
    options: dict[str, Any] = {"dtype": _dtype(precision, device)}
    if precision == "nf4":
        options["quantization_config"] = _nf4(transformers, options["dtype"])
    model = _from_folder(transformers, folder, device, options)
    if is_four_bit(model):
        _prevent_repacking(model)
    with one_sentence(f"The tokenizer in {folder}", MEND):
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)
    return model.eval(), tokenizer


def _from_folder(transformers: Any, folder: Path, device: str, options: dict[str, Any]) -> Any:
    """Load weights straight onto the device, so that they never take up both memories."""
    import torch

    try:
        with one_sentence(f"The language model in {folder}", MEND):
            return transformers.AutoModelForCausalLM.from_pretrained(
                folder, local_files_only=True, device_map={"": device}, **options
            )
    except torch.cuda.OutOfMemoryError as error:
        raise InputError(
            f"The model in {str(folder)!r} does not fit into the memory of {device}; "
            "use the precision nf4, or a smaller model."
        ) from error


def find_device(device: str | None) -> str:
    """Return the device to use (None: the first GPU, else the CPU); raise ``InputError`` if it is missing."""
    import torch

    available = ["cpu", *(f"cuda:{index}" for index in range(torch.cuda.device_count()))]
    if device is None:
        return available[1] if len(available) > 1 else "cpu"
    name = "cuda:0" if device == "cuda" else device
    if name not in available:
        raise InputError(
            f"There is no device {device!r} that torch can use here; there is {', '.join(available)}."
        )
    return name


def best_dtype(device: str | None = None) -> torch.dtype:
    """Choose bfloat16 where the device computes in it natively (Ampere, AVX-512 BF16, AMX), else float32."""
    import torch

    if find_device(device) != "cpu":
        native = torch.cuda.is_bf16_supported(including_emulation=False)
        return torch.bfloat16 if native else torch.float32
    return torch.bfloat16 if cpu_computes_bf16() else torch.float32


def _dtype(precision: Precision, device: str) -> torch.dtype:
    import torch

    fixed = {"float32": torch.float32, "int8": torch.float32, "bf16": torch.bfloat16}
    return fixed[precision] if precision in fixed else best_dtype(device)


def _nf4(transformers: Any, compute: torch.dtype) -> Any:
    """QLoRA's settings: NF4, the scales quantised as well; computation in ``compute``."""
    try:
        import bitsandbytes  # noqa: F401
    except Exception as error:  # its native library may fail in many ways
        raise NotReadyError(
            f"4-bit needs the package bitsandbytes, which does not work here ({error}); run "
            f"`{install_command('gpu')}`, or use the precision bf16."
        ) from error
    return transformers.BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=compute,
    )


def _prevent_repacking(model: Any) -> None:
    """Keep bitsandbytes from repacking 4-bit weights at the first forward pass.

    On CPUs with AVX-512 BF16 it repacks them for a kernel without gradients, for good (bitsandbytes 0.50.2,
    ``Linear4bit.forward``). A model that has answered once could then not be trained.
    """
    for layer in model.modules():
        if hasattr(layer, "support_avx512bf16_for_cpu"):
            layer.support_avx512bf16_for_cpu = False


def is_four_bit(model: Any) -> bool:
    """Whether a model's linear layers are 4-bit."""
    return bool(getattr(model, "is_loaded_in_4bit", False))


def precision_of(model: Any) -> str:
    """Name the precision a model answers in, for provenance: nf4, int8, bf16, float32, or another dtype."""
    if is_four_bit(model):
        return "nf4"
    if any(hasattr(layer, "packed_int8") for layer in model.modules()):
        return "int8"
    name = str(model.dtype).removeprefix("torch.")
    return {"bfloat16": "bf16"}.get(name, name)


def is_large(model: Any) -> bool:
    """Whether a model is so large that memory matters more than speed."""
    return parameters_of(model) >= LARGE


def parameters_of(model: Any) -> int:
    """Number of parameters; a byte of 4-bit weights holds two."""
    import torch

    return sum(p.numel() * (2 if p.dtype == torch.uint8 else 1) for p in model.parameters())


def for_training(model: Any) -> Any:
    """Freeze a model and make it recompute activations, so that a LoRA step fits beside a large base.

    A step takes about a third longer, so use it where the model :func:`is_large`. Activations are recomputed
    in training mode only: sampling is as fast as before. Returns the same model.
    """
    model.requires_grad_(False)
    model.activation_checkpointing_enable({"use_reentrant": False})
    return model
