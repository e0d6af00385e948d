"""Job 2: a JSON object out of a text, by a schema."""

import json
from dataclasses import dataclass
from functools import cache
from random import Random

from . import values
from .example import Example, assistant, system, user
from .fields import NAMES, Field, Spoken, Value, enum_choices, make_fields, make_value
from .split import Split, phrasings
from .wear import COPIES

KINDS = (
    "person person city integer integer decimal day time email phone title thing code identifier organisation job colour language country "
    "street strings integers enum boolean topic pairs"
).split()
FIELD_SENTENCES = phrasings("fields in sentences", wear="change")
FIELD_PARTS = phrasings("fields in lists", wear="change")
OPENINGS = phrasings("openings of texts", wear="change")
FILLERS = phrasings("fillers", wear="change")
# Names and kinds of fields, and a text that says them all: what people write every day, and stories in which only their meaning tells who is who.
EVERYDAY = phrasings("everyday texts", wear="change")
STORIES = phrasings("stories", wear="change")


def _fields_of(line: str) -> frozenset[str]:
    return frozenset(line.partition("|")[0].split())


# The fields of one of those above once more, on the side of that text: what evaluation asks for, training has not seen in other words.
OF_EVALUATION = {_fields_of(line) for pool in (EVERYDAY, STORIES) for line in pool["eval"]}
RETOLD = phrasings("retold texts", wear="change", side=lambda line: "eval" if _fields_of(line) in OF_EVALUATION else "train")

WITH_SCHEMA: dict[Split, float] = {"train": 0.55, "eval": 0.7}  # training: more texts for its tokens
RENAMED = 0.3  # of training's stories: keys that no word of the text gives away, but the kind of value that they are for

SCHEMA_REQUESTS = phrasings("requests with a schema", wear="change")
KEY_REQUESTS = phrasings("requests with keys", wear="change")
SYSTEMS = phrasings("extraction systems", wear="change")

NEXT_TEXTS = phrasings("another text for the same schema", wear="change")


@dataclass(frozen=True)
class Form:
    """What is asked for, and what texts say."""

    stories: tuple[str, ...]  # of which each tells all story_fields, or none
    story_fields: list[Field]
    others: list[Field]  # each said in a sentence of its own
    asked: list[Field]  # in the order of the schema; some may be of no text

    def text(self, rng: Random, split: Split) -> tuple[str, dict[str, Value | None]]:
        """A text with new values, and what is to be extracted."""
        made = {field.key: make_value(field, rng, split) for field in self.story_fields + self.others}
        told = {field.name: made[field.key][1] for field in self.story_fields}
        sentences = [rng.choice(self.stories).format(**told)] if self.stories else []
        sentences += _said(self.others, made, rng, split)
        if rng.random() < 0.4:
            sentences.insert(rng.randint(0, len(sentences)), rng.choice(FILLERS[split]))
        text = rng.choice(OPENINGS[split]) + " ".join(sentences)
        return text, {field.key: made[field.key][0] if field.key in made else None for field in self.asked}

    def schema(self, rng: Random) -> dict:
        told = self.story_fields + self.others
        properties = {}
        more = rng.random() < 0.25  # keywords that change nothing here
        for field in self.asked:
            schema = field.schema if field in told else {**field.schema, "type": [field.schema["type"], "null"]}
            properties[field.key] = {**schema, **_limits(field, rng)} if more and rng.random() < 0.6 else schema
        result: dict = {"type": "object", "properties": properties}
        if rng.random() < 0.6:
            result["required"] = list(properties)
        if rng.random() < (0.7 if more else 0.05):
            result["additionalProperties"] = False
        return result


def _limits(field: Field, rng: Random) -> dict:
    kind = field.schema["type"]
    if rng.random() < 0.3:
        return {"description": rng.choice([f"The {field.spoken}", field.spoken.capitalize(), field.spoken])}
    if kind in ("integer", "number"):
        return rng.choice([{"minimum": 0}, {"minimum": 1}, {"minimum": 0, "maximum": 10 ** rng.randint(5, 7)}])
    if kind == "array":
        return rng.choice([{"maxItems": rng.randint(4, 20)}, {"minItems": 1}])
    if kind == "string" and field.kind != "enum":
        return rng.choice([{"maxLength": 10 * rng.randint(4, 30)}, {"minLength": 1}, {"minLength": 1, "maxLength": 10 * rng.randint(4, 30)}])
    return {}


def _said(fields: list[Field], made: dict[str, Spoken], rng: Random, split: Split) -> list[str]:
    as_list = rng.random() < 0.3 and len(fields) > 1
    form = rng.choice(FIELD_PARTS[split])
    sentences = []
    for field in fields:
        words = {"name": field.spoken, "Name": field.spoken.capitalize(), "value": made[field.key][1]}
        sentences.append((form if as_list else rng.choice(FIELD_SENTENCES[split])).format(**words))
    if as_list:
        rng.shuffle(sentences)
        return [rng.choice([", ", "; ", "\n"]).join(sentences)]
    return sentences


@cache
def _stories_of(split: Split) -> dict[frozenset[str], tuple[str, ...]]:
    """By the fields that they tell."""
    found: dict[frozenset[str], list[str]] = {}
    for line in EVERYDAY[split] + STORIES[split] + RETOLD[split]:
        found.setdefault(_fields_of(line), []).append(line.split("|", 1)[1])
    return {fields: tuple(stories) for fields, stories in found.items()}


def _story_fields(spec: str, rng: Random, split: Split) -> list[Field]:
    """Of "name:kind name:kind": each under its own name, or some under another one of their kind, if no other field of the story is of it."""
    parts = [part.split(":") for part in spec.split()]
    names, kinds = zip(*parts, strict=True)
    renamed = split == "train" and rng.random() < RENAMED
    fields: list[Field] = []
    for name, kind in parts:
        choices = enum_choices(rng, split) if kind == "enum" else ()
        key = name
        if renamed and kind in NAMES and kinds.count(kind) == 1 and rng.random() < 0.5:
            other = rng.choice(NAMES[kind][split])
            if other not in names and other not in {field.key for field in fields}:
                key = other
        fields.append(Field(name, kind, key, choices))
    return fields


def _form(rng: Random, split: Split, with_schema: bool) -> Form:
    stories, story_fields = (), []
    if rng.random() < 0.6:
        line = rng.choice((EVERYDAY if rng.random() < 0.3 else STORIES)[split])
        stories = _stories_of(split)[_fields_of(line)]
        story_fields = _story_fields(line.partition("|")[0], rng, split)
    taken = {word for field in story_fields for word in (*field.name.split("_"), *field.key.split("_"))}
    others: list[Field] = []
    if not stories or rng.random() < 0.5:
        count = rng.choice([1, 1, 2]) if stories else rng.choice([1, 2, 3, 3, 4, 5])
        others = [field for field in make_fields(rng, split, count, KINDS) if not taken & set(field.name.split("_"))]
    asked = story_fields + others
    if rng.random() < 0.2 and len(asked) > 1:  # a value of the text that is not asked for
        asked.pop(rng.randrange(len(asked)))
    if with_schema and rng.random() < 0.25:
        taken |= {word for field in others for word in field.name.split("_")}
        for field in make_fields(rng, split, 1, KINDS):
            unclear = any(field.kind == other.kind and other.key != other.name for other in story_fields)
            if not taken & set(field.name.split("_")) and field.kind not in ("enum", "boolean") and not unclear:
                asked.append(field)
    if rng.random() < 0.6:
        rng.shuffle(asked)
    return Form(stories, story_fields, others, asked)


def extraction(rng: Random, split: Split) -> Example:
    """One text in evaluation, often several in training, of which each tells what is asked for in its own words."""
    with_schema = rng.random() < WITH_SCHEMA[split]
    form = _form(rng, split, with_schema)
    text, value = form.text(rng, split)
    schema = None
    if with_schema:
        request = rng.choice(SCHEMA_REQUESTS[split])
        schema = form.schema(rng)
        content = request.format(schema=values.as_json(rng, schema), text=text)
    else:
        quoted = [f'"{key}"' for key in value] if rng.random() < 0.3 else list(value)
        content = rng.choice(KEY_REQUESTS[split]).format(keys=values.series(quoted), text=text)
    messages = [user(content), assistant(json.dumps(value, ensure_ascii=False))]
    alone = 0 < len(set(form.stories)) <= COPIES + 1  # the same again is read off the answer before
    for _ in range(0 if split == "eval" else rng.choice([0, 0, 0, 1] if alone else [0, 1, 2, 3])):
        text, value = form.text(rng, split)
        messages += [user(rng.choice(NEXT_TEXTS[split]).format(text=text)), assistant(json.dumps(value, ensure_ascii=False))]
    if rng.random() < 0.4:
        messages.insert(0, system(rng.choice(SYSTEMS[split])))
    return Example("json-extraction", messages, {"json": value}, schema=schema)
