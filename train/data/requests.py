"""What a user says so that a composed tool is called: an action, then the arguments, in many forms."""

from dataclasses import dataclass
from itertools import pairwise
from random import Random

from .fields import Field, Value, make_value
from .split import Pool, Split
from .tools import VERB_POOL, VERBS, Tool, article

OPENERS = Pool("request openers", [
    "", "", "Please ", "Can you ", "Could you ", "I need you to ", "I want to ", "I'd like to ", "Hey, can you ", "Would you ", "Let's ",
    "We need to ",
    "Help me ", "Could you please ", "Hi, please ", "Now ", "I have to ", "Go and ", "Time to ", "Kindly ", "Can you please ",
    "You should ", "Hello, I want to ",
    "Ok, ", "Next, ", "I would like you to ", "Hi! Could you ", "Quick: ", "Go ahead and ", "It's time to ", "Can I ", "How do I ",
    "Try to ",
    "Would you mind if I ask you to ", "I was wondering if you could ", "Be so kind and ", "Do me a favour and ",
    "My boss wants me to ", "I was told to ", "Somebody has to ", "One more thing: please ", "Let me ", "I'd love to ", "Hey! Please ",
    "Hi there, could you ", "Good morning, please ", "Good evening, can you ", "Yo, ", "Alright, ", "So, ", "Well, please ",
    "Could somebody ", "Can somebody please ", "Is it possible to ", "Are you able to ", "Would it be possible to ", "I need help to ",
    "What I need is to ", "All I want is to ", "Today we must ", "It would be great to ", "It would help to ", "Make sure to ",
    "Don't forget to ", "Remember to ", "Just ", "Simply ", "Please just ", "First, ", "Also, ", "And now ", "Then ", "Again, ",
    "Dear assistant, ", "Assistant, ", "Sir, please ", "May I ask you to ", "May I ", "I must ", "I should ", "I've got to ",
    "I have been asked to ", "They asked me to ", "The customer wants to ", "My team has to ", "As agreed, ", "As a next step, ",
    "In a hurry: ", "Urgent: ", "Todo: ", "Task: ", "Request: ", "Action: ", "Hmm, ", "Right, ", "Perfect. Now ", "Great, now ",
    "Thanks! Now ", "Sorry to bother you, but please ", "Excuse me, can you ", "If you can, ", "When you can, ",
    "Whenever you are ready, ", "For me, ", "On my behalf, ", "You can ", "You may ", "We want to ", "We'd like to ", "We should ",
    "We have to ", "I wish to ", "I'm trying to ", "I'm here to ", "I plan to ", "Please help me to ", "Please go ahead and ",
    "Can we ", "Could we ", "Could I ", "Shall we ", "Please, I need to ", "i wanna ", "i want you to ", "gotta ", "pls ", "plz ",
])  # fmt: skip
CLOSERS = Pool("request closers", [
    "", ".", " please", ", please.", ", thanks!", ". Thank you.", " for me.", "!", ", thank you", " now.", " right away.", ". Thanks.",
    " as soon as you can.",
    ", ok?", ". That's all.", " today please.", " if you can.", " :)", " asap", ". Please be quick.", " when you have a moment.",
    ", would you?",
    ", thanks a lot.", ", many thanks!", ". Cheers.", ". Much appreciated.", ", I would appreciate it.", ". I appreciate it!",
    ", if possible.", " if that's possible.", " if it's not too much trouble.", ". Is that ok?", ". Can you do that?", ", can you?",
    ", could you?", ", right?", " immediately.", " at once.", ", it is urgent.", ". It's urgent!", ". This is important.",
    " before lunch.", " this week.", " this afternoon.", ", no rush.", ". No hurry.", " when you get the chance.",
    ". Let me know when it is done.", ". Tell me when you are done.", ". I'm waiting.", " first.", " again.", " once more.",
    ", as always.", ", as usual.", " like last time.", ". Nothing else.", ". That is everything.", ". That will be all.",
    ". Thanks in advance.", ", thanks in advance!", ", thx", " thx", " pls", ", pls.", " plz", " ty", "!!", "...", "?", " ok", " okay?",
    " quickly.", ", quick.", ", dear.", ", my friend.", ", buddy.", " please!", ", please!", ". Please!", ". Please do it now.",
    " straight away.", " tonight.", " tomorrow please.", " in the evening.", " for us.", " for my boss.", " for a friend.",
])  # fmt: skip
DETERMINERS = ("the", "the", "a", "a", "my", "our", "this", "that", "")

# How an argument is said with its name...
NAMED = Pool("named arguments", [
    "with {name} {value}", "{name} {value}", "{name}: {value}", "{name} = {value}", "with {value} as {name}", "the {name} is {value}",
    "with the {name} {value}", "where the {name} is {value}", "using {value} as the {name}", "the {name} should be {value}",
    "set {name} to {value}",
    "{value} as the {name}", "its {name} is {value}", "{name} is {value}", "with a {name} of {value}", "for the {name} {value}",
    "whose {name} is {value}",
    "and {value} for {name}", "make the {name} {value}", "{name} must be {value}", "take {value} for the {name}", "having {name} {value}",
    "I want {value} as {name}", "the {name} being {value}", "put {value} as {name}", "{name} set to {value}", "by {name} {value}",
    "giving {value} as the {name}", "with {name}: {value}", "with {name} = {value}", "({name} {value})", "({name}: {value})",
    "[{name}={value}]", "{name}={value}", "{name} -> {value}", "{name} - {value}", "and the {name} is {value}",
    "and make {value} the {name}", "and use {value} for the {name}", "use {value} as {name}", "use the {name} {value}",
    "choose {value} as the {name}", "choose {value} for {name}", "enter {value} as {name}", "enter {value} under {name}",
    "write {value} for {name}", "write {value} in {name}", "pass {value} as {name}", "pass {name} {value}",
    "fill in {value} for {name}", "fill {name} with {value}", "let {name} be {value}", "let the {name} be {value}",
    "change the {name} to {value}", "the {name} has to be {value}", "the {name} must be {value}", "the {name} will be {value}",
    "the {name} would be {value}", "{name} will be {value}", "{name} equals {value}", "{name}, that is {value}",
    "as {name} take {value}", "as the {name} use {value}", "as for the {name}, {value}", "for {name}, use {value}",
    "for {name} take {value}", "in the {name} field put {value}", "its {name} should be {value}", "its {name} being {value}",
    "it has the {name} {value}", "it has {value} as its {name}", "that has the {name} {value}", "that has {value} as {name}",
    "which has {name} {value}", "whose {name} should be {value}", "including the {name} {value}", "together with {name} {value}",
    "plus {name} {value}", "under the {name} {value}", "from the {name} {value}", "at the {name} {value}", "on {name} {value}",
    "in {name} {value}", "to the {name} {value}", "the one with {name} {value}", "the {name}? {value}", "{name} ({value})",
    "{name} \"{value}\"", "my {name} is {value}", "our {name} is {value}", "here is the {name}: {value}", "say {value} for the {name}",
    "I'd say {value} for the {name}", "I think the {name} is {value}", "I prefer {value} as {name}", "we need {value} as the {name}",
    "we agreed on {value} as {name}", "they gave {value} as the {name}", "call the {name} {value}", "only with {name} {value}",
    "{value} being the {name}", "{value} is the {name}", "{value} should be the {name}", "{value} for the {name}",
    "{value} as its {name}", "{value} ({name})", "{value} = {name}",
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
    "sentence": ['saying "{value}"', "saying {value}", "that says: {value}", 'with the words "{value}"', "and say {value}",
    'it reads "{value}"'],
    "enum": ["{value}", "as {value}", "it is {value}", "in {value}"],
    "strings": ["with {value}", "for {value}", "{value}", "including {value}"],
    "integers": ["with {value}", "for {value}", "{value}"],
    "integer": ["for {value}", "{value}", "with {value}"],
    "decimal": ["for {value}", "at {value}", "{value}"],
}  # fmt: skip
UNNAMED_POOLS = {kind: Pool(f"unnamed arguments: {kind}", forms) for kind, forms in UNNAMED.items()}
SWITCHED_ON = Pool(
    "switched on",
    [
        "with {name} on",
        "{name}: yes",
        "{name} enabled",
        "turn {name} on",
        "make it {name}",
        "{name} = true",
        "{name} should be true",
        "{name} is true",
        "and {name}, yes",
    ],
)
SWITCHED_OFF = Pool(
    "switched off",
    [
        "with {name} off",
        "{name}: no",
        "{name} disabled",
        "turn {name} off",
        "not {name}",
        "{name} = false",
        "{name} should be false",
        "{name} is false",
        "and {name}, no",
    ],
)
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
        form = rng.choice(UNNAMED_POOLS[field.kind][split])
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
