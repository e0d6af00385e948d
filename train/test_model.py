"""What training computes in its own way is what the plain way gives."""

import unittest

import torch
from batches import HALF_BELIEVED, believed
from model import Batch, Config, Model, grouped_linear


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
        model = Model(Config(97, layers="cacac", n_experts=5)).eval()
        for layer in model.layers:  # a new model's layers say nothing yet
            for p in layer.parameters():
                if not p.any():
                    torch.nn.init.normal_(p, std=0.1)
        examples = [torch.randint(97, (n,)).tolist() for n in (70, 5, 200, 3, 64)]
        together = model(Batch.pack(examples, group_tokens=128)).split([len(example) for example in examples])
        for example, logits in zip(examples, together, strict=True):
            torch.testing.assert_close(logits, model(Batch.pack([example])), atol=1e-4, rtol=1e-4)


class Believed(unittest.TestCase):
    def test_an_answer_weighs_by_its_whole_loss(self) -> None:
        places = torch.tensor([4, 5, 7, 9, 10, 11])  # answers of two tokens, one and three
        losses = torch.tensor([1.0, 1.0, 9.0, 0.0, 0.0, 0.0]) * HALF_BELIEVED / 2
        torch.testing.assert_close(believed(losses, places), torch.tensor([1 / 2, 1 / 2, 2 / 11, 1, 1, 1]))


if __name__ == "__main__":
    unittest.main()
