"""
Writes the evaluation's examples, so that Node alone can run it.

    python train/make_evaluation.py        writes train/evaluation.jsonl

One example a line: what `data.Example` holds, the last assistant turn taken off. `prompt` and `ids` are hashes of the rendered prompt and of
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
        "expect": one.expect,
        "prompt": short_hash(prompt),
        "ids": short_hash(",".join(map(str, ids))),
    }
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"))


def main() -> None:
    missing = Counter(COUNTS)
    lines = []
    for one in generate("eval", SEED):
        if missing[figure(one)] > 0:
            missing[figure(one)] -= 1
            lines.append((figure(one), line(one)))
        if missing.total() == 0:
            break
    lines.sort(key=lambda entry: list(COUNTS).index(entry[0]))
    FILE.write_text("\n".join(text for _, text in lines) + "\n", encoding="utf-8")
    print(f"{FILE.name}: {len(lines)} examples, {FILE.stat().st_size} bytes")


if __name__ == "__main__":
    main()
