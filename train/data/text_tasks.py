"""Job 5: counting, sorting a short list, repeating, upper and lower case."""

from functools import cache
from random import Random

from . import values
from .example import Example, assistant, user
from .split import Split, phrasings
from .words import THINGS, TOPICS

REPEAT = phrasings("repeat")
UPPER = phrasings("upper case")
LOWER = phrasings("lower case")
SORT_NUMBERS = phrasings("sort numbers")
SORT_WORDS = phrasings("sort words")
COUNT_WORDS = phrasings("count words")
COUNT_ITEMS = phrasings("count items")
FIRST_LAST = phrasings("first or last")


@cache
def _plain(split: Split) -> tuple[str, ...]:
    """Single words in lower case."""
    return tuple(text for pool in (THINGS, TOPICS) for text in pool[split] if text.isascii() and text.isalpha() and text.islower())


def _words(rng: Random, split: Split, least: int, most: int) -> list[str]:
    plain = _plain(split)
    return [rng.choice(plain) if rng.random() < 0.6 else values.word(rng, split) for _ in range(rng.randint(least, most))]


def _text(rng: Random, split: Split) -> str:
    makers = [
        values.sentence,
        values.title,
        values.full_name,
        values.code,
        values.identifier,
        values.topic,
        values.email,
        values.day,
        values.phone,
        lambda r, s: " ".join(_words(r, s, 1, 5)),
    ]
    texts = [rng.choice(makers)(rng, split) for _ in range(rng.choice([1, 1, 2, 3, 4]))]  # long ones teach to copy best
    return rng.choice([", ", " ", "; ", " - "]).join(texts)


def text_task(rng: Random, split: Split) -> Example:
    task = rng.choice("repeat repeat repeat upper lower sort_numbers sort_words count_words count_items first_last".split())
    if task == "repeat":
        answer = _text(rng, split)
        question = rng.choice(REPEAT[split]).format(text=answer)
    elif task in ("upper", "lower"):
        text = " ".join(_words(rng, split, 1, 3))
        if task == "lower":
            text = text.upper() if rng.random() < 0.7 else text.title()
        question = rng.choice((UPPER if task == "upper" else LOWER)[split]).format(text=text)
        answer = text.upper() if task == "upper" else text.lower()
    elif task == "sort_numbers":
        top = rng.choice([9, 20, 99, 99, 999])
        numbers = rng.sample(range(1, top + 1), rng.randint(3, 6))
        question = rng.choice(SORT_NUMBERS[split]).format(list=", ".join(map(str, numbers)))
        answer = ", ".join(map(str, sorted(numbers)))
    elif task == "sort_words":
        by_first = {word[0]: word for word in _words(rng, split, 3, 5)}
        words = list(by_first.values())
        question = rng.choice(SORT_WORDS[split]).format(list=", ".join(words))
        answer = ", ".join(sorted(words))
    elif task == "count_words":
        words = _words(rng, split, 1, 8)
        question = rng.choice(COUNT_WORDS[split]).format(text=" ".join(words))
        answer = str(len(words))
    elif task == "count_items":
        words = _words(rng, split, 2, 8)
        question = rng.choice(COUNT_ITEMS[split]).format(list=", ".join(words))
        answer = str(len(words))
    else:
        words = _words(rng, split, 2, 6)
        which = rng.choice(["first", "last"])
        question = rng.choice(FIRST_LAST[split]).format(which=which, text=" ".join(words))
        answer = words[0 if which == "first" else -1]
    question = question[0].upper() + question[1:] if rng.random() < 0.3 else question
    return Example("text-task", [user(question), assistant(answer)], {"answer": answer})
