# SPDX-License-Identifier: LGPL-2.1-or-later
"""GGUF files of every block type for the tests of loaders: quantised where the package `gguf` can, random blocks elsewhere.

    write_gguf(path, architecture, tensors, kind, choose, more=()) -> what the written tensors mean, as fp32
    write_tokenizer(path, pieces, types, charsmap, left_out=())       a GGUF with the tokenizer of a T5, as llama.cpp writes it"""
import gguf
import numpy
import torch
from gguf import quants

SMALL = ["Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0"]
RANDOM = {"Q2_K": (84, [80, 82]), "Q3_K": (110, [108]), "Q4_K": (144, [0, 2]), "Q5_K": (176, [0, 2]), "Q6_K": (210, [208]), "IQ4_XS": (136, [0])}


def blocks(shape, kind, random):
    """Random blocks of a type that nothing here can quantise, with small finite scales."""
    size, scales = RANDOM.get(kind, (18, [0]))
    values = 32 if kind == "IQ4_NL" else 256
    data = random.integers(0, 256, (shape[0] * shape[1] // values, size), dtype=numpy.uint8)
    for at in scales:
        data[:, at:at + 2] = random.normal(0, 0.01, len(data)).astype(numpy.float16).view(numpy.uint8).reshape(-1, 2)
    return data.reshape(shape[0], -1)


def write_gguf(path, architecture, tensors, kind, choose, more=()):
    """Writes tensors, those that `choose` names in block type `kind`; returns what they then mean."""
    random = numpy.random.default_rng(11)
    writer = gguf.GGUFWriter(str(path), architecture)
    for name, value in more:
        (writer.add_float32 if isinstance(value, float) else writer.add_uint32)(name, value)
    writer.add_array("tokenizer.ggml.tokens", ["a", "bc", "d"])
    want = {}
    for name, tensor in tensors.items():
        data = tensor.float().numpy()
        if kind in ("BF16", "F16") and choose(name, tensor):
            packed = quants.quantize(data, getattr(gguf.GGMLQuantizationType, kind))
        elif choose(name, tensor) and kind != "F32":
            packed = quants.quantize(data, getattr(gguf.GGMLQuantizationType, kind)) if kind in SMALL else blocks(data.shape, kind, random)
        else:
            writer.add_tensor(name, data)
            want[name] = tensor.float()
            continue
        quantised = getattr(gguf.GGMLQuantizationType, kind)
        writer.add_tensor(name, packed, raw_dtype=quantised)
        want[name] = torch.from_numpy(numpy.ascontiguousarray(quants.dequantize(packed, quantised))).reshape(tensor.shape)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return want


def write_tokenizer(path, pieces, types, charsmap, left_out=()):
    writer = gguf.GGUFWriter(str(path), "t5encoder")
    writer.add_tokenizer_model("t5")
    writer.add_tokenizer_pre("default")
    writer.add_token_list([p for p, _ in pieces])
    if "scores" not in left_out:
        writer.add_token_scores([s for _, s in pieces])
    writer.add_token_types(types)
    writer.add_add_space_prefix(True)
    writer.add_remove_extra_whitespaces(True)
    if "charsmap" not in left_out:
        writer.add_precompiled_charsmap(charsmap)
    writer.add_eos_token_id(1)
    writer.add_unk_token_id(3)
    writer.add_tensor("token_embd.weight", numpy.ones((4, 4), numpy.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
