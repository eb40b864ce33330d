# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes MiniMax-H3 at its published shapes with random weights, as files people have: the pruned transformer and Qwen3-VL 32B in
Q4_K (GGUF), the video autoencoder in fp16 and the audio one in fp32 (single files). What runs, in how much memory and time, does
not depend on what the numbers are. Pictures and sound are noise.

    minimax_h3_size.py FOLDER

Needs 32 GB of disk. Then, for example,

    tools/zt-env /usr/bin/time -v ffmpeg -filter_complex "t2vsrc=model=FOLDER/minimax_h3_fl2va_pruned-Q4_K.gguf:memory=14G:\\
        size=256x256:frames=22:steps=1:sound=1:prompt='rain'[v][a]" -map "[v]" -f null - -map "[a]" -f null -"""
import pathlib
import sys

import diffusers
import gguf
import numpy
import torch
from safetensors.torch import save_file

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "parity"))
import minimax_h3_oracle  # noqa: E402, beside the parity tests

HIDDEN, INNER, FFN, LAYERS, TEXT = 5376, 7168, 14336, 50, 5120
POINTS, RANK = 1025, 8
Q4_K = gguf.GGMLQuantizationType.Q4_K
BLOCK_BYTES, BLOCK_NUMBERS = 144, 256
random = numpy.random.default_rng(1)


def drawn_blocks(count=1 << 16):
    """Blocks of Q4_K whose numbers are about 0.02 in size: two scales, twelve bytes of smaller ones, the numbers."""
    blocks = random.integers(0, 256, (count, BLOCK_BYTES), dtype=numpy.uint8)
    blocks[:, :4] = numpy.tile(numpy.array([7e-5, 5.2e-4], numpy.float16).view(numpy.uint8), (count, 1))
    return blocks.reshape(-1)


BLOCKS = drawn_blocks()
DENSE = (random.standard_normal(1 << 22) * 0.02).astype(numpy.float32)


def data_of(shape, packed):
    count = int(numpy.prod(shape))
    if packed:
        return numpy.resize(BLOCKS, count // BLOCK_NUMBERS * BLOCK_BYTES)
    return numpy.resize(DENSE, count).reshape(shape)


def write(path, architecture, tensors, keys=lambda writer: None):
    """tensors: {name: shape}; matrices of more than a row of blocks are packed, vectors and what is named in fp32 are not.
    Norms, told by their names, are 1."""
    writer = gguf.GGUFWriter(str(path), architecture)
    keys(writer)
    packs = {name: len(shape) == 2 and shape[1] % BLOCK_NUMBERS == 0 and shape[0] >= 1024 for name, shape in tensors.items()}
    for name, shape in tensors.items():
        if packs[name]:
            size = int(numpy.prod(shape)) // BLOCK_NUMBERS * BLOCK_BYTES
            writer.add_tensor_info(name, (shape[0], shape[1] // BLOCK_NUMBERS * BLOCK_BYTES), numpy.dtype(numpy.uint8), size, raw_dtype=Q4_K)
        else:
            writer.add_tensor_info(name, shape, numpy.dtype(numpy.float32), int(numpy.prod(shape)) * 4)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    for name, shape in tensors.items():
        norm = "norm" in name and len(shape) == 1
        writer.write_tensor_data(numpy.ones(shape, numpy.float32) if norm else data_of(shape, packs[name]))
    writer.close()
    print(path, path.stat().st_size / 1e9, "GB", flush=True)


def transformer_tensors():
    block = {"norm1.weight": (HIDDEN,), "norm2.weight": (HIDDEN,), "attn.q_norm.weight": (128,), "attn.k_norm.weight": (128,),
             "attn.qkv_proj.weight": (3 * INNER, HIDDEN), "attn.out_proj.weight": (HIDDEN, INNER),
             "mlp.fc1.weight": (2 * FFN, HIDDEN), "mlp.fc2.weight": (HIDDEN, FFN)}
    tensors = {"adaln_t_table": (POINTS, RANK)}
    for name, size in (("video_patch_proj", (HIDDEN, 96)), ("audio_patch_proj", (HIDDEN, 32)), ("condition_proj", (HIDDEN, TEXT)),
                       ("final_layer.video_out", (96, HIDDEN)), ("final_layer.audio_out", (32, HIDDEN)),
                       ("final_layer.adaln_proj.linear", (2 * HIDDEN, RANK))):
        tensors.update({name + ".weight": size, name + ".bias": size[:1]})
    for i in range(2):
        tensors.update({f"token_refiner.blocks.{i}.{name}": shape for name, shape in block.items()})
    tensors.update({"token_refiner.final_norm.weight": (HIDDEN,), "final_layer.norm.weight": (HIDDEN,)})
    for i in range(LAYERS):
        tensors.update({f"blocks.{i}.{name}": shape for name, shape in block.items()})
        tensors.update({f"blocks.{i}.adaln_proj.linear.weight": (18 * HIDDEN, RANK), f"blocks.{i}.adaln_proj.linear.bias": (18 * HIDDEN,)})
    return tensors


def text_tensors():
    heads, kv, head, ffn = 64, 8, 128, 25600
    block = {"attn_norm": (TEXT,), "ffn_norm": (TEXT,), "attn_q": (heads * head, TEXT), "attn_k": (kv * head, TEXT), "attn_v": (kv * head, TEXT),
             "attn_output": (TEXT, heads * head), "attn_q_norm": (head,), "attn_k_norm": (head,), "ffn_gate": (ffn, TEXT), "ffn_up": (ffn, TEXT),
             "ffn_down": (TEXT, ffn)}
    tensors = {"token_embd.weight": (151936, TEXT)}
    for i in range(LAYERS):
        tensors.update({f"blk.{i}.{name}.weight": shape for name, shape in block.items()})
    return tensors


def text_keys(writer):
    writer.add_block_count(LAYERS)
    writer.add_embedding_length(TEXT)
    writer.add_feed_forward_length(25600)
    writer.add_head_count(64)
    writer.add_head_count_kv(8)
    writer.add_key_length(128)
    writer.add_value_length(128)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_rope_freq_base(5e6)
    writer.add_rope_dimension_sections([24, 20, 20, 0])


def autoencoder(folder, kind, path, dtype, **published):
    with torch.device("meta"):
        module = kind(**published)
    state = {}
    for name, tensor in module.state_dict().items():
        flat = numpy.resize(DENSE, tensor.numel()).reshape(tuple(tensor.shape))
        state[name] = torch.from_numpy(numpy.ones_like(flat) if "norm" in name and name.endswith("weight") else flat).to(dtype)
    (folder / path).mkdir()
    save_file(state, folder / path / "diffusion_pytorch_model.safetensors")
    module.save_config(folder / path)
    print(folder / path, flush=True)


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True)
    write(folder / "minimax_h3_fl2va_pruned-Q4_K.gguf", "minimax_h3", transformer_tensors())
    write(folder / "Qwen3-VL-32B-Instruct-Q4_K_M.gguf", "qwen3vl", text_tensors(), text_keys)
    statistics = dict(latents_mean=[0.0] * 24, latents_std=[1.0] * 24)
    autoencoder(folder, diffusers.AutoencoderKLMiniMaxH3, "vae", torch.float16, **statistics)
    autoencoder(folder, diffusers.AutoencoderKLMiniMaxH3Audio, "audio_vae", torch.float32, latents_mean=[0.0] * 32, latents_std=[1.0] * 32)
    minimax_h3_oracle.write_tokenizer(folder / "tokenizer")


if __name__ == "__main__":
    main()
