"""What a user says so that a composed tool is called: an action, then the arguments, in many forms."""

from random import Random

from .fields import Field, Value, make_value
from .split import Pool, Split
from .tools import VERBS, Tool, article

OPENERS = Pool("request openers", [
    "", "", "Please ", "Can you ", "Could you ", "I need you to ", "I want to ", "I'd like to ", "Hey, can you ", "Would you ", "Let's ", "We need to ",
    "Help me ", "Could you please ", "Hi, please ", "Now ", "I have to ", "Go and ", "Time to ", "Kindly ", "Can you please ", "You should ", "Hello, I want to ",
    "Ok, ", "Next, ", "I would like you to ", "Hi! Could you ", "Quick: ", "Go ahead and ", "It's time to ", "Can I ", "How do I ", "Try to ",
])  # fmt: skip
CLOSERS = Pool("request closers", [
    "", ".", " please", ", please.", ", thanks!", ". Thank you.", " for me.", "!", ", thank you", " now.", " right away.", ". Thanks.", " as soon as you can.",
    ", ok?", ". That's all.", " today please.", " if you can.", " :)", " asap", ". Please be quick.", " when you have a moment.", ", would you?",
])  # fmt: skip
DETERMINERS = ("the", "the", "a", "a", "my", "our", "this", "that", "")

# How an argument is said with its name...
NAMED = Pool("named arguments", [
    "with {name} {value}", "{name} {value}", "{name}: {value}", "{name} = {value}", "with {value} as {name}", "the {name} is {value}",
    "with the {name} {value}", "where the {name} is {value}", "using {value} as the {name}", "the {name} should be {value}", "set {name} to {value}",
    "{value} as the {name}", "its {name} is {value}", "{name} is {value}", "with a {name} of {value}", "for the {name} {value}", "whose {name} is {value}",
    "and {value} for {name}", "make the {name} {value}", "{name} must be {value}", "take {value} for the {name}", "having {name} {value}",
    "I want {value} as {name}", "the {name} being {value}", "put {value} as {name}", "{name} set to {value}", "by {name} {value}",
])  # fmt: skip
# ... and without it, where its kind alone tells.
UNNAMED = {
    "person": ["for {value}", "to {value}", "from {value}", "with {value}", "by {value}", "it is for {value}", "{value} is the one"],
    "city": ["in {value}", "to {value}", "from {value}", "at {value}", "for {value}", "near {value}", "around {value}"],
    "country": ["in {value}", "from {value}", "for {value}"],
    "organisation": ["for {value}", "from {value}", "at {value}", "with {value}"],
    "street": ["at {value}", "to {value}"],
    "email": ["to {value}", "for {value}", "at {value}"],
    "phone": ["at {value}", "on {value}", "under {value}"],
    "url": ["at {value}", "from {value}", "of {value}"],
    "file": ["from {value}", "to {value}", "in {value}", "called {value}"],
    "day": ["on {value}", "for {value}", "by {value}", "it's for {value}"],
    "time": ["at {value}", "for {value}", "starting at {value}"],
    "code": ["{value}", "number {value}", "with {value}", "no. {value}"],
    "identifier": ["{value}", "with {value}", "called {value}", "for {value}"],
    "thing": ["for the {value}", "with the {value}", "{value}", "about the {value}"],
    "title": ['called "{value}"', 'named "{value}"', "called {value}", 'titled "{value}"', '"{value}"'],
    "topic": ["about {value}", "on {value}", "regarding {value}", "covering {value}"],
    "job": ["as {value}", "for a {value}"],
    "colour": ["in {value}", "{value} please"],
    "language": ["in {value}", "into {value}", "to {value}"],
    "sentence": ['saying "{value}"', "saying {value}", "that says: {value}", 'with the words "{value}"', "and say {value}", 'it reads "{value}"'],
    "enum": ["{value}", "as {value}", "it is {value}", "in {value}"],
    "strings": ["with {value}", "for {value}", "{value}", "including {value}"],
    "integers": ["with {value}", "for {value}", "{value}"],
    "integer": ["for {value}", "{value}", "with {value}"],
    "decimal": ["for {value}", "at {value}", "{value}"],
}  # fmt: skip
UNNAMED_POOLS = {kind: Pool(f"unnamed arguments: {kind}", forms) for kind, forms in UNNAMED.items()}
SWITCHED_ON = Pool("switched on", ["with {name} on", "{name}: yes", "{name} enabled", "turn {name} on", "make it {name}", "{name} = true", "{name} should be true", "{name} is true", "and {name}, yes"])
SWITCHED_OFF = Pool("switched off", ["with {name} off", "{name}: no", "{name} disabled", "turn {name} off", "not {name}", "{name} = false", "{name} should be false", "{name} is false", "and {name}, no"])
ORDERS = ("behind", "behind", "behind", "behind", "sentences", "list", "before")


def say_argument(field: Field, value: Value, spoken: str, alone: bool, rng: Random, split: Split) -> str:
    """`alone`: no other argument of the tool is of this kind, so its name may be left out."""
    if field.kind == "boolean":
        return rng.choice((SWITCHED_ON if value else SWITCHED_OFF)[split]).format(name=field.spoken)
    if alone and rng.random() < 0.5:
        return rng.choice(UNNAMED_POOLS[field.kind][split]).format(value=spoken)
    name = field.spoken if rng.random() < 0.85 else field.key
    if field.kind in ("sentence", "title") and rng.random() < 0.4:
        spoken = f'"{spoken}"'
    return rng.choice(NAMED[split]).format(name=name, value=spoken)


def choose_arguments(tool: Tool, rng: Random, split: Split) -> tuple[list[Field], dict[str, Value], dict[str, str]]:
    """All required fields and some optional ones: the fields, values and spoken values by key, in the order of the definition."""
    fields = [field for field in tool.fields if field.key in tool.required or rng.random() < 0.35]
    made = {field.key: make_value(field, rng, split) for field in fields}
    return fields, {key: value for key, (value, _) in made.items()}, {key: spoken for key, (_, spoken) in made.items()}


# Kinds whose values look alike: without a name nobody could tell them apart.
ALIKE = {kind: group for group in (
    ("person", "city", "country", "organisation", "street", "language", "job", "thing", "title", "topic", "colour", "sentence", "enum", "strings"),
    ("code", "identifier", "phone", "integer", "decimal", "integers"), ("email",), ("url",), ("file",), ("day",), ("time",),
) for kind in group}  # fmt: skip


def is_alone(field: Field, tool: Tool) -> bool:
    return sum(ALIKE.get(other.kind) == ALIKE.get(field.kind) for other in tool.fields) == 1


def say_action(tool: Tool, rng: Random) -> str:
    verb = rng.choice(VERBS[tool.verb].split("|")) if rng.random() < 0.5 else tool.verb
    determiner = rng.choice(DETERMINERS)
    if determiner in ("a", "this", "that", "") and tool.verb == "list":
        return f"{verb} every {tool.noun}"
    if determiner == "a":
        determiner = article(tool.noun)
    return f"{verb} {determiner} {tool.noun}".replace("  ", " ")


def request(tool: Tool, rng: Random, split: Split) -> tuple[str, dict[str, Value]]:
    """A user's words, and the arguments that they ask for."""
    fields, arguments, spoken = choose_arguments(tool, rng, split)
    said = [say_argument(field, arguments[field.key], spoken[field.key], is_alone(field, tool), rng, split) for field in fields]
    if rng.random() < 0.4:
        rng.shuffle(said)
    action = say_action(tool, rng)
    opener, closer = rng.choice(OPENERS[split]), rng.choice(CLOSERS[split])
    order = rng.choice(ORDERS) if said else "behind"
    if order == "sentences":
        text = f"{opener}{action}. " + " ".join(one[0].upper() + one[1:] + "." for one in said)
    elif order == "list":
        text = f"{opener}{action}: " + ", ".join(said) + closer
    elif order == "before":
        text = said[0][0].upper() + said[0][1:] + (f" and {', '.join(said[1:])}" if said[1:] else "") + f". {opener}{action}{closer}"
    else:
        joined = rng.choice([", ", " and ", " ", " "]).join(said)
        text = f"{opener}{action} {joined}".rstrip() + closer
    if not opener or rng.random() < 0.1:
        text = text[0].upper() + text[1:] if rng.random() < 0.6 else text
    return text, arguments
