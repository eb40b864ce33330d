# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes a diffusers folder of a published model's shapes with random bf16 weights: what runs, in how much memory and time, does not
depend on what the numbers are. The pictures are noise.

    real_size.py FOLDER wan-2.1-1.3b|wan-2.1-14b|wan-2.2-5b|cogvideox-2b|cogvideox-5b [Q8_0|Q4_K]

Needs 15 GB of disk for the smallest (11 of them are UMT5-XXL), 40 for the 14B. Then, for example,

    tools/zt-env /usr/bin/time -v ffmpeg -filter_complex "t2vsrc=model=FOLDER:memory=4G:..." -f null -

With a type of GGUF the transformer is FOLDER/transformer.gguf instead, whose matrices have that type (26 GB with the
14B in Q8_0): model=FOLDER/transformer.gguf and the other parts by engine_opts."""
import functools
import json
import pathlib
import struct
import sys

import diffusers
import gguf
import gguf.quants
import numpy
import torch
import transformers

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "parity"))
import cogvideox_oracle  # noqa: E402
import gguf_files  # noqa: E402, beside the parity tests
import wan_oracle  # noqa: E402
import wan_tokenizer  # noqa: E402

BLOCK = 1 << 25          # numbers that are drawn; the files repeat them
SHARD = 4 << 30          # bytes of a file, at most
UMT5 = dict(vocab_size=256384, d_model=4096, d_kv=64, d_ff=10240, num_layers=24, num_heads=64, feed_forward_proj="gated-gelu", model_type="umt5")
SIZES = {
    "wan-2.1-1.3b": (dict(num_attention_heads=12, ffn_dim=8960, num_layers=30), {}),
    "wan-2.1-14b": (dict(num_attention_heads=40, ffn_dim=13824, num_layers=40), {}),
    "wan-2.2-5b": (dict(num_attention_heads=24, ffn_dim=14336, num_layers=30, in_channels=48, out_channels=48),
                   dict(base_dim=160, decoder_base_dim=256, z_dim=48, is_residual=True, in_channels=12, out_channels=12, patch_size=2, scale_factor_spatial=16)),
}


T5 = dict(vocab_size=32128, d_model=4096, d_kv=64, d_ff=10240, num_layers=24, num_heads=64, feed_forward_proj="gated-gelu", tie_word_embeddings=False)
COGVIDEOX = {"cogvideox-2b": ("2b", dict(num_attention_heads=30, num_layers=30)), "cogvideox-5b": ("5b", dict(num_attention_heads=48, num_layers=42, use_rotary_positional_embeddings=True))}


def write_cogvideox(folder, size):
    """The folder of one of them: 14 and 21 GB, 9.5 of them T5-XXL."""
    kind, network = COGVIDEOX[size]
    numbers = drawn()
    with torch.device("meta"):
        parts = dict(transformer=diffusers.CogVideoXTransformer3DModel(**network), text_encoder=transformers.T5EncoderModel(transformers.T5Config(**T5)),
                     vae=diffusers.AutoencoderKLCogVideoX(down_block_types=("CogVideoXDownBlock3D",) * 4, up_block_types=("CogVideoXUpBlock3D",) * 4,
                                                          scaling_factor=1.15258426 if kind == "2b" else 0.7))
    for part, module in parts.items():
        write_weights(folder / part, "model" if part == "text_encoder" else "diffusion_pytorch_model", module, numbers)
        config = module.config.to_dict() if part == "text_encoder" else {"_class_name": type(module).__name__, **module.config}
        (folder / part / "config.json").write_text(json.dumps(config, default=str))
    cogvideox_oracle.write_tokenizer(folder / "tokenizer")
    cogvideox_oracle.scheduler(kind).save_pretrained(folder / "scheduler")
    (folder / "model_index.json").write_text(json.dumps(dict(_class_name="CogVideoXPipeline")))


def drawn():
    numbers = torch.randn(BLOCK, generator=torch.Generator().manual_seed(1)) * 0.02
    return numbers.bfloat16().view(torch.int16).numpy()


def write_weights(folder, name, module, numbers):
    """module: on the meta device. Norms become 1, so that what they scale stays near 1."""
    folder.mkdir(parents=True)
    shards, size = [[]], 0
    for key, tensor in module.state_dict().items():
        if key == "encoder.embed_tokens.weight":
            continue                                   # shared.weight, once more
        if size + 2 * tensor.numel() > SHARD:
            shards.append([])
            size = 0
        shards[-1].append((key, tensor))
        size += 2 * tensor.numel()
    places = {}
    for i, shard in enumerate(shards):
        file = f"{name}.safetensors" if len(shards) == 1 else f"{name}-{i + 1:05}-of-{len(shards):05}.safetensors"
        header, at = {}, 0
        for key, tensor in shard:
            header[key] = dict(dtype="BF16", shape=list(tensor.shape), data_offsets=[at, at + 2 * tensor.numel()])
            at += 2 * tensor.numel()
            places[key] = file
        text = json.dumps(header).encode()
        text += b" " * (-len(text) % 8)
        with open(folder / file, "wb") as out:
            out.write(struct.pack("<Q", len(text)) + text)
            for key, tensor in shard:
                left = tensor.numel()
                if "norm" in key and key.endswith("weight") or key.endswith("gamma"):
                    numpy.full(left, 0x3F80, numpy.int16).tofile(out)
                    continue
                while left > 0:
                    numbers[:min(left, BLOCK)].tofile(out)
                    left -= BLOCK
    if len(shards) > 1:
        index = dict(metadata={}, weight_map=places)
        (folder / f"{name}.safetensors.index.json").write_text(json.dumps(index))


def shapes(size):
    """Original name -> shape, of a transformer."""
    with torch.device("meta"):
        model = diffusers.WanTransformer3DModel(**SIZES[size][0])
    return {name: tuple(t.shape) for name, t in wan_oracle.original_transformer(model.state_dict()).items()}


def is_matrix(name, shape):
    """Of a block: what files of packed types pack."""
    return name.startswith("blocks.") and name.endswith(".weight") and len(shape) == 2


def plain(name, shape, random):
    if "norm" in name and name.endswith("weight"):
        return numpy.ones(shape, numpy.float32)
    return random.standard_normal(shape, numpy.float32) * numpy.float32(0.02)


def write_gguf(path, size, kind):
    """The matrices of the blocks in `kind`, equal ones of a shape, the rest in fp32. GGUF has four dimensions: two of the
    five of the patches' kernel become one, as stable-diffusion.cpp writes it."""
    random, writer, number = numpy.random.default_rng(1), gguf.GGUFWriter(str(path), "wan"), getattr(gguf.GGMLQuantizationType, kind)

    @functools.cache
    def packed(shape):
        return gguf.quants.quantize(plain("", shape, random), number) if kind in gguf_files.SMALL else gguf_files.blocks(shape, kind, random)

    for name, shape in shapes(size).items():
        if is_matrix(name, shape):
            writer.add_tensor(name, packed(shape), raw_dtype=number)
        else:
            data = plain(name, shape, random)
            writer.add_tensor(name, data.reshape(-1, *shape[2:]) if len(shape) == 5 else data)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main():
    folder, size, kind = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else None
    if size in COGVIDEOX:
        return write_cogvideox(folder, size)
    network, coder = SIZES[size]
    numbers = drawn()
    with torch.device("meta"):
        parts = dict(transformer=diffusers.WanTransformer3DModel(**network), vae=diffusers.AutoencoderKLWan(**coder),
                     text_encoder=transformers.UMT5EncoderModel(transformers.UMT5Config(**UMT5)))
    if kind:
        del parts["transformer"]
        folder.mkdir(parents=True, exist_ok=True)
        write_gguf(folder / "transformer.gguf", size, kind)
    for part, module in parts.items():
        name = "model" if part == "text_encoder" else "diffusion_pytorch_model"
        write_weights(folder / part, name, module, numbers)
        config = module.config.to_dict() if part == "text_encoder" else {"_class_name": type(module).__name__, **module.config}
        (folder / part / "config.json").write_text(json.dumps(config, default=str))
    wan_tokenizer.write(folder / "tokenizer")
    (folder / "scheduler").mkdir()
    scheduler = diffusers.UniPCMultistepScheduler(prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=3.0)
    (folder / "scheduler/scheduler_config.json").write_text(json.dumps({"_class_name": "UniPCMultistepScheduler", **scheduler.config}, default=str))
    index = dict(_class_name="WanPipeline", boundary_ratio=None, expand_timesteps="5b" in size)
    (folder / "model_index.json").write_text(json.dumps(index))


if __name__ == "__main__":
    main()
