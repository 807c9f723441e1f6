"""The bfloat16 copy of a GGUF file, on a tiny one."""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np
import pytest

from tools.peers.bf16_gguf import write_bf16

TEXTS, NUMBERS = ["a", "Ġb", "→"], [3, 1, -1]
Type = gguf.GGMLQuantizationType


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """Metadata of every kind that a language model has, and a tensor of every type the default model has."""
    path = tmp_path / "tiny.gguf"
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q4_1)
    writer.add_block_count(1)
    writer.add_rope_freq_base(100000.0)
    writer.add_add_bos_token(False)
    writer.add_token_list(TEXTS)
    writer.add_token_types(NUMBERS)
    random = np.random.default_rng(0)
    for name, kind in (("token_embd.weight", Type.Q8_0), ("blk.0.ffn_up.weight", Type.Q4_1)):
        values = random.normal(size=(3, 64)).astype(np.float32)
        writer.add_tensor(name, gguf.quantize(values, kind), raw_dtype=kind)
    writer.add_tensor("output_norm.weight", random.normal(size=64).astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def metadata(reader: gguf.GGUFReader) -> dict[str, tuple[object, object]]:
    return {name: (field.types, field.contents()) for name, field in reader.fields.items()}


def test_metadata_and_names_stay_and_quantised_tensors_become_bfloat16(tiny: Path) -> None:
    copy = tiny.with_name("copy.gguf")
    write_bf16(tiny, copy)
    before, after = gguf.GGUFReader(tiny), gguf.GGUFReader(copy)
    was, now = metadata(before), metadata(after)
    assert now.pop("general.file_type")[1] == gguf.LlamaFileType.MOSTLY_BF16
    del was["general.file_type"]
    assert now == was
    assert now["tokenizer.ggml.tokens"][1] == TEXTS and now["tokenizer.ggml.token_type"][1] == NUMBERS
    assert [tensor.name for tensor in after.tensors] == [tensor.name for tensor in before.tensors]
    for old, new in zip(before.tensors, after.tensors, strict=True):
        assert list(new.shape) == list(old.shape)
        assert new.tensor_type == (old.tensor_type if old.tensor_type == Type.F32 else Type.BF16)
        found = gguf.dequantize(new.data, new.tensor_type)
        np.testing.assert_allclose(found, gguf.dequantize(old.data, old.tensor_type), rtol=2**-8)
    np.testing.assert_array_equal(after.tensors[2].data, before.tensors[2].data)
    assert sorted(path.name for path in tiny.parent.glob("*.gguf*")) == ["copy.gguf", "tiny.gguf"]


def test_nothing_is_left_behind_by_one_that_fails(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(gguf.GGUFWriter, "write_tensors_to_file", fails)
    with pytest.raises(OSError, match="No space"):
        write_bf16(tiny, tiny.with_name("copy.gguf"))
    assert [path.name for path in tiny.parent.glob("*.gguf*")] == ["tiny.gguf"]
