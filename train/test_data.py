"""
Checks of the generator, the mask and the split.

    cd train && python -m unittest
"""

import json
import re
import unittest
from hashlib import sha256
from itertools import islice
from unittest.mock import patch

import make_evaluation
import torch
from batches import FIRST_WEIGHT, targets
from check_pools import strings
from data import Example, generate
from data.example import assistant, assistant_calls, call, tool_result, user
from data.split import POOLS, Pool, split_of
from data.wear import AS_WRITTEN, COPIES, worn
from prepare import decode, encode
from render import render
from tokenizer import CONTROL, USER_DEFINED


def as_json(one: Example) -> str:
    return json.dumps([one.job, one.messages, one.tools, one.kwargs, one.expect, one.tag], ensure_ascii=False)


class Generator(unittest.TestCase):
    def test_is_the_same_for_the_same_seed(self) -> None:
        for split in ("train", "eval"):
            first, again = ([as_json(one) for one in islice(generate(split, 7), 300)] for _ in range(2))
            self.assertEqual(first, again)
            self.assertNotEqual(first, [as_json(one) for one in islice(generate(split, 8), 300)])

    def test_makes_what_is_committed(self) -> None:
        """The evaluation's file follows from the seed, on every version of Python."""
        lines, count = make_evaluation.lines(), 0
        for line, committed in zip(lines, make_evaluation.FILE.read_text(encoding="utf-8").splitlines(), strict=True):
            self.assertEqual(line, committed)
            count += 1
        self.assertEqual(count, sum(make_evaluation.COUNTS.values()))

    def test_expects_what_the_last_turn_says(self) -> None:
        for split in ("train", "eval"):
            for one in islice(generate(split, 3), 2000):
                last = one.messages[-1]
                (kind, wanted), *others = one.expect.items()
                self.assertEqual((last["role"], others), ("assistant", []))
                if kind == "calls":
                    self.assertEqual([made["function"] for made in last["tool_calls"]], wanted)
                elif kind == "json":
                    self.assertEqual(json.loads(last["content"]), wanted)
                else:
                    self.assertEqual(last["content"], wanted)

    def test_calls_follow_their_definitions(self) -> None:
        types = {"string": str, "integer": int, "number": (int, float), "boolean": bool, "array": list}
        for one in islice(generate("train", 4), 3000):
            parameters = {tool["function"]["name"]: tool["function"]["parameters"] for tool in one.tools or []}
            self.assertEqual(len(parameters), len(one.tools or []))
            for made in (made["function"] for message in one.messages for made in message.get("tool_calls", [])):
                known = parameters[made["name"]]
                self.assertLessEqual(set(known.get("required", [])), set(made["arguments"]))
                keys = list(known["properties"])
                self.assertEqual(list(made["arguments"]), sorted(made["arguments"], key=keys.index))
                for key, value in made["arguments"].items():
                    schema = known["properties"][key]
                    self.assertIsInstance(value, types[schema["type"]])
                    self.assertIn(value, schema.get("enum", [value]))

    def test_nobody_writes_control_tokens(self) -> None:
        """The engine takes them for text where they stand in a message, encode() for themselves."""
        for split in ("train", "eval"):
            for one in islice(generate(split, 6), 4000):
                for message in one.messages:
                    for token in (*CONTROL, *USER_DEFINED):
                        self.assertNotIn(token, message["content"])

    def test_values_stand_in_the_prompt(self) -> None:
        """What the model is to copy is there to be copied."""
        for one in islice(generate("eval", 5), 1500):
            if "json" in one.expect or "calls" in one.expect:
                prompt = render(one.messages[:-1], one.tools).casefold()
                for text in strings(list(one.expect.values())):
                    self.assertTrue(text.casefold() in prompt or text.replace(".", "").isdigit(), f"{text!r} is not in {prompt}")


class Masks(unittest.TestCase):
    def test_covers_what_the_assistant_says(self) -> None:
        calls = assistant_calls([call("f", {"a": "assistant\n"})])
        thought = {**assistant("done"), "thinking": "hm"}
        one = Example("", [user("assistant\nhi"), calls, tool_result("1"), thought], {})
        ids, mask = encode(one)
        self.assertEqual(decode(ids), render(one.messages, add_generation_prompt=False))
        said = decode([id for id, on in zip(ids, mask, strict=True) if on])
        self.assertEqual(said, '<|tool_call_start|>[f(a="assistant\\n")]<|tool_call_end|><|im_end|><think>hm</think>done<|im_end|>')

    def test_a_first_answer_weighs_more(self) -> None:
        cut = ([1, 2], [0, 0])  # before anybody answered
        places, wanted, weights = targets([cut, ([3, 4, 5, 6, 7, 8], [0, 0, 1, 1, 0, 1]), cut, ([9, 9], [0, 1])], torch.device("cpu"))
        self.assertEqual(places.tolist(), [3, 4, 6, 10])
        self.assertEqual(wanted.tolist(), [5, 6, 8, 9])
        self.assertEqual(weights.tolist(), [FIRST_WEIGHT, FIRST_WEIGHT, 1, FIRST_WEIGHT])


class Splits(unittest.TestCase):
    def tearDown(self) -> None:
        POOLS.pop("test", None)

    def test_every_text_has_one_side_whatever_its_case(self) -> None:
        self.assertEqual(split_of("Zorvik"), split_of("zorVIK"))
        shares = sum(split_of(str(i)) == "eval" for i in range(5000)) / 5000
        self.assertAlmostEqual(shares, 0.2, delta=0.02)

    def test_a_short_pool_has_both_sides(self) -> None:
        text = next(str(i) for i in range(99) if split_of(str(i)) == "train")
        other = next(str(i) for i in range(99) if split_of(str(i)) == "train" and str(i) != text)
        pool = Pool("test", [text, other])
        self.assertEqual((pool["train"], pool["eval"]), ((text,), (other,)))
        with self.assertRaisesRegex(ValueError, "has nothing for training"):
            Pool("test", [text])

    def test_worn_phrasings_keep_what_stands_beside_a_value(self) -> None:
        text = "Would somebody please take {amount} of flour, when there is time, to {person} before the shop closes?"
        for wear in ("add", "change"):
            with patch("data.wear.REWORDED", 0):
                copies = worn((text,), wear)[AS_WRITTEN:]
            self.assertEqual(len(copies), COPIES)
            self.assertEqual(copies.count(text), COPIES / 2)  # else of other words only
            for copy in copies:
                for kept in ("take {amount} of", "to {person} before"):
                    self.assertIn(kept, copy)
                if wear == "add":
                    rest = iter(re.findall(r"[\w{}]+", copy))
                    self.assertTrue(all(word in rest for word in re.findall(r"[\w{}]+", text)), copy)

    def test_words_stand_for_others_of_the_same_meaning(self) -> None:
        with patch("data.wear.REWORDED", 1), patch("data.wear.CHANGED", 0):
            first, *_ = worn(("{s} bought a boat|{s} bought a house in {a}",), "add")[AS_WRITTEN:]
        head, _, said = first.partition("|")
        self.assertEqual(head, "{s} bought a boat")
        words = said.split()
        self.assertEqual((words[0], words[4:]), ("{s}", ["in", "{a}"]))
        self.assertNotIn(words[1], ("bought",))
        self.assertEqual(words[2], "an" if words[3][0] in "aeiou" else "a")


if __name__ == "__main__":
    unittest.main()
