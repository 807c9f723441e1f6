"""Rewrite a GGUF file with its quantised tensors as bfloat16; everything else stays as it is.

The default model is stored as the dequantised Q4_1 file in bfloat16, so a file written here from the same
Q4_1 file has exactly the weights that SenseCF uses.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

NOT_QUANTISED = ("F32", "F16", "BF16")
"""Tensor types that are copied as they are (norms are F32)."""
WRITTEN_ALREADY = ("general.architecture", "general.file_type")


def write_bf16(source: Path, target: Path) -> None:
    """Write ``target`` from ``source``: the same metadata and tensor names, quantised tensors as bfloat16."""
    import gguf

    reader = gguf.GGUFReader(source)
    architecture = reader.get_field("general.architecture")
    if architecture is None:
        raise ValueError(f"{source.name} does not say its architecture")
    part = target.with_name(f"{target.name}.part")
    writer = gguf.GGUFWriter(part, architecture.contents())
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_BF16)
    _copy_metadata(reader, writer)
    _copy_tensors(reader, writer)
    try:
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _copy_metadata(reader: Any, writer: Any) -> None:
    from gguf import GGUFValueType

    for field in reader.fields.values():
        if field.name.startswith("GGUF.") or field.name in WRITTEN_ALREADY:
            continue
        kind = field.types[0]
        items = field.types[-1] if kind == GGUFValueType.ARRAY else None
        writer.add_key_value(field.name, field.contents(), kind, sub_type=items)


def _copy_tensors(reader: Any, writer: Any) -> None:
    from gguf import GGMLQuantizationType, dequantize, quantize

    bf16 = GGMLQuantizationType.BF16
    for tensor in reader.tensors:
        kind = tensor.tensor_type
        if kind.name in NOT_QUANTISED:
            writer.add_tensor(tensor.name, tensor.data, raw_dtype=kind)
        else:
            writer.add_tensor(tensor.name, quantize(dequantize(tensor.data, kind), bf16), raw_dtype=bf16)
