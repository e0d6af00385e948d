"""What training computes in its own way is what the plain way gives."""

import time
import unittest
from argparse import ArgumentTypeError
from unittest.mock import patch

import torch
import torch.nn.functional as F
from batches import HALF_BELIEVED, believed
from config import Config
from experts import Experts, as_q4_0, grouped_linear
from gguf import GGMLQuantizationType, quants
from model import Batch, Model
from optimizer import Muon, orthogonalize
from schedule import WARM_UP, Schedule, time_of_day
from torch import nn
from widen import widen


def speaking(model: Model) -> Model:
    """A new model's layers say nothing yet."""
    for layer in model.layers:
        for p in layer.parameters():
            if not p.any():
                nn.init.normal_(p, std=0.1)
    return model.eval()


class GroupedLinear(unittest.TestCase):
    def test_values_and_gradients_are_those_of_each_group_alone(self) -> None:
        torch.manual_seed(0)
        counts = [3, 0, 2]
        x, weight = torch.randn(5, 4, requires_grad=True), torch.randn(3, 6, 4, requires_grad=True)
        wanted = torch.randn(5, 6)
        plain = torch.cat([part @ w.T for part, w in zip(x.split(counts), weight, strict=True)])
        expected = torch.autograd.grad((plain * wanted).sum(), (x, weight))
        y = grouped_linear(x, weight, torch.tensor(counts))
        torch.testing.assert_close(y, plain)
        torch.testing.assert_close(torch.autograd.grad((y * wanted).sum(), (x, weight)), expected)


class Packing(unittest.TestCase):
    def test_no_example_sees_another(self) -> None:
        torch.manual_seed(0)
        model = speaking(Model(Config(97, layers="cacac", n_experts=5)))
        examples = [torch.randint(97, (n,)).tolist() for n in (70, 5, 200, 3, 64)]
        together = model(Batch.pack(examples, group_tokens=128)).split([len(example) for example in examples])
        for example, logits in zip(examples, together, strict=True):
            torch.testing.assert_close(logits, model(Batch.pack([example])), atol=1e-4, rtol=1e-4)


class ExpertsInGroups(unittest.TestCase):
    def test_values_and_gradients_are_those_of_all_experts_weighed(self) -> None:
        torch.manual_seed(0)
        experts = Experts(Config(97, hidden_size=32, moe_intermediate_size=32, n_experts=6, n_experts_per_token=2))
        nn.init.normal_(experts.expert_bias, std=0.1)
        experts.expert_bias[3] = -9  # nobody's choice
        u, wanted = torch.randn(70, 32, requires_grad=True), torch.randn(70, 32)
        chosen, weights = experts.route(u)
        shares = torch.zeros(70, 6).scatter(1, chosen, weights)
        gate, up = torch.einsum("th,efh->tef", u, experts.gate_up).chunk(2, dim=-1)
        plain = torch.einsum("tef,ehf,te->th", F.silu(gate) * up, experts.down, shares)
        over = (u, experts.router, experts.gate_up, experts.down)
        expected = torch.autograd.grad((plain * wanted).sum(), over)
        said = experts(u)
        torch.testing.assert_close(said, plain)
        torch.testing.assert_close(torch.autograd.grad((said * wanted).sum(), over), expected)
        self.assertEqual(experts.load[3], 0)

    def test_as_q4_0_is_what_the_file_will_say(self) -> None:
        torch.manual_seed(0)
        weight = torch.randn(3, 5, 64)
        weight[1, 2] = 0
        kept = quants.dequantize(quants.quantize(weight.numpy(), GGMLQuantizationType.Q4_0), GGMLQuantizationType.Q4_0)
        torch.testing.assert_close(as_q4_0(weight), torch.from_numpy(kept), atol=0, rtol=1e-3)  # compiled, it does not round scales to f16


class Wider(unittest.TestCase):
    def test_it_says_the_same_and_new_weights_get_gradients(self) -> None:
        torch.manual_seed(0)
        old = speaking(Model(Config(97, hidden_size=64, n_heads=4, layers="cacac", intermediate_size=96, n_experts=5)))
        nn.init.normal_(old.embed_tokens.weight)  # or the norms' epsilon would count
        wide = widen(old, hidden=128, n_heads=8, intermediate=160).eval()
        batch = Batch.pack([torch.randint(97, (n,)).tolist() for n in (40, 9)])
        logits = wide(batch)
        torch.testing.assert_close(logits, old(batch), atol=1e-3, rtol=1e-3)
        logits.square().mean().backward()
        self.assertTrue(all(layer.ffn_norm.weight.grad is not None for layer in wide.layers))
        written = [(layer.conv or layer.self_attn).out_proj.weight.grad[64:] for layer in wide.layers[:-1]]
        self.assertTrue(all(grad.any() for grad in written))


class Optimizer(unittest.TestCase):
    def test_matrices_of_one_shape_are_each_made_orthogonal(self) -> None:
        torch.manual_seed(0)
        parameters = [nn.Parameter(torch.zeros(shape)) for shape in ((8, 4), (3, 8, 4), (4, 8), (8, 4))]
        for p in parameters:
            p.grad = torch.randn(p.shape)
        Muon(parameters, lr=0.5).step()
        for p in parameters:
            rows, columns = p.shape[-2:]
            torch.testing.assert_close(p.data, -0.5 * max(1, rows / columns) ** 0.5 * orthogonalize(p.grad), atol=1e-3, rtol=1e-3)


class LearningRate(unittest.TestCase):
    def test_it_warms_up_and_falls_by_the_clock(self) -> None:
        schedule = Schedule(step=100, warm=False, decay_from=100, decay=0, decay_until=1000.0)
        with patch("time.time", lambda: 700.0):
            self.assertEqual([schedule.factor(100), schedule.factor(99 + WARM_UP)], [1 / WARM_UP, 1])
        for now, factor in ((800.0, 1), (900.0, 0.5), (1000.0, 0), (1300.0, 0)):
            with patch("time.time", lambda now=now: now):
                self.assertAlmostEqual(schedule.factor(100 + WARM_UP), factor)

    def test_it_falls_by_steps_from_where_the_decay_began(self) -> None:
        schedule = Schedule(step=130, warm=True, decay_from=100, decay=60, decay_until=None)
        self.assertEqual([schedule.factor(step) for step in (130, 160)], [0.5, 0])

    def test_a_time_of_day_is_the_next_one(self) -> None:
        now = time.mktime((2026, 5, 6, 22, 30, 0, 0, 0, -1))
        with patch("time.time", lambda: now):
            self.assertEqual([time_of_day(text) - now for text in ("22:45", "22:30:09", "01:30")], [900, 9, 3 * 3600])
        with self.assertRaises(ArgumentTypeError):
            time_of_day("25:00")


class Believed(unittest.TestCase):
    def test_an_answer_weighs_by_its_whole_loss(self) -> None:
        places = torch.tensor([4, 5, 7, 9, 10, 11])  # answers of two tokens, one and three
        losses = torch.tensor([1.0, 1.0, 9.0, 0.0, 0.0, 0.0]) * HALF_BELIEVED / 2
        torch.testing.assert_close(believed(losses, places), torch.tensor([1 / 2, 1 / 2, 2 / 11, 1, 1, 1]))


if __name__ == "__main__":
    unittest.main()
