# SPDX-License-Identifier: LGPL-2.1-or-later
"""The reference side of the parity tests: tiny HunyuanVideo parts in diffusers and transformers, their
weights drawn so that mistakes show, and the comparison.

Default initialisation hides errors (a wrong rotary layout changes the output by less than 1 %), so
`sensitive` draws every parameter from one seeded generator at a scale that lets each part matter."""
import json
import math
import os
import pathlib
import subprocess
import sys
import tempfile

try:
    import diffusers
    import torch
    import transformers
    from safetensors.torch import load_file, save_file
except ImportError as missing:
    print(f"skipped: {missing}; tools/setup tests installs the reference")
    sys.exit(77)

for package in (transformers, diffusers):
    package.utils.logging.set_verbosity_error()
    package.utils.logging.disable_progress_bar()
torch.set_num_threads(1)
torch.manual_seed(0)
BUILD = pathlib.Path(os.environ.get("ZT_BUILD", "build"))

TRANSFORMER = dict(
    in_channels=16, out_channels=16, num_attention_heads=4, attention_head_dim=24, num_layers=2, num_single_layers=3,
    num_refiner_layers=2, mlp_ratio=4.0, patch_size=2, patch_size_t=1, qk_norm="rms_norm", guidance_embeds=True,
    text_embed_dim=64, pooled_projection_dim=32, rope_theta=256.0, rope_axes_dim=(4, 10, 10), image_condition_type=None)
VAE = dict(
    in_channels=3, out_channels=3, latent_channels=16, block_out_channels=(16, 32, 32, 32), layers_per_block=2,
    norm_num_groups=8, scaling_factor=0.476986,
    down_block_types=("HunyuanVideoDownBlock3D",) * 4, up_block_types=("HunyuanVideoUpBlock3D",) * 4)
KINDS = {
    "t2v": {},
    "token_replace": dict(image_condition_type="token_replace"),
    "latent_concat": dict(in_channels=33, guidance_embeds=False, image_condition_type="latent_concat"),
}


def sensitive(module, seed, bias=0.3):
    """Every parameter from one generator, in the order of the names."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, p in sorted(module.named_parameters()):
            r = torch.randn(p.shape, generator=generator)
            leaf = name.rsplit(".", 1)[-1]
            if p.ndim >= 2:
                embedding = "embed" in name and leaf == "weight" and p.ndim == 2 and "proj" not in name and "linear" not in name
                p.copy_(r if embedding else r / math.sqrt(p[0].numel()))
            elif leaf == "bias":
                p.copy_(bias * r)
            elif any(k in name for k in ("norm_q", "norm_k", "norm_added_q", "norm_added_k")):
                p.copy_(1.5 + 0.3 * r)
            else:
                p.copy_(1 + 0.2 * r)
    return module.eval()


def transformer(kind="t2v", seed=1, **changes):
    config = {**TRANSFORMER, **KINDS[kind], **changes}
    return sensitive(diffusers.HunyuanVideoTransformer3DModel(**config), seed)


def vae(seed=2, **changes):
    return sensitive(diffusers.AutoencoderKLHunyuanVideo(**{**VAE, **changes}), seed, bias=0.2)


def llm_config(vocab, **changes):
    config = dict(vocab_size=vocab, hidden_size=64, intermediate_size=160, num_hidden_layers=4, num_attention_heads=4,
                  num_key_value_heads=2, rms_norm_eps=1e-5, max_position_embeddings=2048,
                  rope_parameters={"rope_type": "default", "rope_theta": 500000.0}, attention_bias=False)
    return transformers.LlamaConfig(**{**config, **changes})


def llm(vocab, seed=3, **changes):
    return sensitive(transformers.LlamaModel(llm_config(vocab, **changes)), seed)


def clip_text(vocab, seed=4, **changes):
    config = dict(vocab_size=vocab, hidden_size=32, intermediate_size=64, num_hidden_layers=3, num_attention_heads=4,
                  max_position_embeddings=77, hidden_act="quick_gelu", projection_dim=32,
                  bos_token_id=vocab - 2, eos_token_id=vocab - 1, pad_token_id=vocab - 1)
    return sensitive(transformers.CLIPTextModel(transformers.CLIPTextConfig(**{**config, **changes})), seed)


def llava(vocab, image_token, pad_token, seed=6, text=None, **vision):
    """The LLM of the picture-to-video models: a CLIP vision tower, a projector and a LLaMA. `text` changes the LLM's
    configuration, the other keywords the tower's."""
    tower = dict(hidden_size=48, intermediate_size=96, num_hidden_layers=4, num_attention_heads=4, image_size=28, patch_size=7,
                 hidden_act="quick_gelu", projection_dim=32)
    config = transformers.LlavaConfig(
        vision_config=transformers.CLIPVisionConfig(**{**tower, **vision}), text_config=llm_config(vocab, **(text or {})),
        image_token_index=image_token, pad_token_id=pad_token, vision_feature_layer=-2, projector_hidden_act="gelu")
    return sensitive(transformers.LlavaForConditionalGeneration(config), seed)


def rel_l2(ours, reference):
    a, b = ours.double().flatten(), reference.double().flatten()
    assert a.shape == b.shape, f"expected shape {tuple(reference.shape)}, got {tuple(ours.shape)}"
    return ((a - b).norm() / b.norm().clamp_min(1e-30)).item()


def cosine(ours, reference):
    a, b = ours.double().flatten(), reference.double().flatten()
    return (a @ b / (a.norm() * b.norm())).item()


def psnr(ours, reference, peak=1.0):
    mse = (ours.double() - reference.double()).pow(2).mean().item()
    return math.inf if mse == 0 else 10 * math.log10(peak * peak / mse)


class Report:
    """Counts comparisons, prints each with its figure, fails at the end."""

    def __init__(self):
        self.failed = self.passed = 0

    def check(self, what, good, figure=""):
        good = bool(good)
        print(f"{'ok  ' if good else 'FAIL'} {what} {figure}", flush=True)
        self.passed += good
        self.failed += not good

    def below(self, what, value, bar):
        self.check(what, value <= bar, f"{value:.3g} (bar {bar:g})")

    def above(self, what, value, bar):
        self.check(what, value >= bar, f"{value:.6g} (bar {bar:g})")

    def end(self):
        print(f"{self.passed} comparisons passed, {self.failed} failed")
        sys.exit(1 if self.failed or not self.passed else 0)


def run_stage(program, stage, tensors, environment=None, **options):
    """Runs a stage program on tensors; returns what it wrote."""
    with tempfile.TemporaryDirectory(prefix="parity-", dir=BUILD) as folder:
        given, result = (str(pathlib.Path(folder, n)) for n in ("in.safetensors", "out.safetensors"))
        save_file({k: v.detach().contiguous().clone() for k, v in tensors.items()}, given)
        line = [os.path.abspath(program), stage, given, result] + [f"{k}={v}" for k, v in options.items()]
        done = subprocess.run(line, env={**os.environ, **(environment or {})}, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"{stage}: {done.stderr.strip()}")
        return load_file(result)


def prefixed(prefix, tensors):
    return {prefix + k: v for k, v in tensors.items()}


def _rows():
    """The rename table of docs/internals/hunyuan-video.md: original module, diffusers modules, operation."""
    yield "img_in.proj", ["x_embedder.proj"], "copy"
    for ours, theirs in (("time_in", "timestep_embedder"), ("guidance_in", "guidance_embedder")):
        yield f"{ours}.mlp.0", [f"time_text_embed.{theirs}.linear_1"], "copy"
        yield f"{ours}.mlp.2", [f"time_text_embed.{theirs}.linear_2"], "copy"
    yield "vector_in.in_layer", ["time_text_embed.text_embedder.linear_1"], "copy"
    yield "vector_in.out_layer", ["time_text_embed.text_embedder.linear_2"], "copy"
    yield "txt_in.input_embedder", ["context_embedder.proj_in"], "copy"
    for n in (0, 2):
        yield f"txt_in.t_embedder.mlp.{n}", [f"context_embedder.time_text_embed.timestep_embedder.linear_{n // 2 + 1}"], "copy"
    for n in (1, 2):
        yield f"txt_in.c_embedder.linear_{n}", [f"context_embedder.time_text_embed.text_embedder.linear_{n}"], "copy"
    a, b = "txt_in.individual_token_refiner.blocks.{}.", "context_embedder.token_refiner.refiner_blocks.{}."
    for r in range(8):
        a_, b_ = a.format(r), b.format(r)
        yield a_ + "norm1", [b_ + "norm1"], "copy"
        yield a_ + "norm2", [b_ + "norm2"], "copy"
        yield a_ + "self_attn_qkv", [b_ + f"attn.to_{x}" for x in "qkv"], "cat"
        yield a_ + "self_attn_proj", [b_ + "attn.to_out.0"], "copy"
        yield a_ + "mlp.fc1", [b_ + "ff.net.0.proj"], "copy"
        yield a_ + "mlp.fc2", [b_ + "ff.net.2"], "copy"
        yield a_ + "adaLN_modulation.1", [b_ + "norm_out.linear"], "copy"
    for i in range(64):
        a_, b_ = f"double_blocks.{i}.", f"transformer_blocks.{i}."
        yield a_ + "img_mod.linear", [b_ + "norm1.linear"], "copy"
        yield a_ + "txt_mod.linear", [b_ + "norm1_context.linear"], "copy"
        yield a_ + "img_attn_qkv", [b_ + f"attn.to_{x}" for x in "qkv"], "cat"
        yield a_ + "txt_attn_qkv", [b_ + f"attn.add_{x}_proj" for x in "qkv"], "cat"
        yield a_ + "img_attn_q_norm", [b_ + "attn.norm_q"], "copy"
        yield a_ + "img_attn_k_norm", [b_ + "attn.norm_k"], "copy"
        yield a_ + "txt_attn_q_norm", [b_ + "attn.norm_added_q"], "copy"
        yield a_ + "txt_attn_k_norm", [b_ + "attn.norm_added_k"], "copy"
        yield a_ + "img_attn_proj", [b_ + "attn.to_out.0"], "copy"
        yield a_ + "txt_attn_proj", [b_ + "attn.to_add_out"], "copy"
        for ours, theirs in (("img_mlp", "ff"), ("txt_mlp", "ff_context")):
            yield f"{a_}{ours}.fc1", [f"{b_}{theirs}.net.0.proj"], "copy"
            yield f"{a_}{ours}.fc2", [f"{b_}{theirs}.net.2"], "copy"
        a_, b_ = f"single_blocks.{i}.", f"single_transformer_blocks.{i}."
        yield a_ + "linear1", [b_ + f"attn.to_{x}" for x in "qkv"] + [b_ + "proj_mlp"], "cat"
        yield a_ + "linear2", [b_ + "proj_out"], "copy"
        yield a_ + "q_norm", [b_ + "attn.norm_q"], "copy"
        yield a_ + "k_norm", [b_ + "attn.norm_k"], "copy"
        yield a_ + "modulation.linear", [b_ + "norm.linear"], "copy"
    yield "final_layer.linear", ["proj_out"], "copy"
    yield "final_layer.adaLN_modulation.1", ["norm_out.linear"], "swap"


def original_names(state):
    """A diffusers transformer's state dict under the names and in the fused layout of the original files."""
    state, out = dict(state), {}
    for ours, theirs, operation in _rows():
        for leaf in ("weight", "bias"):
            names = [f"{t}.{leaf}" for t in theirs]
            if names[0] not in state:
                continue
            parts = [state.pop(n) for n in names]
            tensor = torch.cat(parts) if operation == "cat" else parts[0]
            if operation == "swap":
                tensor = torch.cat(tensor.chunk(2)[::-1])
            out[f"{ours}.{leaf}"] = tensor
    assert not state, f"no original name for {sorted(state)[:3]}"
    return out


def prompt_template(kind, tokenizer, image_tokens=16):
    """The pipeline's own template with its places counted in a tiny vocabulary (they are constants of the real one)."""
    from diffusers.pipelines.hunyuan_video import pipeline_hunyuan_video as text, pipeline_hunyuan_video_image2video as picture
    template = (text if kind == "t2v" else picture).DEFAULT_PROMPT_TEMPLATE["template"]
    before = tokenizer(template[:template.index("{}")]).input_ids
    places = {"template": template, "crop_start": len(before)}
    if kind != "t2v":
        start = before.index(tokenizer.convert_tokens_to_ids("<image>"))
        places.update(image_emb_start=start, image_emb_end=start + image_tokens, image_emb_len=image_tokens)
    return places


def pipeline(kind, seed=0, **parts):
    """A complete tiny diffusers pipeline, fp32: kind is "t2v", "token_replace" or "latent_concat"; `parts` replace parts
    (transformer=..., vae=..., text_encoder=..., text_encoder_2=..., scheduler=...). The same seed gives the same weights."""
    import tiny_tokenizers
    tokenizer, tokenizer_2 = tiny_tokenizers.llama_fast(), tiny_tokenizers.clip_fast()
    vocab = len(tokenizer)
    if kind == "t2v":
        encoder = lambda: llm(vocab, seed + 3)
    else:
        encoder = lambda: llava(vocab, tokenizer.convert_tokens_to_ids("<image>"), tokenizer.pad_token_id, seed + 6)
    makers = dict(transformer=lambda: transformer(kind, seed + 1), vae=lambda: vae(seed + 2), text_encoder=encoder,
                  text_encoder_2=lambda: clip_text(len(tokenizer_2), seed + 4),
                  scheduler=lambda: diffusers.FlowMatchEulerDiscreteScheduler(shift=7.0))
    parts = {**{name: make() for name, make in makers.items() if name not in parts}, **parts}
    if kind == "t2v":
        made = diffusers.HunyuanVideoPipeline(tokenizer=tokenizer, tokenizer_2=tokenizer_2, **parts)
    else:
        made = diffusers.HunyuanVideoImageToVideoPipeline(
            tokenizer=tokenizer, tokenizer_2=tokenizer_2, **parts,
            image_processor=transformers.CLIPImageProcessorPil(size={"shortest_edge": 28}, crop_size={"height": 28, "width": 28}))
    made.set_progress_bar_config(disable=True)
    return made


def large_pipeline(dtype):
    """Large enough for time and memory to mean something: a transformer of 103 M parameters; dtype "fp32" or "bf16"."""
    import tiny_tokenizers
    kind = dict(fp32=torch.float32, bf16=torch.bfloat16)[dtype]
    network = transformer(num_attention_heads=8, attention_head_dim=96, rope_axes_dim=(12, 42, 42), num_layers=2, num_single_layers=6,
                          text_embed_dim=512, pooled_projection_dim=32)
    reader = llm(len(tiny_tokenizers.llama_fast()), hidden_size=512, intermediate_size=1408, num_hidden_layers=8, num_attention_heads=8,
                 num_key_value_heads=4)
    return pipeline("t2v", transformer=network.to(kind), text_encoder=reader.to(kind), vae=vae(block_out_channels=(32, 64, 128, 128)).to(kind))


def save_pipeline(kind, folder, seed=0, **parts):
    """pipeline(kind, seed, **parts) written to `folder` as a diffusers folder (model_index.json, transformer/, vae/,
    text_encoder/, text_encoder_2/, tokenizer/, tokenizer_2/, scheduler/, for pictures image_processor/): what
    `t2vsrc=model=FOLDER` opens. Returns the pipeline.

        pipe = oracle.save_pipeline("t2v", folder)
        frames = oracle.frames(pipe, "A cat walks.", width=64, height=48, frames=9, steps=4, seed=1)
    """
    made = pipeline(kind, seed, **parts)
    made.save_pretrained(folder)
    return made


def kind_of(pipe):
    return pipe.transformer.config.image_condition_type or "t2v"


def frames(pipe, prompt, *, width, height, frames, steps, seed, guidance=6.0, true_cfg=1.0, negative=None, image=None, **more):
    """The pipeline's frames, fp32 in 0..1, [frames, height, width, 3]. `frames` counts what comes out: latent_concat
    computes four more. image: PIL picture (I2V only); negative and true_cfg > 1 switch true CFG on."""
    kind = kind_of(pipe)
    pipe.vae.enable_tiling()   # the engine's default; without effect up to 256 px
    extra = {} if image is None else {"image": image}
    result = pipe(prompt=prompt, negative_prompt=negative, width=width, height=height,
                  num_frames=frames + (4 if kind == "latent_concat" else 0), num_inference_steps=steps, guidance_scale=guidance,
                  true_cfg_scale=true_cfg, generator=torch.Generator().manual_seed(seed), output_type="pt",
                  prompt_template=prompt_template(kind, pipe.tokenizer), **extra, **more)
    return result.frames[0].permute(0, 2, 3, 1).float().contiguous()


def picture(width, height, seed=5):
    """A smooth coloured PIL picture that is different in every corner."""
    from PIL import Image
    small = torch.randint(0, 256, (4, 5, 3), generator=torch.Generator().manual_seed(seed), dtype=torch.uint8)
    return Image.fromarray(small.numpy()).resize((width, height), Image.Resampling.BICUBIC)


def write_json(path, value):
    pathlib.Path(path).write_text(json.dumps(value, indent=1), encoding="utf-8")
