"""What a user says so that a composed tool is called: an action, then the arguments, in many forms."""

from dataclasses import dataclass
from itertools import pairwise
from random import Random

from .fields import Field, Value, make_value
from .split import Split, phrasings, phrasings_by_kind
from .tools import Tool, article
from .words import VERB_POOL, VERBS

OPENERS = phrasings("request openers", wear="change")
CLOSERS = phrasings("request closers", wear="change")
DETERMINERS = ("the", "the", "a", "a", "my", "our", "this", "that", "")

# How an argument is said with its name...
NAMED = phrasings("named arguments", wear="change")
# ... and without it, where its kind alone tells.
UNNAMED = phrasings_by_kind("unnamed arguments", wear="change")
SWITCHED_ON = phrasings("switched on")
SWITCHED_OFF = phrasings("switched off")
ORDERS = ("behind", "behind", "behind", "behind", "sentences", "list", "before")


# Texts whose end cannot be told when more words follow.
OPEN_ENDED = ("sentence", "title", "topic", "thing", "strings", "people", "organisation", "city", "person")


@dataclass(frozen=True)
class Said:
    text: str
    open_ended: bool  # more words behind it could be taken for the value
    starts_with_value: bool  # a capital letter would change the value


def say_argument(field: Field, value: Value, spoken: str, alone: bool, rng: Random, split: Split) -> Said:
    """`alone`: no other argument of the tool is of this kind, so its name may be left out."""
    if field.kind == "boolean":
        return Said(rng.choice((SWITCHED_ON if value else SWITCHED_OFF)[split]).format(name=field.spoken), False, False)
    if field.kind in ("sentence", "title") and rng.random() < 0.4:
        spoken = f'"{spoken}"'
    if alone and rng.random() < 0.5:
        form = rng.choice(UNNAMED[field.kind][split])
        text = form.format(value=spoken).replace('""', '"')
    else:
        name = field.spoken if rng.random() < 0.85 else field.key
        form = rng.choice(NAMED[split])
        text = form.format(name=name, value=spoken)
    return Said(text, field.kind in OPEN_ENDED and form.endswith("{value}") and not text.endswith('"'), form.startswith("{value}"))


def choose_arguments(tool: Tool, rng: Random, split: Split) -> tuple[list[Field], dict[str, Value], dict[str, str]]:
    """All required fields and some optional ones: the fields, values and spoken values by key, in the order of the definition."""
    fields = [field for field in tool.fields if field.key in tool.required or rng.random() < 0.35]
    made = {field.key: make_value(field, rng, split) for field in fields}
    return fields, {key: value for key, (value, _) in made.items()}, {key: spoken for key, (_, spoken) in made.items()}


# Kinds whose values look alike: without a name nobody could tell them apart.
ALIKE = {kind: group for group in (
    ("person", "city", "country", "organisation", "street", "language", "job", "thing", "title", "topic", "colour", "sentence", "enum",
    "strings"),
    ("code", "identifier", "phone", "integer", "decimal", "integers"), ("email",), ("url",), ("file",), ("day",), ("time",),
) for kind in group}  # fmt: skip


def is_alone(field: Field, tool: Tool) -> bool:
    return sum(ALIKE.get(other.kind) == ALIKE.get(field.kind) for other in tool.fields) == 1


def say_action(tool: Tool, rng: Random) -> str:
    learned = tool.verb in VERB_POOL["train"]  # what else people say for the others, nobody could have told the model
    verb = rng.choice(VERBS.get(tool.verb, tool.verb).split("|")) if learned and rng.random() < 0.5 else tool.verb
    determiner = rng.choice(DETERMINERS)
    if determiner in ("a", "this", "that", "") and tool.verb == "list":
        return f"{verb} every {tool.noun}"
    if determiner == "a":
        determiner = article(tool.noun)
    return f"{verb} {determiner} {tool.noun}".replace("  ", " ")


def capital(said: Said) -> str:
    return said.text if said.starts_with_value else said.text[0].upper() + said.text[1:]


def join(parts: list[Said], rng: Random) -> str:
    """Arguments in a row; a comma stands where an end could not be told without one."""
    between = rng.choice([", ", " and ", " ", " "])
    text = parts[0].text
    for before, part in pairwise(parts):
        text += (", " if before.open_ended else between) + part.text
    return text


def close(said: Said | None, rng: Random, split: Split) -> str:
    closer = rng.choice(CLOSERS[split])
    return closer if said is None or not said.open_ended or closer[:1] in (".", "!") else ""


def request(tool: Tool, rng: Random, split: Split, without: str | None = None) -> tuple[str, dict[str, Value]]:
    """A user's words, and the arguments that they ask for. `without`: the key of a field that they do not mention."""
    fields, arguments, spoken = choose_arguments(tool, rng, split)
    fields = [field for field in fields if field.key != without]
    said = [say_argument(field, arguments[field.key], spoken[field.key], is_alone(field, tool), rng, split) for field in fields]
    if rng.random() < 0.4:
        rng.shuffle(said)
    action = rng.choice(OPENERS[split]) + say_action(tool, rng)
    order = rng.choice(ORDERS) if said else "behind"
    if order == "sentences":
        text = f"{action}. " + " ".join(capital(one) + "." for one in said)
    elif order == "list":
        text = f"{action}: " + ", ".join(one.text for one in said) + close(said[-1], rng, split)
    elif order == "before":
        text = capital(said[0]) + (f" and {join(said[1:], rng)}" if said[1:] else "") + f". {action}" + close(None, rng, split)
    elif said:
        text = f"{action} {join(said, rng)}" + close(said[-1], rng, split)
    else:
        text = action + close(None, rng, split)
    if order != "before" and rng.random() < 0.4:
        text = text[0].upper() + text[1:]
    return text, arguments
