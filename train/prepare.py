"""Conversations as token ids, with what the model is to learn of them."""

from data import Example
from render import render
from tokenizer import EOS, IM_START, load

_tokenizer = load()
_ROLE = _tokenizer.encode("assistant\n", add_special_tokens=False).ids


def encode(example: Example) -> tuple[list[int], list[int]]:
    """
    The whole conversation's ids, and for each id 1 if it is the assistant's: thoughts, text, calls and the end of the message. The prompt,
    and the line end behind a message, which the template writes, are 0.
    """
    ids = encode_text(render(example.messages, example.tools, add_generation_prompt=False, **example.kwargs))
    mask = [0] * len(ids)
    at = 0
    while at < len(ids):
        if ids[at] == IM_START and ids[at + 1 : at + 1 + len(_ROLE)] == _ROLE:
            at += 1 + len(_ROLE)
            while ids[at] != EOS:
                mask[at] = 1
                at += 1
            mask[at] = 1
        at += 1
    return ids, mask


def encode_text(text: str) -> list[int]:
    """Control tokens in the text become control tokens: for text of ours only."""
    return _tokenizer.encode(text, add_special_tokens=False).ids


def decode(ids: list[int]) -> str:
    return _tokenizer.decode(ids, skip_special_tokens=False)
