"""
A checkpoint → weights to keep → a GGUF file.

    python train/export.py train/checkpoints/main/decayed.pt models/lfm-edge-12m.safetensors
    python train/export.py models/lfm-edge-12m.safetensors models/lfm-edge-12m-Q4_0.gguf

The second takes the type from the file's name: F16, Q8_0, or Q4_0, which is for experts, with Q8_0 for other matrices; norms, router, expert
bias and taps are F32.
"""

import argparse
import json
import re
from pathlib import Path

import numpy as np
import torch
import weights
from config import Config
from gguf import GGMLQuantizationType, GGUFWriter, LlamaFileType, quants
from model import Model
from tokenizer import BOS, CONTROL, EOS, PAD, USER_DEFINED
from tokenizer import load as load_tokenizer

NAME = "lfm-edge demo 12M"
DESCRIPTION = (
    "A demonstration model made for lfm-edge: tool calls, JSON extraction, answers from a given text, small talk. "
    "It was trained on made-up conversations only and knows nothing of the world."
)
TEMPLATE = Path(__file__).with_name("template.jinja")
NORMAL_TOKEN, CONTROL_TOKEN, USER_DEFINED_TOKEN = 1, 3, 4  # ggml's token types

# llama.cpp, gguf-py/gguf/tensor_mapping.py
LAYER_NAMES = {
    "operator_norm.weight": "attn_norm.weight",
    "ffn_norm.weight": "ffn_norm.weight",
    "conv.in_proj.weight": "shortconv.in_proj.weight",
    "conv.taps": "shortconv.conv.weight",
    "conv.out_proj.weight": "shortconv.out_proj.weight",
    "self_attn.q_proj.weight": "attn_q.weight",
    "self_attn.k_proj.weight": "attn_k.weight",
    "self_attn.v_proj.weight": "attn_v.weight",
    "self_attn.out_proj.weight": "attn_output.weight",
    "self_attn.q_layernorm.weight": "attn_q_norm.weight",
    "self_attn.k_layernorm.weight": "attn_k_norm.weight",
    "feed_forward.w1.weight": "ffn_gate.weight",
    "feed_forward.w3.weight": "ffn_up.weight",
    "feed_forward.w2.weight": "ffn_down.weight",
    "feed_forward.router": "ffn_gate_inp.weight",
    "feed_forward.expert_bias": "exp_probs_b.bias",
    "feed_forward.down": "ffn_down_exps.weight",
}
KEPT_F32 = ("norm.weight", "ffn_gate_inp.weight", "exp_probs_b.bias", "shortconv.conv.weight")


def gguf_tensors(model: Model) -> dict[str, torch.Tensor]:
    tensors = {}
    for name, tensor in model.state_dict().items():
        if name == "embed_tokens.weight":
            tensors["token_embd.weight"] = tensor
        elif name == "embedding_norm.weight":
            tensors["token_embd_norm.weight"] = tensor
        else:
            _, i, rest = name.split(".", 2)
            if rest == "feed_forward.gate_up":
                tensors[f"blk.{i}.ffn_gate_exps.weight"], tensors[f"blk.{i}.ffn_up_exps.weight"] = tensor.chunk(2, dim=1)
            else:
                tensors[f"blk.{i}.{LAYER_NAMES[rest]}"] = tensor
    return tensors


def blocks(name: str, tensor: torch.Tensor, type: GGMLQuantizationType) -> tuple[np.ndarray, GGMLQuantizationType]:
    if name.endswith(KEPT_F32):
        type = GGMLQuantizationType.F32
    elif type == GGMLQuantizationType.Q4_0 and not name.endswith("_exps.weight"):
        type = GGMLQuantizationType.Q8_0  # a third of the weights, which all tokens use
    return quants.quantize(tensor.float().contiguous().numpy(), type), type


def describe(writer: GGUFWriter, config: Config, type: str) -> None:
    writer.add_type("model")
    writer.add_name(NAME)
    writer.add_description(DESCRIPTION)
    writer.add_license("Apache-2.0")
    writer.add_file_type(LlamaFileType[f"MOSTLY_{type}"])
    writer.add_quantization_version(2)
    writer.add_block_count(len(config.layers))
    writer.add_context_length(config.context_length)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.n_heads)
    writer.add_head_count_kv([config.n_kv_heads if layer == "a" else 0 for layer in config.layers])
    writer.add_layer_norm_rms_eps(config.norm_eps)
    writer.add_rope_freq_base(config.rope_theta)
    writer.add_vocab_size(config.vocab_size)
    writer.add_shortconv_l_cache(3)
    writer.add_expert_count(config.n_experts)
    writer.add_expert_used_count(config.n_experts_per_token)
    writer.add_expert_feed_forward_length(config.moe_intermediate_size)
    writer.add_leading_dense_block_count(config.n_dense_layers)
    writer.add_uint32("lfm2moe.expert_gating_func", 2)  # sigmoid


def describe_tokenizer(writer: GGUFWriter) -> None:
    tokenizer = load_tokenizer()
    tokens = [tokenizer.id_to_token(id) for id in range(tokenizer.get_vocab_size())]
    types = {**dict.fromkeys(CONTROL, CONTROL_TOKEN), **dict.fromkeys(USER_DEFINED, USER_DEFINED_TOKEN)}
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("lfm2")
    writer.add_token_list(tokens)
    writer.add_token_types([types.get(token, NORMAL_TOKEN) for token in tokens])
    writer.add_token_merges([" ".join(merge) for merge in json.loads(tokenizer.to_str())["model"]["merges"]])
    writer.add_bos_token_id(BOS)
    writer.add_eos_token_id(EOS)
    writer.add_pad_token_id(PAD)
    writer.add_add_bos_token(True)
    writer.add_chat_template(TEMPLATE.read_text(encoding="utf-8"))


def write_gguf(model: Model, path: Path, type: str) -> None:
    writer = GGUFWriter(path, "lfm2moe")
    describe(writer, model.config, type)
    describe_tokenizer(writer)
    for name, tensor in gguf_tensors(model).items():
        data, kept = blocks(name, tensor, GGMLQuantizationType[type])
        writer.add_tensor(name, data, raw_dtype=kept)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path, help="a checkpoint (.pt) or weights (.safetensors)")
    parser.add_argument("target", type=Path, help="weights (.safetensors) or a model (.gguf)")
    args = parser.parse_args()
    model, progress = weights.load(args.source)
    if args.target.suffix == ".safetensors":
        weights.save(model, args.target, progress)
    else:
        type = re.search(r"-(Q8_0|Q4_0|F16)\.gguf$", args.target.name)
        if type is None:
            parser.error(f"{args.target.name} does not end in -Q8_0.gguf, -Q4_0.gguf or -F16.gguf")
        write_gguf(model, args.target, type[1])
    print(f"{args.target}: {args.target.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
