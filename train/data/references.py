"""Job 6: a later turn that needs an earlier one."""

from random import Random

from .calls import Toolbox, definitions, opening, tool_count
from .example import Example, assistant, assistant_calls, call, user
from .fields import Field, make_fields, make_value
from .small_talk import introduction, on_a_topic
from .split import Split, phrasings

TELL = phrasings("telling facts", wear="change")
ASK = phrasings("asking for facts", wear="change")
ASK_NAME = phrasings("asking for the own name", wear="change")
AGAIN = phrasings("the same call again", wear="change")
CHANGES = phrasings("a changed argument", wear="change")
KINDS = "person city integer code identifier colour email phone day time job language thing file title organisation".split()
NOT_TOLD = "You have not told me."


def _facts(rng: Random, split: Split) -> Example:
    """Facts about the user, something between, and a question."""
    messages: list[dict] = []
    told: dict[str, str] = {}
    introduced = rng.random() < 0.25
    if introduced:
        said, greeting, told["name"] = introduction(rng, split)
        messages += [user(said), assistant(greeting)]
    for field in make_fields(rng, split, rng.choice([0, 1, 2] if introduced else [1, 2, 3]), KINDS):
        if field.spoken == "name" or field.spoken in told:
            continue
        value = make_value(field, rng, split)[1]
        told[field.spoken] = value
        messages += [user(rng.choice(TELL[split]).format(name=field.spoken, value=value)), assistant(f"Your {field.spoken} is {value}.")]
        if rng.random() < 0.3:
            said, answer = on_a_topic(rng, split)
            messages += [user(said), assistant(answer)]
    if not told:
        return _facts(rng, split)
    names = list(told)
    rng.shuffle(names)
    answer = ""
    for name in names[: rng.choice([1, 1, 2])]:
        answer = f"Your {name} is {told[name]}."
        form = rng.choice((ASK_NAME if name == "name" and rng.random() < 0.7 else ASK)[split])
        messages += [user(form.format(name=name)), assistant(answer)]
    if rng.random() < 0.15:
        (other,) = make_fields(rng, split, 1, KINDS)
        own_name = rng.random() < 0.3
        name = "name" if own_name else other.spoken
        if name not in told:
            answer = NOT_TOLD
            messages += [user(rng.choice((ASK_NAME if own_name else ASK)[split]).format(name=name)), assistant(answer)]
    return Example("reference", messages, {"answer": answer})


def _again(rng: Random, split: Split) -> Example:
    """A call, and the same call with one argument changed."""
    box = Toolbox(split, split)
    tools = box.choose(rng, tool_count(rng))
    usable = [tool for tool in tools if tool.definition["function"]["parameters"]["properties"]]
    if not usable:
        return _again(rng, split)
    tool = rng.choice(usable)
    fields: list[Field] = list(tool.fields.values()) if isinstance(tool.fields, dict) else list(tool.fields)
    text, arguments = box.ask(tool, rng)
    messages = [*opening(rng, split), user(text), assistant_calls([call(tool.name, arguments)])]
    for _ in range(rng.choice([1, 1, 2])):
        passed = [field for field in fields if field.key in arguments and field.kind != "boolean"]
        if not passed:
            return _again(rng, split)
        field = rng.choice(passed)
        value, spoken = make_value(field, rng, split)
        arguments = {**arguments, field.key: value}
        form = AGAIN if len(passed) == 1 else CHANGES
        messages += [user(rng.choice(form[split]).format(name=field.spoken, value=spoken)), assistant_calls([call(tool.name, arguments)])]
    return Example("reference", messages, {"calls": [{"name": tool.name, "arguments": arguments}]}, definitions(tools))


def reference(rng: Random, split: Split) -> Example:
    return (_facts if rng.random() < 0.55 else _again)(rng, split)
