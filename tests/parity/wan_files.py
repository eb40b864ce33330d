# SPDX-License-Identifier: LGPL-2.1-or-later
"""Names of Wan's tensors for the tests of loaders, as files spell them and as the engine calls them.

    ours_transformer(state), ours_vae(state), ours_clip(state)      diffusers' or transformers' state dict under the engine's names
    diffusers_names(state)                 {original name of the transformer: diffusers'}
    renamed(tensors, T5_ORIGINAL | T5_LLAMA)   UMT5 as the original files and llama.cpp spell it
    openclip(state)                        CLIP's tower for pictures as the original files have it
    Model(name, folder)                    a tiny pipeline as a diffusers folder, and its tensors"""
import re

import torch

import oracle
import wan_oracle

# Rows of 256 values, so that every block type fits; heads of 128, so that a file without config.json tells them.
WIDE = dict(num_attention_heads=2, attention_head_dim=128, text_dim=256, ffn_dim=512, num_layers=2)
WIDE_T5 = dict(d_model=256, d_kv=64, num_heads=4, d_ff=512, num_layers=2)


def ours_transformer(state):
    """Under our names: the original's, with q, k, v of the self attention in one and k, v of the cross attention."""
    original, out = wan_oracle.original_transformer(state), {}
    for name, t in original.items():
        fused = re.fullmatch(r"(blocks\.\d+\.)(self_attn\.|cross_attn\.)([qkv])(_img)?\.(\w+)", name)
        if not fused or (fused[2] == "cross_attn." and fused[3] == "q"):
            out[name] = t
        elif fused[3] == ("q" if fused[2] == "self_attn." else "k"):
            pieces = "qkv" if fused[2] == "self_attn." else "kv"
            end = (fused[4] or "") + "." + fused[5]
            out[fused[1] + fused[2] + pieces + end] = torch.cat([original[fused[1] + fused[2] + p + end] for p in pieces])
    return out


def ours_vae(state):
    """diffusers' names of 2.2."""
    def name(n):
        if m := re.fullmatch(r"encoder\.down_blocks\.(\d+)\.((?!resnets|downsampler).*)", n):
            stage, layer = divmod(int(m[1]), 3)
            return f"encoder.down_blocks.{stage}." + ("downsampler." if layer == 2 else f"resnets.{layer}.") + m[2]
        return n.replace(".upsamplers.0.", ".upsampler.")
    return {name(n): t for n, t in state.items()}


def ours_clip(state):
    return {n.removeprefix("vision_model."): t for n, t in state.items() if not n.endswith("position_ids")}


def diffusers_names(state):
    """Original name -> diffusers' name."""
    names = list(state)
    return {ours: names[int(t)] for ours, t in wan_oracle.original_transformer({k: torch.tensor(float(i)) for i, k in enumerate(names)}).items()}


T5_ORIGINAL = [("shared", "token_embedding"), ("encoder.final_layer_norm", "norm"), ("layer.0.layer_norm", "norm1"), ("layer.1.layer_norm", "norm2"),
               ("layer.0.SelfAttention.relative_attention_bias", "pos_embedding.embedding"), ("layer.0.SelfAttention.", "attn."),
               ("layer.1.DenseReluDense.wi_0", "ffn.gate.0"), ("layer.1.DenseReluDense.wi_1", "ffn.fc1"), ("layer.1.DenseReluDense.wo", "ffn.fc2"), ("encoder.block.", "blocks.")]
T5_LLAMA = [("shared", "token_embd"), ("encoder.final_layer_norm", "enc.output_norm"), ("layer.0.layer_norm", "attn_norm"), ("layer.1.layer_norm", "ffn_norm"),
            ("layer.0.SelfAttention.relative_attention_bias", "attn_rel_b"), ("layer.0.SelfAttention.", "attn_"),
            ("layer.1.DenseReluDense.wi_0", "ffn_gate"), ("layer.1.DenseReluDense.wi_1", "ffn_up"), ("layer.1.DenseReluDense.wo", "ffn_down"), ("encoder.block.", "enc.blk.")]


def renamed(tensors, table):
    out = {}
    for name, t in tensors.items():
        for theirs, ours in table:
            name = name.replace(theirs, ours)
        out[name] = t
    return out


def openclip(state):
    """CLIP's tower for pictures under the names of the original files, with q, k, v in one."""
    state, out = ours_clip(state), {}
    out["visual.cls_embedding"] = state["embeddings.class_embedding"].reshape(1, 1, -1)
    out["visual.pos_embedding"] = state["embeddings.position_embedding.weight"][None]
    out["visual.patch_embedding.weight"] = state["embeddings.patch_embedding.weight"]
    for ours, theirs in (("pre_layrnorm", "pre_norm"), ("post_layernorm", "post_norm")):
        for leaf in ("weight", "bias"):
            out[f"visual.{theirs}.{leaf}"] = state[f"{ours}.{leaf}"]
    for i in range(wan_oracle.CLIP_VISION["num_hidden_layers"]):
        a, b = f"encoder.layers.{i}.", f"visual.transformer.{i}."
        for leaf in ("weight", "bias"):
            out[f"{b}attn.to_qkv.{leaf}"] = torch.cat([state[f"{a}self_attn.{x}_proj.{leaf}"] for x in "qkv"])
            for ours, theirs in (("layer_norm1", "norm1"), ("layer_norm2", "norm2"), ("self_attn.out_proj", "attn.proj"), ("mlp.fc1", "mlp.0"), ("mlp.fc2", "mlp.2")):
                out[f"{b}{theirs}.{leaf}"] = state[f"{a}{ours}.{leaf}"]
    return {**out, "visual.head": torch.ones(2, 2), "log_scale": torch.ones(()), "textual.token_embedding.weight": torch.ones(3, 3)}


class Model:
    """A tiny pipeline as a diffusers folder, and its tensors under our names."""

    def __init__(self, name, folder, seed=0):
        networks, coder, _ = wan_oracle.PIPELINES[name]
        parts = {"transformer": wan_oracle.transformer(networks[0], seed + 1, **WIDE | self.wide(networks[0])), "text_encoder": wan_oracle.umt5(seed + 3, **WIDE_T5)}
        if len(networks) == 2:
            parts["transformer_2"] = wan_oracle.transformer(networks[1], seed + 11, **WIDE | self.wide(networks[1]))
        self.folder = folder / name
        self.pipe = wan_oracle.save_pipeline(name, self.folder, seed, **parts)
        self.state = {k: v.detach() for k, v in self.pipe.transformer.state_dict().items()}
        self.want = oracle.prefixed("transformer/", ours_transformer(self.state))
        if len(networks) == 2:
            self.want |= oracle.prefixed("transformer_2/", ours_transformer(self.pipe.transformer_2.state_dict()))
        self.want |= oracle.prefixed("vae/", ours_vae(self.pipe.vae.state_dict()))
        self.want |= oracle.prefixed("text_encoder/", wan_oracle.umt5_weights(self.pipe.text_encoder))
        if getattr(self.pipe, "image_encoder", None) is not None:
            self.want |= oracle.prefixed("image_encoder/", ours_clip(self.pipe.image_encoder.state_dict()))
        self.beside = {k: self.folder / k for k in ("vae", "text_encoder", "tokenizer", "image_encoder") if (self.folder / k).exists()}

    @staticmethod
    def wide(kind):
        return dict(added_kv_proj_dim=256) if kind in ("i2v", "flf2v") else {}

    def part(self, key):
        return {k.removeprefix(key + "/"): v for k, v in self.want.items() if k.startswith(key + "/")}
