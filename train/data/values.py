"""Random values of many kinds. What is composed is drawn until its hash puts it on the side that is asked for."""

import json
import string
from collections.abc import Callable
from functools import cache
from pathlib import Path
from random import Random

from . import words
from .split import Pool, Split, split_of

Maker = Callable[[Random, Split], str]
TOKENIZER = Path(__file__).parent.parent / "tokenizer.json"


def on_side(make: Callable[[], str], split: Split) -> str:
    """Draws until a text belongs to `split`."""
    while split_of(text := make()) != split:
        pass
    return text


def composed(maker: Callable[[Random], str]) -> Maker:
    """A maker whose texts are many enough to be split one by one."""
    return lambda rng, split: on_side(lambda: maker(rng), split)


def nonsense(rng: Random, least: int = 2, most: int = 3) -> str:
    """A pronounceable word that does not exist, as a rule: "dovelin"."""
    word = "".join(rng.choice(words.SYLLABLES) for _ in range(rng.randint(least, most)))
    return word + rng.choice(words.SYLLABLE_ENDS) if rng.random() < 0.5 else word


def series(parts: list[str]) -> str:
    """ "a, b and c" """
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]


def as_json(rng: Random, value: object) -> str:
    """As programs write it: with a space behind a comma, without, now and then over several lines."""
    draw = rng.random()
    if draw < 0.55:
        return json.dumps(value, ensure_ascii=False)
    if draw < 0.95:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return json.dumps(value, ensure_ascii=False, indent=2)


def filled(form: str, rng: Random) -> str:
    """With a digit for each 0 and a capital for each A."""
    kinds = {"0": string.digits, "A": string.ascii_uppercase}
    return "".join(rng.choice(kinds.get(letter, letter)) for letter in form)


def digits(rng: Random, least: int, most: int) -> str:
    return filled("0" * rng.randint(least, most), rng)


def _code(rng: Random) -> str:
    letters, number = "A" * rng.randint(1, 4), "0" * rng.randint(2, 5)
    form = rng.choice(["{a}-{n}", "{a}{n}", "{n}{a}", "{a}_{n}", "{a}-{n}-A", "#{n}", "{a}/{n}", "{a} {n}", "{n}-{n}", "A00A00", "0A0A0AA"])
    text = filled(form.format(a=letters, n=number), rng)
    return text.lower() if rng.random() < 0.1 else text


def _identifier(rng: Random) -> str:
    draw = rng.random()
    if draw < 0.4:
        return "".join(rng.choice("abcdefghijkmnpqrstuvwxyz0123456789") for _ in range(rng.randint(5, 9)))
    if draw < 0.6:  # a host, a user
        return nonsense(rng) + rng.choice(["", "-", "."]) + rng.choice([digits(rng, 1, 3), nonsense(rng, 1, 2)])
    return "_".join(nonsense(rng, 1, 2) for _ in range(rng.randint(2, 3))) + rng.choice(["", "", "_" + digits(rng, 1, 3)])


def _of_tokens(rng: Random) -> str:
    """A word put together from any tokens of letters: what is never copied in training, a model cannot copy."""
    return "".join(rng.choice(_letter_tokens()) for _ in range(rng.choice([2, 2, 3])))


@cache
def _letter_tokens() -> list[str]:
    vocabulary = json.loads(TOKENIZER.read_text(encoding="utf-8"))["model"]["vocab"]
    return [token for token in vocabulary if len(token) > 1 and token.isascii() and token.isalpha()]


def word(rng: Random, split: Split) -> str:
    made = _of_tokens if split == "train" and rng.random() < 0.5 else nonsense
    while (text := on_side(lambda: made(rng), split)) in words.CHOICES:  # whose sets have a side as a whole
        pass
    return text


INVENTED = 0.3  # of training's things, colours, …


def pick(pool: Pool, rng: Random, split: Split) -> str:
    """A word that was written down; in training also one that was not."""
    return word(rng, split) if split == "train" and rng.random() < INVENTED else rng.choice(pool[split])


def invented_name(rng: Random, split: Split) -> str:
    made = _of_tokens if split == "train" and rng.random() < 0.3 else nonsense
    return on_side(lambda: made(rng).capitalize(), split)


def surname(rng: Random, split: Split) -> str:
    return rng.choice(words.SURNAMES[split]) if rng.random() < 0.4 else invented_name(rng, split)


PHONES = (
    "+00 000 0000|+0 000 00000|+00 000 000000|+00 0000 000000|000-0000|000-00000|000 000 0000|(000) 000-0000|000-000-0000|0000 0000|"
    "0000 000000|0000000000|+00-000-0000|+0-000-000-0000|+00 00 00 00 00|+00000000000|0000 000 000|00 00 00 00 00|000/000000|0000-000000"
).split("|")

code: Maker = composed(_code)
identifier: Maker = composed(_identifier)
phone: Maker = composed(lambda rng: filled(rng.choice(PHONES), rng))
iso_date: Maker = composed(lambda rng: f"{rng.randint(1950, 2039)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}")
clock: Maker = composed(
    lambda rng: f"{rng.randint(0, 23):02}:{rng.choice([0, 0, 5, 10, 15, 20, 25, 30, 30, 35, 40, 45, 50, 55, rng.randint(0, 59)]):02}"
)


def first_name(rng: Random, split: Split) -> str:
    return rng.choice(words.FIRST_NAMES[split]) if rng.random() < 0.6 else invented_name(rng, split)


def full_name(rng: Random, split: Split) -> str:
    return f"{first_name(rng, split)} {surname(rng, split)}"


def person(rng: Random, split: Split) -> str:
    return first_name(rng, split) if rng.random() < 0.6 else full_name(rng, split)


def city(rng: Random, split: Split) -> str:
    draw = rng.random()
    if draw < 0.45:
        return rng.choice(words.CITIES[split])
    if draw < 0.6:
        return rng.choice(words.LONG_CITIES[split])
    name = invented_name(rng, split)
    return name if draw < 0.92 else f"{rng.choice(['New', 'Port', 'San', 'Upper', 'Bad', 'Saint'])} {name}"


def organisation(rng: Random, split: Split) -> str:
    if rng.random() < 0.4:
        return rng.choice(words.ORGANISATIONS[split])
    if rng.random() < 0.05:
        return f"{first_name(rng, split)}'s"
    endings = ["", " Ltd", " Inc", " GmbH", " Group", " Labs", " Foods", " Systems", " Partners", " & Sons", " Logistics", " Energy"]
    return invented_name(rng, split) + rng.choice(endings)


def street(rng: Random, split: Split) -> str:
    number = rng.randint(1, 199)
    if rng.random() < 0.4:
        name = rng.choice(words.STREETS[split])
        return f"{number} {name}" if rng.random() < 0.7 else f"{name} {number}"
    return f"{number} {surname(rng, split)} {rng.choice(['Street', 'Road', 'Avenue', 'Lane', 'Square', 'Way'])}"


def _latin(make: Maker, rng: Random, split: Split) -> str:
    """Without accents and the like, in lower case, for addresses."""
    while not ((name := make(rng, split)).isascii() and name.isalpha()):
        pass
    return name.lower()


def email(rng: Random, split: Split) -> str:
    first, last = _latin(first_name, rng, split), _latin(surname, rng, split)
    forms = ["{f}", "{f}.{l}", "{l}", "{f}_{l}", "{f}{n}", "{i}{l}", "{l}.{f}", "{i}.{l}", "{f}-{l}"]
    local = rng.choice(forms).format(f=first, l=last, i=first[0], n=rng.randint(1, 99))
    host = word(rng, split) if rng.random() < 0.8 else f"{word(rng, split)}{rng.choice('-.')}{word(rng, split)}"
    return f"{local}@{host}.{rng.choice(words.DOMAIN_ENDINGS[split])}"


def url(rng: Random, split: Split) -> str:
    path = rng.choice(["", "/" + word(rng, split), f"/{word(rng, split)}/{digits(rng, 1, 3)}"])
    return f"{rng.choice(['https://', 'https://', 'www.', 'http://'])}{word(rng, split)}.{rng.choice(words.DOMAIN_ENDINGS[split])}{path}"


def file_name(rng: Random, split: Split) -> str:
    stem = rng.choice([word, identifier, lambda r, s: pick(words.THINGS, r, s).replace(" ", rng.choice("_-"))])(rng, split)
    folder = rng.choice(["", "", "", f"/{word(rng, split)}/", f"{word(rng, split)}/", f"~/{word(rng, split)}/"])
    if rng.random() < 0.1:  # a folder, or a file without an ending
        return f"{folder or '/'}{word(rng, split)}"
    return f"{folder}{stem}.{rng.choice(words.FILE_ENDINGS[split])}"


def thing(rng: Random, split: Split) -> str:
    noun = pick(words.THINGS, rng, split) if rng.random() < 0.8 else word(rng, split)
    return f"{pick(words.ADJECTIVES, rng, split)} {noun}" if rng.random() < 0.6 else noun


def title(rng: Random, split: Split) -> str:
    if rng.random() < 0.6:
        return rng.choice(words.TITLES[split])
    adjective, noun = pick(words.ADJECTIVES, rng, split), pick(words.THINGS, rng, split)
    forms = [f"{adjective} {noun}", f"The {adjective} {noun}", f"{surname(rng, split)} {noun}", f"{noun} of {surname(rng, split)}"]
    text = rng.choice(forms)
    return string.capwords(text) if rng.random() < 0.5 else text


def topic(rng: Random, split: Split) -> str:
    subject = pick(words.TOPICS, rng, split)
    return rng.choice([subject, subject, f"{pick(words.ADJECTIVES, rng, split)} {subject}", f"{subject} in {city(rng, split)}"])


def spoken_day(rng: Random, split: Split) -> str:
    return rng.choice(
        [
            rng.choice(words.WEEKDAYS[split]),
            f"{rng.choice(words.MONTHS[split])} {rng.randint(1, 31)}",
            f"{rng.randint(1, 31)} {rng.choice(words.MONTHS[split])}",
            f"next {rng.choice(words.WEEKDAYS[split])}",
        ]
    )


def day(rng: Random, split: Split) -> str:
    return iso_date(rng, split) if rng.random() < 0.6 else spoken_day(rng, split)


_spoken_time: Maker = composed(
    lambda rng: (
        f"{rng.randint(1, 12)}{rng.choice(['', ':15', ':30', ':45', f':{rng.randint(0, 59):02}'])}{rng.choice([' am', ' pm', 'am', 'pm'])}"
    )
)


def time_of_day(rng: Random, split: Split) -> str:
    return clock(rng, split) if rng.random() < 0.6 else _spoken_time(rng, split)


def sentence(rng: Random, split: Split) -> str:
    """What a message or a note says."""
    who, what, where, when = person(rng, split), thing(rng, split), city(rng, split), spoken_day(rng, split)
    text = rng.choice(words.SENTENCES[split]).format(who=who, what=what, where=where, when=when)
    return text[0].upper() + text[1:] if rng.random() < 0.15 else text


symbol: Maker = composed(lambda rng: filled("A" * rng.randint(3, 5), rng))
expression: Maker = composed(
    lambda rng: rng.choice(["{a} {o} {b}", "{a} {o} {b}", "{a}{o}{b}", "({a} {o} {b}) {p} {c}", "{a} {o} {b} {p} {c}"]).format(
        a=rng.randint(1, 999), b=rng.randint(1, 999), c=rng.randint(2, 99), o=rng.choice("+-*/"), p=rng.choice("+-*/")
    )
)


def command(rng: Random, split: Split) -> str:
    name, path = word(rng, split), file_name(rng, split)
    return rng.choice(
        [
            f"ls {name}",
            f"cat {path}",
            f"npm run {name}",
            f"rm {path}",
            f"mkdir {name}",
            f"git checkout {name}",
            f"{name} --{word(rng, split)}",
            f"echo {name}",
        ]
    )


SMALL = 100  # numbers below are too few to be divided


def number_on_side(make: Callable[[], int], split: Split) -> int:
    while (number := make()) >= SMALL and split_of(str(number)) != split:
        pass
    return number


def integer(rng: Random, split: Split) -> int:
    top = rng.choice([9, 12, 20, 60, 100, 500, 2000, 99999])
    return number_on_side(lambda: rng.randint(1, top), split)


def decimal(rng: Random, split: Split) -> float:
    """Never a whole number."""
    places = rng.choice([1, 1, 2, 2, 3])
    top = rng.choice([1, 10, 100, 1000])
    while (value := round(rng.uniform(0, top), places)) == int(value) or (value >= SMALL and split_of(str(value)) != split):
        pass
    return value
