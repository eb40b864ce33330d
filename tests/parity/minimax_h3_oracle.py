# SPDX-License-Identifier: LGPL-2.1-or-later
"""The reference side of the MiniMax-H3 parity tests: a tiny seeded model of every part in diffusers and transformers, its
folder as the modular pipeline saves it, and runs of it that give back every intermediate tensor.

    transformer(), vae(), audio_vae(), text_encoder(), tokenizer(), processor()      the parts, fp32, every size unequal on purpose
    save_pipeline(folder)          the diffusers folder (modular_model_index.json and the parts); returns the folder
    load(folder, dtype)            the pipeline read back as diffusers reads it in that dtype
    run(pipe, case, ...)           one request; CASES: t2va, first, last, first_last. Returns {name: tensor}

minimax_h3_oracle.py FOLDER [CASE]... [--dtype D] [--steps N] [--frames F] [--height H] [--width W] [--seed S] [--tokenizer DIR]
writes the model to FOLDER/model and each case to FOLDER/CASE.safetensors (sizes and options in its metadata). `steps` counts
evaluations of the transformer: diffusers' num_inference_steps is one more, because it counts the final zero.

Names, i = step, clip, keyframe or tap: text.ids, text.embed, text.layer{0,1,2,24,49} (before what a tap adds),
vision.{pixel_values,grid,pooler_output,deepstack_features.i,block0}, vae.encode{i}.{pixels,moments},
state.{prompt_embeds,text_token_tags,keyframe{i},condition_latents.{i},condition_rows,position_ids,token_tags,video_indices,
audio_indices,text_indices,timesteps,audio_timesteps,latents,audio_latents,videos,audio}, plan{i}.{timestep,timestep_indices},
sigmas.{video,audio}, step{i}.in.{hidden_states,audio_hidden_states,encoder_hidden_states},
step{i}.{rope.cos,rope.sin,time_proj,temb,context_embedder,token_refiner,proj_in,audio_proj_in,block0.adaln,block0.attn,block0..2,norm_out},
step{i}.out.{video,audio}, step{i}.{scheduler,audio_scheduler}.{timestep,before,velocity,after}, vae.clip{i}.{latents,frames},
audio_vae.{dec_in_proj,conv_pre,resblock0}."""
import argparse
import json
import math
import pathlib
import shutil
import warnings

import numpy as np
import oracle
import tiny_tokenizers
import torch
from diffusers import AutoencoderKLMiniMaxH3, AutoencoderKLMiniMaxH3Audio, MiniMaxH3Scheduler, MiniMaxH3Transformer3DModel, ModularPipeline
from diffusers.modular_pipelines.minimax_h3.denoise import MiniMaxH3DenoiseLoopWrapper
from diffusers.modular_pipelines.minimax_h3.modular_blocks_minimax_h3 import MiniMaxH3Blocks
from diffusers.modular_pipelines.minimax_h3.modular_pipeline import MiniMaxH3ModularPipeline
from safetensors.torch import save_file
from transformers import Qwen2Tokenizer, Qwen3VLConfig, Qwen3VLForConditionalGeneration
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

warnings.filterwarnings("ignore", message=".*weight_norm.*", category=FutureWarning)
MiniMaxH3DenoiseLoopWrapper._progress_bar_config = {"disable": True}
CASES = {"t2va": (), "first": ("first",), "last": ("last",), "first_last": ("first", "last")}
PROMPT = "A cat walks on the grass, <d>[English] hold on</d> and the waves break: 24 frames."
TRANSFORMER = dict(num_attention_heads=3, attention_head_dim=32, hidden_size=72, num_layers=3, num_refiner_layers=2, ffn_dim=80, in_channels=24,
                   audio_in_channels=32, patch_size=(1, 2, 2), text_dim=40, freq_dim=16, time_embed_hidden_dim=56, time_embed_dim=44,
                   rope_freq_dim=4, rope_theta=1e4)
_STATISTICS = torch.randn(4, 32, generator=torch.Generator().manual_seed(24))
VAE = dict(block_out_channels=(8, 12, 12, 16, 16, 20), norm_num_groups=4, layers_per_block=2, latent_channels=24, decoder_num_layers=3,
           decoder_num_attention_heads=2, decoder_attention_head_dim=32, decoder_num_register_tokens=4,
           latents_mean=[round(0.2 * v, 4) for v in _STATISTICS[0, :24].tolist()],
           latents_std=[round(0.8 * math.exp(0.2 * v), 4) for v in _STATISTICS[1, :24].tolist()])
AUDIO_VAE = dict(encoder_dim=4, encoder_rates=(2, 4, 4, 5, 5), latent_dim=128, latent_channels=32, num_attention_heads=2, decoder_dim=256,
                 latents_mean=[round(0.2 * v, 4) for v in _STATISTICS[2].tolist()],
                 latents_std=[round(0.8 * math.exp(0.2 * v), 4) for v in _STATISTICS[3].tolist()])
QWEN_SPECIALS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|object_ref_start|>", "<|object_ref_end|>", "<|box_start|>", "<|box_end|>",
                 "<|quad_start|>", "<|quad_end|>", "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>", "<|image_pad|>", "<|video_pad|>"]
H3_SPECIALS = ["<d>", "</d>", "<|cutoff|>", "<|lyrics_start|>", "<|lyrics_end|>", "<|caption_start|>", "<|caption_end|>"]
SPLIT = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
MERGES, VOCABULARY = 14, 300
TEXT = dict(hidden_size=40, intermediate_size=48, num_hidden_layers=52, num_attention_heads=4, num_key_value_heads=2, head_dim=16,
            vocab_size=VOCABULARY, rms_norm_eps=1e-6, max_position_embeddings=4096,
            rope_parameters=dict(rope_type="default", rope_theta=5e6, mrope_interleaved=True, mrope_section=[4, 2, 2]))
TOWER = dict(depth=4, hidden_size=24, intermediate_size=52, num_heads=2, num_position_embeddings=36, out_hidden_size=40,
             deepstack_visual_indexes=[0, 1, 2], hidden_act="gelu_pytorch_tanh")
LAYERS = (0, 1, 2, 24, 49)
PIXELS = dict(shortest_edge=1024, longest_edge=16777216)


def sensitive(module, seed, bias=0.3):
    """Every parameter from one generator, in the order of the names, so that each part matters."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, p in sorted(module.named_parameters()):
            r = torch.randn(p.shape, generator=generator)
            leaf = name.rsplit(".", 1)[-1]
            if any(k in name for k in ("embed_tokens", "pos_embed", "register_tokens")):
                p.copy_(r)
            elif leaf == "weight_g":
                p.copy_(p * (1 + 0.1 * r))           # beside weight_v: the size the module was made with
            elif leaf == "weight_v":
                p.copy_(p * (1 + 0.1 * r))
            elif any(k in name for k in ("norm_q.", "norm_k.", "q_norm.", "k_norm.")):
                p.copy_(1.5 + 0.3 * r)
            elif leaf in ("scale1", "scale2"):
                p.copy_(0.5 + 0.1 * r)
            elif leaf in ("alpha", "beta"):
                p.copy_(p + 0.2 * r)
            elif leaf == "bias" or leaf.endswith("_bias"):
                p.copy_(bias * r)
            elif p.ndim == 1:
                p.copy_(1 + 0.2 * r)
            else:
                p.copy_(r / math.sqrt(p[0].numel()))
    return module.eval()


def transformer(seed=1, **changes):
    return sensitive(MiniMaxH3Transformer3DModel(**{**TRANSFORMER, **changes}), seed)


def vae(seed=2, **changes):
    model = sensitive(AutoencoderKLMiniMaxH3(**{**VAE, **changes}), seed, bias=0.2)
    with torch.no_grad():
        # Or half of the samples are cut off at black and white, and tell nothing.
        model.decoder.proj_out.weight.mul_(0.6)
        model.decoder.proj_out.bias.mul_(0.6)
    return model


def audio_vae(seed=3, **changes):
    torch.manual_seed(seed)                          # the modules' own drawing, which weight norm needs
    return sensitive(AutoencoderKLMiniMaxH3Audio(**{**AUDIO_VAE, **changes}), seed, bias=0.02)


def text_encoder(seed=4, text=None, vision=None, ids=None):
    """text, vision: changes of the two configurations; ids: the numbers of the tokens, if not the tiny tokenizer's."""
    ids = ids or token_ids()
    config = Qwen3VLConfig(text_config={**TEXT, **(text or {})}, vision_config={**TOWER, **(vision or {})}, image_token_id=ids["<|image_pad|>"],
                           video_token_id=ids["<|video_pad|>"], vision_start_token_id=ids["<|vision_start|>"],
                           vision_end_token_id=ids["<|vision_end|>"])
    return sensitive(Qwen3VLForConditionalGeneration(config), seed)


def merges():
    import regex
    words = [tuple(tiny_tokenizers.spelled(w)) for w in regex.findall(SPLIT, tiny_tokenizers.TEXT)]
    return tiny_tokenizers.learn(words, MERGES)


def token_ids():
    """Every token of the tiny vocabulary and its number: bytes, merges, Qwen's specials, H3's."""
    found = tiny_tokenizers.tokens_of(list(tiny_tokenizers.bytes_to_unicode().values()), merges())
    for token in QWEN_SPECIALS + H3_SPECIALS:
        found[token] = len(found)
    assert len(found) <= VOCABULARY
    return found


def write_tokenizer(folder):
    """The files of a released tokenizer/: H3's own tokens are named only in tokenizer_config.json."""
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers
    ids = token_ids()
    plain = {k: v for k, v in ids.items() if k not in QWEN_SPECIALS + H3_SPECIALS}
    tiny_tokenizers.write_pair(folder, plain, merges())
    t = Tokenizer(models.BPE(vocab=plain, merges=merges()))
    t.normalizer = normalizers.NFC()
    t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(SPLIT), behavior="isolated"),
                                               pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    t.decoder = decoders.ByteLevel()
    t.add_special_tokens([AddedToken(s, special=True, normalized=False) for s in QWEN_SPECIALS])
    t.save(str(pathlib.Path(folder, "tokenizer.json")))
    added = {str(ids[s]): dict(content=s, lstrip=False, normalized=False, rstrip=False, single_word=False, special=True) for s in QWEN_SPECIALS}
    oracle.write_json(pathlib.Path(folder, "tokenizer_config.json"),
                      dict(tokenizer_class="Qwen2Tokenizer", add_prefix_space=False, bos_token=None, eos_token="<|im_end|>",
                           pad_token="<|endoftext|>", unk_token=None, model_max_length=262144, added_tokens_decoder=added,
                           additional_special_tokens=H3_SPECIALS))
    return folder


def tokenizer(folder):
    made = Qwen2Tokenizer.from_pretrained(folder)
    if len(made) <= VOCABULARY:
        expected = token_ids()
        for token in QWEN_SPECIALS + H3_SPECIALS:
            got = made.convert_tokens_to_ids(token)
            assert got == expected[token], f"{token}: expected {expected[token]}, got {got}"
    return made


class Processor:
    """What the pipeline asks of Qwen3VLProcessor. The class itself wants torchvision for its videos, which nothing here has."""

    def __init__(self, ids):
        self.image_processor = Qwen2VLImageProcessorPil(size=PIXELS, patch_size=16, temporal_patch_size=2, merge_size=2,
                                                        image_mean=[0.5] * 3, image_std=[0.5] * 3)
        self._image, self._video = ids("<|image_pad|>"), ids("<|video_pad|>")

    def create_mm_token_type_ids(self, rows):
        return [[1 if i == self._image else 2 if i == self._video else 0 for i in row] for row in rows]


def processor(words):
    return Processor(words.convert_tokens_to_ids)


def save_pipeline(folder, seed=0, words=None, **parts):
    """The model as `ModularPipeline.save_pretrained` writes it. `parts` replace parts, `words` is a tokenizer's folder."""
    folder = pathlib.Path(folder)
    made = MiniMaxH3Blocks().init_pipeline()
    makers = dict(transformer=lambda: transformer(seed + 1), vae=lambda: vae(seed + 2), audio_vae=lambda: audio_vae(seed + 3),
                  text_encoder=lambda: text_encoder(seed + 4), scheduler=lambda: MiniMaxH3Scheduler(shift=12.0),
                  audio_scheduler=lambda: MiniMaxH3Scheduler(shift=3.0))
    made.update_components(**{name: parts[name] if name in parts else make() for name, make in makers.items()})
    made.save_pretrained(str(folder), overwrite_modular_index=True)
    if words:
        shutil.copytree(words, folder / "tokenizer", dirs_exist_ok=True)
    else:
        write_tokenizer(folder / "tokenizer")
    shutil.copytree(folder / "tokenizer", folder / "processor", dirs_exist_ok=True)
    oracle.write_json(folder / "processor/preprocessor_config.json",
                      dict(size=PIXELS, patch_size=16, temporal_patch_size=2, merge_size=2, image_mean=[0.5] * 3, image_std=[0.5] * 3,
                           processor_class="Qwen3VLProcessor", image_processor_type="Qwen2VLImageProcessorFast"))
    # The index names an absolute folder for each part, and none for those that were written by hand: one relative to itself.
    index = json.loads((folder / "modular_model_index.json").read_text())
    for name, value in index.items():
        if isinstance(value, list) and len(value) == 3 and (folder / name).is_dir():
            if value[0] is None:
                value[0], value[1] = "transformers", {"tokenizer": "Qwen2Tokenizer", "processor": "Qwen3VLProcessor"}[name]
            value[2].update(pretrained_model_name_or_path="", subfolder=name)
    oracle.write_json(folder / "modular_model_index.json", index)
    oracle.write_json(folder / "model_index.json", index)
    return folder


LOADED = ("transformer", "vae", "audio_vae", "text_encoder", "scheduler", "audio_scheduler")


def load(folder, dtype=torch.float32):
    """The pipeline of a folder, with each part in the type diffusers gives it for `dtype`."""
    folder = pathlib.Path(folder)
    made = ModularPipeline.from_pretrained(str(folder))
    classes = dict(transformer=MiniMaxH3Transformer3DModel, vae=AutoencoderKLMiniMaxH3, audio_vae=AutoencoderKLMiniMaxH3Audio,
                   text_encoder=Qwen3VLForConditionalGeneration)
    parts = {name: cls.from_pretrained(str(folder / name), torch_dtype=dtype).eval() for name, cls in classes.items()}
    for name in ("scheduler", "audio_scheduler"):
        parts[name] = MiniMaxH3Scheduler.from_pretrained(str(folder / name))
    words = tokenizer(folder / "tokenizer")
    made.update_components(tokenizer=words, processor=processor(words), **parts)
    for name in LOADED:
        assert getattr(made, name, None) is not None, f"{name} was not loaded"
    return made


class Recorder:
    """Keeps copies of what the hooked modules and wrapped functions see, under the names of this file's head."""

    def __init__(self, pipe):
        self.found, self._undo, self.pipe, self.step, self._counts = {}, [], pipe, -1, {}

    def keep(self, name, tensor):
        self.found[name] = tensor.detach().clone().contiguous()

    def hook(self, module, name, take=lambda out: out, stepped=False):
        def seen(_, __, out):
            self.keep(f"step{self.step}.{name}" if stepped else name, take(out))
        self._undo.append(module.register_forward_hook(seen).remove)

    def wrap(self, holder, name, make):
        original = getattr(holder, name)
        setattr(holder, name, make(original))
        self._undo.append(lambda: setattr(holder, name, original))

    def number(self, what):
        self._counts[what] = self._counts.get(what, -1) + 1
        return self._counts[what]

    def end(self):
        for undo in reversed(self._undo):
            undo()
        return self.found


def _first(out):
    return out[0] if isinstance(out, tuple) else out


def _hook_text(r):
    model = r.pipe.text_encoder.model
    r.hook(model.language_model.embed_tokens, "text.embed")
    for i in LAYERS:
        if i < len(model.language_model.layers):
            r.hook(model.language_model.layers[i], f"text.layer{i}", _first)

    def inputs(_, args, kwargs):
        for name, key in (("input_ids", "text.ids"), ("pixel_values", "vision.pixel_values"), ("image_grid_thw", "vision.grid")):
            if kwargs.get(name) is not None:
                r.keep(key, kwargs[name])
    r._undo.append(model.register_forward_pre_hook(inputs, with_kwargs=True).remove)

    def tower(_, __, out):
        r.keep("vision.pooler_output", out.pooler_output if torch.is_tensor(out.pooler_output) else torch.cat(list(out.pooler_output)))
        for j, tap in enumerate(out.deepstack_features):
            r.keep(f"vision.deepstack_features.{j}", tap)
    r._undo.append(model.visual.register_forward_hook(tower).remove)
    r.hook(model.visual.blocks[0], "vision.block0", _first)


def _hook_transformer(r):
    net = r.pipe.transformer

    def begin(_, args, kwargs):
        r.step += 1
        for name in ("hidden_states", "audio_hidden_states", "encoder_hidden_states"):
            r.keep(f"step{r.step}.in.{name}", kwargs[name])
        r.keep(f"plan{r.step}.timestep", kwargs["timestep"])
        r.keep(f"plan{r.step}.timestep_indices", kwargs["timestep_indices"])
        for name in ("position_ids", "token_tags", "video_indices", "audio_indices", "text_indices"):
            r.keep(f"state.{name}", kwargs[name])
    r._undo.append(net.register_forward_pre_hook(begin, with_kwargs=True).remove)
    r.hook(net.rope, "rope.cos", lambda o: o[0], True)
    r.hook(net.rope, "rope.sin", lambda o: o[1], True)
    for name, module in (("time_proj", net.time_proj), ("temb", net.time_embedder), ("context_embedder", net.context_embedder),
                         ("token_refiner", net.token_refiner), ("proj_in", net.proj_in), ("audio_proj_in", net.audio_proj_in),
                         ("block0.attn", net.transformer_blocks[0].attn), ("norm_out", net.norm_out)):
        r.hook(module, name, stepped=True)
    r.hook(net.transformer_blocks[0].adaln_proj, "block0.adaln", lambda o: torch.cat(o, dim=-1), True)
    for i in range(min(3, len(net.transformer_blocks))):
        r.hook(net.transformer_blocks[i], f"block{i}", stepped=True)
    r.hook(net, "out.video", lambda o: o[0], True)
    r.hook(net, "out.audio", lambda o: o[1], True)


def _wrap_schedulers(r):
    for name, modality in (("scheduler", "video"), ("audio_scheduler", "audio")):
        def make(original, name=name, modality=modality):
            def step(velocity, timestep, sample, **more):
                out = original(velocity, timestep, sample, **more)
                r.keep(f"sigmas.{modality}", getattr(r.pipe, name).sigmas)
                r.keep(f"state.{'' if modality == 'video' else 'audio_'}timesteps", getattr(r.pipe, name).timesteps)
                for key, value in (("timestep", timestep), ("before", sample), ("velocity", velocity), ("after", out[0])):
                    r.keep(f"step{r.step}.{name}.{key}", value)
                return out
            return step
        r.wrap(getattr(r.pipe, name), "step", make)


def _hook_autoencoders(r):
    def clip(prefix, given, made):
        def make(original):
            def coded(x):
                i, out = r.number(prefix), original(x)
                r.keep(f"vae.{prefix}{i}.{given}", x)
                r.keep(f"vae.{prefix}{i}.{made}", out)
                return out
            return coded
        return make
    r.wrap(r.pipe.vae, "_decode_clip", clip("clip", "latents", "frames"))
    r.wrap(r.pipe.vae, "_encode_clip", clip("encode", "pixels", "moments"))
    r.hook(r.pipe.audio_vae.dec_in_proj, "audio_vae.dec_in_proj")
    r.hook(r.pipe.audio_vae.decoder.conv_pre, "audio_vae.conv_pre")
    r.hook(r.pipe.audio_vae.decoder.resblocks[0], "audio_vae.resblock0")


def pictures(case, width, height):
    """The pictures of a case: the anchor is stretched and a follower cropped, so neither has the canvas's shape."""
    given = {}
    if "first" in CASES[case]:
        given["image"] = oracle.picture(80, 48, seed=5)
    if "last" in CASES[case]:
        given["last_image"] = oracle.picture(100, 90, seed=6)
    return given


@torch.no_grad()
def run(pipe, case, *, width=96, height=64, frames=124, steps=2, seed=7, prompt=PROMPT, given=None):
    """One request, every intermediate tensor. given: the pictures, instead of those of the case."""
    r = Recorder(pipe)
    for hook in (_hook_text, _hook_transformer, _wrap_schedulers, _hook_autoencoders):
        hook(r)
    # The networks do less than five seconds as well, which is what a test can wait for.
    shortest, longest = MiniMaxH3ModularPipeline.min_duration, MiniMaxH3ModularPipeline.max_duration
    MiniMaxH3ModularPipeline.min_duration, MiniMaxH3ModularPipeline.max_duration = property(lambda _: 0.0), property(lambda _: 1e3)
    try:
        given = pictures(case, width, height) if given is None else given
        state = pipe(prompt=prompt, width=width, height=height, num_frames=frames, num_inference_steps=steps + 1,
                     generator=torch.Generator().manual_seed(seed), output_type="pt", **given)
    finally:
        MiniMaxH3ModularPipeline.min_duration, MiniMaxH3ModularPipeline.max_duration = shortest, longest
        found = r.end()
    for name in ("prompt_embeds", "text_token_tags", "condition_rows", "latents", "audio_latents", "audio"):
        value = state.get(name)
        if value is not None:
            found[f"state.{name}"] = value.detach().clone().contiguous()
    videos = state.get("videos")
    found["state.videos"] = torch.as_tensor(videos if torch.is_tensor(videos) else videos[0]).clone().contiguous()
    for i, keyframe in enumerate(state.get("keyframes") or []):
        found[f"state.keyframe{i}"] = torch.from_numpy(np.array(keyframe).copy())
    for i, latents in enumerate(state.get("condition_latents") or []):
        found[f"state.condition_latents.{i}"] = latents.clone().contiguous()
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("cases", nargs="*", help=f"of {', '.join(CASES)}; all without")
    parser.add_argument("--dtype", default="float32", choices=("float32", "bfloat16"))
    for name, default in (("steps", 2), ("frames", 124), ("height", 64), ("width", 96), ("seed", 7)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--tokenizer", type=pathlib.Path, help="a released tokenizer's folder; the embedding gets its size")
    chosen = parser.parse_args()
    model = chosen.folder / "model"
    parts = {}
    if chosen.tokenizer:
        ids = tokenizer(chosen.tokenizer).get_vocab()
        parts = dict(words=chosen.tokenizer, text_encoder=text_encoder(4, dict(vocab_size=max(ids.values()) + 1), ids=ids))
    pipe = load(save_pipeline(model, **parts), getattr(torch, chosen.dtype))
    for case in chosen.cases or CASES:
        options = {name: getattr(chosen, name) for name in ("steps", "frames", "height", "width", "seed")}
        found = run(pipe, case, **options)
        save_file(found, chosen.folder / f"{case}.safetensors",
                  metadata={**{k: str(v) for k, v in options.items()}, "dtype": chosen.dtype, "case": case, "prompt": PROMPT})
        print(f"{case}: {len(found)} tensors", flush=True)


if __name__ == "__main__":
    main()
