"""
Writes the evaluation's examples, so that Node alone can run it.

    python train/make_evaluation.py        writes train/evaluation.jsonl

One example a line: what `data.Example` holds, the last assistant turn taken off. `prompt` and `ids` are hashes of the rendered prompt and
of
its token ids: the engine's template and tokenizer must come to the same.
"""

import json
from collections import Counter
from hashlib import sha256
from pathlib import Path

from data import Example, generate
from prepare import encode_text
from render import render

FILE = Path(__file__).with_name("evaluation.jsonl")
SEED = 2026
# Examples of each figure.
COUNTS = {
    "tool-call seen-tools": 150,
    "tool-call unseen-tools": 150,
    "no-call": 120,
    "json-extraction": 150,
    "context-answer": 150,
    "refusal": 120,
    "tool-sentence": 50,
    "small-talk": 50,
    "reference": 50,
    "text-task": 50,
    "thinking": 50,
}


def figure(one: Example) -> str:
    return one.job if one.tag is None else f"{one.job} {one.tag}"


def short_hash(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:16]


def line(one: Example) -> str:
    messages = one.messages[:-1]
    prompt = render(messages, one.tools, **one.kwargs)
    ids = encode_text(prompt)
    record = {
        "figure": figure(one),
        "messages": messages,
        **({"tools": one.tools} if one.tools else {}),
        **({"kwargs": one.kwargs} if one.kwargs else {}),
        **({"schema": one.schema} if one.schema else {}),
        "expect": one.expect,
        "prompt": short_hash(prompt),
        "ids": short_hash(",".join(map(str, ids))),
    }
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"))


def lines() -> list[str]:
    """The file's lines, figure by figure."""
    missing = Counter(COUNTS)
    found: dict[str, list[str]] = {name: [] for name in COUNTS}
    for one in generate("eval", SEED):
        name = figure(one)
        if missing[name] > 0:
            missing[name] -= 1
            found[name].append(line(one))
        if missing.total() == 0:
            break
    return [text for texts in found.values() for text in texts]


def main() -> None:
    FILE.write_text("\n".join(lines()) + "\n", encoding="utf-8")
    print(f"{FILE.name}: {sum(COUNTS.values())} examples, {FILE.stat().st_size} bytes")


if __name__ == "__main__":
    main()
