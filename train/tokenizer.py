"""
The embedded model's tokenizer: byte-level BPE in LFM2's format (pre-tokenizer, special tokens and their ids), learned from made-up
conversations.

    python train/tokenizer.py        writes train/tokenizer.json

Two choices make copying easy, which is most of what the model has to do. Letters merge only with letters and digits with nothing, so that
a name is the same pieces after a space, a quote or an underscore, and a number is its digits. Frequent words of the phrasings are tokens
together with the space before them; they need no merges, because a pre-token that is a token is not merged (`ignore_merges`).
"""

import json
import re
from collections import Counter
from itertools import islice
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer
from tokenizers.decoders import ByteLevel as ByteLevelDecoder
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel, Sequence, Split
from tokenizers.trainers import BpeTrainer

from data import generate
from data.fields import NAMES
from data.split import SPLITS
from data.words import COPIED, NOUNS, VERB_POOL
from render import render

FILE = Path(__file__).with_name("tokenizer.json")
VOCABULARY_SIZE = 2048
WHOLE_WORDS = 320  # tokens of a space and a word
CONVERSATIONS = 20_000
SEED = 1

# Ids 0 to 13, as in LFM2's vocabulary of 65 536.
CONTROL = [
    f"<|{name}|>"
    for name in "pad startoftext endoftext fim_pre fim_mid fim_suf im_start im_end tool_list_start tool_list_end tool_call_start "
    "tool_call_end tool_response_start tool_response_end".split()
]
USER_DEFINED = ["<think>", "</think>"]
PAD, BOS, IM_START, EOS = (CONTROL.index(f"<|{name}|>") for name in ("pad", "startoftext", "im_start", "im_end"))

PATTERN = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"  # LFM2's
# For learning merges: a word without what stands before it, a digit alone.
MERGE_PATTERN = r"\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+"


def _pre_tokenizer(pattern: str) -> Sequence:
    return Sequence([Split(Regex(pattern), "isolated"), ByteLevel(add_prefix_space=False, use_regex=False)])


def _texts() -> list[str]:
    return [render(one.messages, one.tools, add_generation_prompt=False) for one in islice(generate("train", SEED), CONVERSATIONS)]


def _pieces(texts: list[str]) -> list[str]:
    """Texts without their special tokens."""
    pieces = texts
    for token in [*CONTROL, *USER_DEFINED]:
        pieces = [part for piece in pieces for part in piece.split(token)]
    return [piece for piece in pieces if piece]


def _copied_words() -> set[str]:
    """Words of values, of fields and of tools, in lower case."""
    pools = [*COPIED, *NAMES.values(), NOUNS, VERB_POOL]
    return {word.lower() for pool in pools for side in SPLITS for text in pool[side] for word in re.split(r"[\W_]+", text)}


def train() -> Tokenizer:
    pieces = _pieces(_texts())
    alphabet = sorted(ByteLevel.alphabet(), key=ord)
    specials = [*CONTROL, *USER_DEFINED]
    learner = Tokenizer(BPE())
    learner.pre_tokenizer = _pre_tokenizer(MERGE_PATTERN)
    learner.train_from_iterator(
        pieces, BpeTrainer(vocab_size=VOCABULARY_SIZE - len(specials) - WHOLE_WORDS, initial_alphabet=alphabet, show_progress=False)
    )
    merges = [tuple(merge) for merge in json.loads(learner.to_str())["model"]["merges"]]

    copied = _copied_words()
    words: Counter[str] = Counter()
    pre_tokenizer = _pre_tokenizer(PATTERN)
    for piece in pieces:
        words.update(word for word, _ in pre_tokenizer.pre_tokenize_str(piece) if word[0] == "Ġ" and word[1:].isalpha())
    frequent = sorted(words, key=lambda word: (-words[word], word))
    whole = [word for word in frequent if word[1:].lower() not in copied][:WHOLE_WORDS]

    tokens = [*specials, *alphabet, *(left + right for left, right in merges), *whole]
    return build(tokens, merges)


def build(tokens: list[str], merges: list[tuple[str, str]]) -> Tokenizer:
    tokenizer = Tokenizer(BPE(vocab={token: id for id, token in enumerate(tokens)}, merges=merges, ignore_merges=True))
    tokenizer.pre_tokenizer = _pre_tokenizer(PATTERN)
    tokenizer.decoder = ByteLevelDecoder()
    tokenizer.add_special_tokens([AddedToken(token, normalized=False, special=True) for token in CONTROL])
    tokenizer.add_tokens([AddedToken(token, normalized=False, special=False) for token in USER_DEFINED])
    return tokenizer


def load() -> Tokenizer:
    return Tokenizer.from_file(str(FILE))


if __name__ == "__main__":
    tokenizer = train()
    tokenizer.save(str(FILE), pretty=False)
    print(f"{FILE.name}: {tokenizer.get_vocab_size()} tokens")
