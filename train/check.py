"""
Is the model what it says?

    python train/check.py                                    our forward pass against transformers' Lfm2MoeForCausalLM, on random weights
    python train/check.py models/lfm-edge-12m-Q4_0.gguf      the engine's logits against ours on the file's weights
"""

import subprocess
import sys
import tempfile
from itertools import islice
from pathlib import Path

import torch
import weights
from config import Config
from data import generate
from gguf import GGUFReader, quants
from model import Batch, Model
from prepare import encode
from transformers import Lfm2MoeConfig, Lfm2MoeForCausalLM

ROOT = Path(__file__).parent.parent
LOGIT_TOLERANCE = 1e-4  # f32 sums in another order; logits here have a standard deviation of about 1
F16_TOLERANCE = 1e-5  # KL, nats
QUANTIZED_TOLERANCE = 1e-2  # activations are int8 there, which can tip a router's choice (1e-7 to 3e-3 was seen)


def random_model(config: Config) -> Model:
    torch.manual_seed(1)
    model = Model(config).eval()
    for name, tensor in model.state_dict().items():
        torch.nn.init.normal_(tensor, mean=1 if name.endswith("norm.weight") else 0, std=0.1)
    return model


def transformers_model(model: Model) -> Lfm2MoeForCausalLM:
    config = model.config
    theirs = Lfm2MoeForCausalLM(
        Lfm2MoeConfig(
            vocab_size=config.vocab_size,
            hidden_size=config.hidden_size,
            intermediate_size=config.intermediate_size,
            moe_intermediate_size=config.moe_intermediate_size,
            num_hidden_layers=len(config.layers),
            num_attention_heads=config.n_heads,
            num_key_value_heads=config.n_kv_heads,
            num_dense_layers=config.n_dense_layers,
            num_experts=config.n_experts,
            num_experts_per_tok=config.n_experts_per_token,
            norm_eps=config.norm_eps,
            rope_parameters={"rope_theta": config.rope_theta, "rope_type": "default"},
            layer_types=["conv" if layer == "c" else "full_attention" for layer in config.layers],
        )
    )
    # from_pretrained, as anyone would load the weights: experts are stacked there.
    with tempfile.TemporaryDirectory() as folder:
        theirs.config.save_pretrained(folder)
        weights.save(model, Path(folder) / "model.safetensors", {"step": 0, "tokens": 0, "seconds": 0})
        loaded = Lfm2MoeForCausalLM.from_pretrained(folder, dtype=torch.float32)
    return loaded.eval()


@torch.no_grad()
def check_forward() -> None:
    model = random_model(Config(vocab_size=300))
    for tensor in model.state_dict().values():
        tensor.copy_(tensor.bfloat16())  # what safetensors keep
    theirs = transformers_model(model)
    examples = [torch.randint(300, (length,)).tolist() for length in (50, 3, 1, 130, 2, 77)]
    logits = model(Batch.pack(examples, group_tokens=200))
    at = 0
    for example in examples:
        wanted = theirs(torch.tensor([example])).logits[0]
        worst = (logits[at : at + len(example)] - wanted).abs().max().item()
        print(f"{len(example)} tokens: logits differ by {worst:.1e} at most")
        assert worst < LOGIT_TOLERANCE
        at += len(example)


def read_gguf(path: Path) -> Model:
    """The model that the file's weights make, dequantised."""
    from export import LAYER_NAMES

    reader = GGUFReader(path)
    kv = {key: field.contents() for key, field in reader.fields.items()}
    of = {key.removeprefix("lfm2moe."): value for key, value in kv.items()}
    config = Config(
        vocab_size=of["vocab_size"],
        hidden_size=of["embedding_length"],
        layers="".join("a" if n else "c" for n in of["attention.head_count_kv"]),
        n_heads=of["attention.head_count"],
        n_kv_heads=max(of["attention.head_count_kv"]),
        intermediate_size=of["feed_forward_length"],
        moe_intermediate_size=of["expert_feed_forward_length"],
        n_dense_layers=of["leading_dense_block_count"],
        n_experts=of["expert_count"],
        n_experts_per_token=of["expert_used_count"],
        rope_theta=of["rope.freq_base"],
    )
    tensors = {t.name: torch.from_numpy(quants.dequantize(t.data, t.tensor_type).copy()) for t in reader.tensors}
    model = Model(config).eval()
    ours = {theirs: name for name, theirs in LAYER_NAMES.items()}
    state = {"embed_tokens.weight": tensors["token_embd.weight"], "embedding_norm.weight": tensors["token_embd_norm.weight"]}
    for name, tensor in tensors.items():
        if not name.startswith("blk."):
            continue
        _, i, rest = name.split(".", 2)
        if rest == "ffn_gate_exps.weight":
            state[f"layers.{i}.feed_forward.gate_up"] = torch.cat([tensor, tensors[f"blk.{i}.ffn_up_exps.weight"]], dim=1)
        elif rest != "ffn_up_exps.weight":
            state[f"layers.{i}.{ours[rest]}"] = tensor
    model.load_state_dict(state)
    return model


@torch.no_grad()
def check_engine(path: Path) -> None:
    model = read_gguf(path)
    worst = 0.0
    with tempfile.TemporaryDirectory() as folder:
        for i, example in enumerate(islice(generate("eval", 2), 8)):
            ids = encode(example)[0][:-8]
            file = Path(folder) / f"{i}.f32"
            command = ["node", ROOT / "dist/cli/main.js", "eval", path, "--ids", ",".join(map(str, ids)), "--logits", file, "--json"]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            engine = torch.frombuffer(bytearray(file.read_bytes()), dtype=torch.float32).log_softmax(-1)
            wanted = model(Batch.pack([ids]))[-1].log_softmax(-1)
            kl = (wanted.exp() * (wanted - engine)).sum().item()
            print(f"{len(ids)} tokens: KL {kl:.1e}")
            worst = max(worst, kl)
    tolerance = F16_TOLERANCE if path.name.endswith("-F16.gguf") else QUANTIZED_TOLERANCE
    assert worst < tolerance, f"KL {worst:.1e}"


if __name__ == "__main__":
    if len(sys.argv) > 1:
        check_engine(Path(sys.argv[1]))
    else:
        check_forward()
