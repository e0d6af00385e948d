"""What tools answer, and the sentence that tells it."""

from random import Random

from . import values
from .fields import make_fields, make_value
from .split import Pool, Split
from .values import series

RESULT_KINDS = (
    "person city integer decimal decimal integer code identifier day time thing title colour enum boolean email url organisation".split()
)
PROBLEMS = Pool("problems", [
    "not found", "permission denied", "timeout", "no connection", "invalid input", "already exists", "service unavailable",
    "quota exceeded",
    "not allowed", "too many requests", "out of stock", "fully booked", "unknown id", "server error", "wrong format", "access denied",
    "expired",
])  # fmt: skip
NOTHING = "Nothing was found."


def spoken(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return series([spoken(item) for item in value])
    return str(value)


def facts(fields: dict[str, object]) -> str:
    """One sentence: the name of each value, and the value."""
    text = series([f"the {name} is {spoken(value)}" for name, value in fields.items()])
    return text[0].upper() + text[1:] + "."


def tool_answer(rng: Random, split: Split) -> tuple[str, str]:
    """A tool's result as text, and what the assistant says of it."""
    draw = rng.random()
    if draw < 0.22:
        identifier = rng.choice([values.code, values.identifier])(rng, split)
        key = rng.choice(["id", "id", "reference", "number", "confirmation"])
        status = rng.choice(["ok", "ok", "success", "done", "created"])
        return values.as_json(rng, {"status": status, key: identifier}), f"Done. The {key} is {identifier}."
    if draw < 0.3:
        return values.as_json(rng, rng.choice([{"status": "ok"}, {"ok": True}, {"success": True}, {"status": "done"}])), "Done."
    if draw < 0.4:
        problem = rng.choice(PROBLEMS[split])
        return values.as_json(rng, {"error": problem}), f"That did not work: {problem}."
    if draw < 0.44:
        return rng.choice(["[]", '{"results": []}', "null", '{"items": []}']), NOTHING
    if draw < 0.54:
        makers = [values.title, values.person, values.thing, values.code, values.organisation, values.file_name]
        maker = rng.choice(makers)
        items = list(dict.fromkeys(maker(rng, split) for _ in range(rng.randint(1, 4))))
        wrapped = items if rng.random() < 0.5 else {rng.choice(["results", "items", "matches"]): items}
        return values.as_json(rng, wrapped), f"I found {series(items)}."
    if draw < 0.6:  # a bare value, in quotes or not
        value = rng.choice([values.time_of_day, values.title, values.code, values.person, values.thing])(rng, split)
        return rng.choice([value, values.as_json(rng, value)]), f"The result is {value}."
    fields = make_fields(rng, split, rng.choice([1, 1, 2, 2, 3]), RESULT_KINDS)
    made = {field.key: make_value(field, rng, split)[0] for field in fields}
    named = {field.spoken: made[field.key] for field in fields}
    return values.as_json(rng, made), facts(named)
