# SPDX-License-Identifier: LGPL-2.1-or-later
"""The files of MiniMax-H3's text side as people have them, made of one tiny model: layouts of Qwen3-VL, its tokenizer, and some
that are broken.

    TOKENIZERS   {name: make(folder) -> what to open}    of the tokenizer in folder/tokenizer
    LAYOUTS      {name: make(folder) -> (model, tower or None)}    of the model in folder/text_encoder
    BROKEN       {name: (make(folder) -> options that differ, the message)}"""
import base64
import importlib.util
import json
import pathlib
import shutil

import gguf
import numpy
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

import minimax_h3_oracle as h3
import tiny_tokenizers

PUBLISHED_VECTORS = {
    "<d>[English] hold on</d><|cutoff|>": [151669, 58, 22574, 60, 3331, 389, 151670, 151671],
    "<Picture 1>: ": [21604, 3826, 220, 16, 26818, 220],
    "<Video 1>: ": [27, 10724, 220, 16, 26818, 220],
    "<Audio 2>: ": [65406, 220, 17, 26818, 220],
    "<0.2 seconds>": [27, 15, 13, 17, 6486, 29],
    "a robot dancing": [64, 12305, 27966],
    "é e\u0301 日本語 😀": [963, 3958, 75402, 21894, 102819, 90316],
    "integrated_multimodal_description: [Shot 1] A cat\noverall_soundscape: rain 2025\n\n  x":
        [396, 47172, 26290, 318, 57597, 11448, 25, 508, 36402, 220, 16, 60, 362, 8251, 198, 74455, 643, 3095, 5330, 25, 11174, 220, 17, 15, 17, 20, 271, 220, 856],
    "  lead": [220, 2990],
}


def made(folder, name):
    place = pathlib.Path(folder, name)
    place.mkdir(exist_ok=True)
    return place


def weights(folder):
    """Every tensor of the model, under transformers' names in files."""
    index = json.loads((folder / "text_encoder/model.safetensors.index.json").read_text())["weight_map"]
    found = {}
    for file in sorted(set(index.values())):
        found.update(load_file(folder / "text_encoder" / file))
    return found


# ---- Tokenizers ---------------------------------------------------------------------------------

def tokenizer_copy(folder, name, *kept):
    place = made(folder, name)
    for file in kept:
        shutil.copy(folder / "tokenizer" / file, place)
    return place


def without_marks(folder):
    """tokenizer.json alone, as of a plain Qwen."""
    return tokenizer_copy(folder, "plain", "tokenizer.json")


def extra_special(folder):
    """As transformers 5 writes it back."""
    place = tokenizer_copy(folder, "extra", "vocab.json", "merges.txt")
    config = json.loads((folder / "tokenizer/tokenizer_config.json").read_text())
    config["extra_special_tokens"] = [dict(content=t, lstrip=False, normalized=False, rstrip=False, single_word=False, special=True, __type="AddedToken")
                                      for t in config.pop("additional_special_tokens")]
    (place / "tokenizer_config.json").write_text(json.dumps(config))
    return place


def gguf_tokenizer(writer, padding=8, kinds=None, model="gpt2"):
    ids = h3.token_ids()
    ordered = [t for t in sorted(ids, key=ids.get) if t not in h3.H3_SPECIALS]
    writer.add_tokenizer_model(model)
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(ordered + [f"[PAD{len(ordered) + i}]" for i in range(padding)])
    control = lambda t: 4 if t == "<|video_pad|>" else 3
    writer.add_token_types(kinds or [control(t) if t in h3.QWEN_SPECIALS else 1 for t in ordered] + [5] * padding)
    writer.add_token_merges([f"{a} {b}" for a, b in h3.merges()])


def tokenizer_of_gguf(folder):
    place = made(folder, "gguf_tokenizer") / "model.gguf"
    write_gguf(place, "qwen3vl", {"token_embd.weight": torch.ones(4, 4)}, gguf_tokenizer)
    return place


TOKENIZERS = {
    "tokenizer.json and its config": lambda folder: folder / "tokenizer",
    "vocab.json, merges.txt and their config": lambda folder: tokenizer_copy(folder, "pair", "vocab.json", "merges.txt", "tokenizer_config.json"),
    "the config with extra_special_tokens": extra_special,
    "tokenizer.json alone": without_marks,
    "lists of a GGUF": tokenizer_of_gguf,
}


def published(folder):
    """Qwen's published vocabulary, from a package that has it without weights; None where it is absent."""
    spec = importlib.util.find_spec("dashscope")
    file = spec and pathlib.Path(spec.submodule_search_locations[0], "resources/qwen.tiktoken")
    if not file or not file.is_file():
        return None
    ranks = {base64.b64decode(token): int(rank) for token, rank in (line.split() for line in file.read_bytes().splitlines())}
    table = tiny_tokenizers.bytes_to_unicode()
    text = lambda b: "".join(table[x] for x in b)
    merges = []
    for token, rank in ranks.items():   # every way to cut a token in two that are tokens, by the ranks of token, left, right
        cuts = [(token[:i], token[i:]) for i in range(1, len(token)) if token[:i] in ranks and token[i:] in ranks]
        merges += [(rank, ranks[a], ranks[b], text(a), text(b)) for a, b in cuts]
    place = made(folder, "published")
    tiny_tokenizers.write_pair(place, {text(t): r for t, r in ranks.items()}, [(a, b) for _, _, _, a, b in sorted(merges)])
    # 26 tokens that Qwen3-VL adds; how most of them are written does not matter here.
    added = h3.QWEN_SPECIALS + [f"<added {i}>" for i in range(26 - len(h3.QWEN_SPECIALS))]
    (place / "tokenizer_config.json").write_text(json.dumps(dict(
        added_tokens_decoder={str(151643 + i): dict(content=t, special=True) for i, t in enumerate(added)},
        additional_special_tokens=h3.H3_SPECIALS)))
    return place


# ---- Models -------------------------------------------------------------------------------------

def write_gguf(path, architecture, tensors, more):
    writer = gguf.GGUFWriter(str(path), architecture)
    more(writer)
    for name, tensor in tensors.items():
        writer.add_tensor(name, numpy.ascontiguousarray(tensor.float().numpy()))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def one_file(folder):
    """ComfyUI's: 50 layers, no last norm, no head, the vision tower beside them, other prefixes."""
    place = made(folder, "comfy")
    tensors = {}
    for name, tensor in weights(folder).items():
        name = name.replace("model.language_model.", "model.").replace("model.visual.", "visual.")
        layer = int(name.split(".")[2]) if name.startswith("model.layers.") else 0
        if layer < 50 and name != "model.norm.weight" and not name.startswith("lm_head"):
            tensors[name] = tensor
    save_file(tensors, place / "qwen3vl.safetensors")
    shutil.copy(folder / "text_encoder/config.json", place)
    return place / "qwen3vl.safetensors", None


LLAMA = {"input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm", "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k",
         "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output", "self_attn.q_norm": "attn_q_norm", "self_attn.k_norm": "attn_k_norm",
         "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down"}
TOWER = {"norm1": "ln1", "norm2": "ln2", "attn.qkv": "attn_qkv", "attn.proj": "attn_out", "mlp.linear_fc1": "ffn_up", "mlp.linear_fc2": "ffn_down"}


def llama_names(tensors):
    found = {}
    for name, tensor in tensors.items():
        parts = name.removeprefix("model.language_model.").split(".")
        if parts[0] == "layers":
            found[f"blk.{parts[1]}.{LLAMA['.'.join(parts[2:-1])]}.weight"] = tensor
        elif name.endswith("embed_tokens.weight"):
            found["token_embd.weight"] = tensor
        elif name == "model.language_model.norm.weight":
            found["output_norm.weight"] = tensor
        elif name == "lm_head.weight":
            found["output.weight"] = tensor
    return found


def mmproj_names(tensors):
    found = {}
    for name, tensor in tensors.items():
        if not name.startswith("model.visual."):
            continue
        parts = name.removeprefix("model.visual.").split(".")
        if parts[0] == "blocks":
            found[f"v.blk.{parts[1]}.{TOWER['.'.join(parts[2:-1])]}.{parts[-1]}"] = tensor
        elif parts[0] == "deepstack_merger_list":
            found[f"v.deepstack.{h3.TOWER['deepstack_visual_indexes'][int(parts[1])]}.{parts[2].removeprefix('linear_')}.{parts[-1]}"] = tensor
        elif parts[0] == "merger":
            found[{"norm": "v.post_ln", "linear_fc1": "mm.0", "linear_fc2": "mm.2"}[parts[1]] + "." + parts[-1]] = tensor
        elif parts[0] == "pos_embed":
            found["v.position_embd.weight"] = tensor
        elif parts[-1] == "bias":
            found["v.patch_embd.bias"] = tensor
        else:
            found["v.patch_embd.weight"], found["v.patch_embd.weight.1"] = tensor[:, :, 0], tensor[:, :, 1]
    return found


def text_keys(writer):
    t, rope = h3.TEXT, h3.TEXT["rope_parameters"]
    writer.add_block_count(t["num_hidden_layers"])
    writer.add_embedding_length(t["hidden_size"])
    writer.add_head_count(t["num_attention_heads"])
    writer.add_head_count_kv(t["num_key_value_heads"])
    writer.add_key_length(t["head_dim"])
    writer.add_layer_norm_rms_eps(t["rms_norm_eps"])
    writer.add_rope_freq_base(rope["rope_theta"])
    writer.add_rope_dimension_sections(rope["mrope_section"] + [0])
    gguf_tokenizer(writer)


def tower_keys(writer):
    writer.add_string("clip.projector_type", "qwen3vl_merger")
    writer.add_uint32("clip.vision.attention.head_count", h3.TOWER["num_heads"])
    writer.add_uint32("clip.vision.block_count", h3.TOWER["depth"])


def llama_cpp(folder):
    place = made(folder, "llama")
    all_weights = weights(folder)
    model = write_gguf(place / "qwen3vl.gguf", "qwen3vl", llama_names(all_weights), text_keys)
    return model, write_gguf(place / "mmproj.gguf", "clip", mmproj_names(all_weights), tower_keys)


def sharded(folder):
    """Other cuts of the same folder, in one file."""
    place = made(folder, "whole")
    save_file(weights(folder), place / "model.safetensors", metadata={"format": "pt"})
    shutil.copy(folder / "text_encoder/config.json", place)
    return place, None


LAYOUTS = {"a folder with one file": sharded, "ComfyUI's file": one_file, "llama.cpp, mmproj beside it": llama_cpp}


# ---- Broken -------------------------------------------------------------------------------------

def changed_config(folder, name, change):
    place = made(folder, name)
    for file in (folder / "text_encoder").iterdir():
        if file.suffix == ".safetensors" or file.name.endswith("index.json"):
            shutil.copy(file, place)
    config = json.loads((folder / "text_encoder/config.json").read_text())
    change(config)
    (place / "config.json").write_text(json.dumps(config))
    return {"model": place}


def without(folder, name, lost):
    place = made(folder, name)
    save_file({k: v for k, v in weights(folder).items() if not k.startswith(lost)}, place / "model.safetensors")
    shutil.copy(folder / "text_encoder/config.json", place)
    return {"model": place}


def bare_gguf(folder):
    place = made(folder, "bare")
    return {"model": write_gguf(place / "model.gguf", "qwen3vl", llama_names(weights(folder)), lambda writer: None)}


def odd_kind(folder):
    place = made(folder, "odd") / "model.gguf"
    count = len(h3.token_ids()) - len(h3.H3_SPECIALS) + 8
    write_gguf(place, "qwen3vl", {"token_embd.weight": torch.ones(4, 4)}, lambda writer: gguf_tokenizer(writer, kinds=[6] * count))
    return {"tokenizer": place}


def other_tokenizer(folder):
    place = made(folder, "unigram") / "model.gguf"
    write_gguf(place, "qwen3vl", {"token_embd.weight": torch.ones(4, 4)}, lambda writer: gguf_tokenizer(writer, model="llama"))
    return {"tokenizer": place}


def moved_mark(folder):
    """A file that gives one of H3's tokens the id of another token."""
    place = tokenizer_copy(folder, "moved", "vocab.json", "merges.txt")
    config = json.loads((folder / "tokenizer/tokenizer_config.json").read_text())
    config["added_tokens_decoder"]["5"] = dict(content="<d>", special=True)
    (place / "tokenizer_config.json").write_text(json.dumps(config))
    return {"tokenizer": place}


def spread(folder):
    return changed_config(folder, "spread", lambda c: c["text_config"]["rope_parameters"].update(mrope_interleaved=False))


def narrow_tower(folder):
    """A tower of a smaller Qwen3-VL."""
    place = made(folder, "narrow")
    changed = {k: v[:32].clone() if k.endswith("linear_fc2.weight") and "merger" in k or k.endswith("linear_fc2.bias") and "merger" in k else v
               for k, v in weights(folder).items() if k.startswith("model.visual.")}
    save_file(changed, place / "model.safetensors")
    config = json.loads((folder / "text_encoder/config.json").read_text())
    config["vision_config"]["out_hidden_size"] = 32
    (place / "config.json").write_text(json.dumps(config))
    return {"tower": place}


BROKEN = {
    "a tower of another width": (narrow_tower, "expected tokens of the text model's width 40, got 32"),
    "fewer than 50 layers": (lambda folder: changed_config(folder, "short", lambda c: c["text_config"].update(num_hidden_layers=49)), "expected at least 50 layers, got 49"),
    "positions that are not interleaved": (spread, "mrope_interleaved: expected true"),
    "a layer that is not there": (lambda folder: without(folder, "hole", "model.language_model.layers.7.mlp.up"), "layers.7.mlp.up_proj.weight"),
    "a merger that is not there": (lambda folder: without(folder, "merger", "model.visual.deepstack_merger_list.1.linear_fc2"), "deepstack_merger_list.1.linear_fc2"),
    "a tower of other patches": (lambda folder: changed_config(folder, "patches", lambda c: c["vision_config"].update(patch_size=14)), "patch_size: expected 16"),
    "another activation": (lambda folder: changed_config(folder, "act", lambda c: c["vision_config"].update(hidden_act="silu")), "hidden_act"),
    "taps behind the last block": (lambda folder: changed_config(folder, "taps", lambda c: c["vision_config"].update(deepstack_visual_indexes=[0, 1, 4])), "deepstack_visual_indexes: expected"),
    "a GGUF that does not tell its positions": (bare_gguf, "expected 128 values a head, or a config.json beside the file, got 16"),
    "a GGUF whose tokens are of another kind": (odd_kind, "token_type[0]: expected 1, 3, 4 or 5, got 6"),
    "a GGUF with another tokenizer": (other_tokenizer, "expected tokenizer.ggml.tokens of a byte pair tokenizer"),
    "a token with the id of another": (moved_mark, "expected an id that no other token has"),
}
