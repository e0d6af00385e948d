"""Job 2: a JSON object out of a text, by a schema."""

import json
from random import Random

from . import values
from .example import Example, assistant, system, user
from .fields import ENUM_SETS, Field, Spoken, make_fields, make_value
from .split import Pool, Split

KINDS = (
    "person person city integer integer decimal day time email phone title thing code identifier organisation job colour language country "
    "street strings integers enum boolean topic"
).split()
FIELD_SENTENCES = Pool("fields in sentences", [
    "The {name} is {value}.", "{Name}: {value}.", "{value} is the {name}.", "As {name} we have {value}.",
    "The {name} was given as {value}.",
    "{Name} is {value}.", "We noted {value} as the {name}.", "For the {name}, use {value}.", "Its {name} is {value}.",
    "There is also the {name}, {value}.",
    "The {name} should be {value}.", "With {value} as {name}.", "They wrote {value} for the {name}.", "{Name} = {value}.",
    "The {name} reads {value}.",
    "I think the {name} is {value}.", "According to the form, the {name} is {value}.", "The {name} turned out to be {value}.",
    "Please note the {name}: {value}.",
    "The {name} has changed to {value}.", "{value} was entered under {name}.", "Regarding the {name}: {value}.",
    "You will find that the {name} is {value}.",
])  # fmt: skip
FIELD_PARTS = Pool("fields in lists", [
    "{name} {value}", "{name}: {value}", "{value} ({name})", "{name} = {value}", "the {name} {value}", "{name} is {value}",
    "{value} as {name}", "{name} - {value}",
    "with {name} {value}", "{value} for the {name}",
])  # fmt: skip
OPENINGS = Pool("openings of texts", [
    "", "", "Hello, ", "Here is the data. ", "New entry. ", "From the form: ", "Dear team, ", "Hi all, ", "Record: ", "As discussed: ",
    "Summary of the call. ",
    "Note to self. ", "Good morning, ", "Customer wrote: ", "Log entry: ", "Update: ", "Please process this. ", "I have the following. ",
    "Report. ",
])  # fmt: skip
FILLERS = Pool("fillers", [
    "Everything else is as before.", "Thank you for your patience.", "We will be in touch.", "That is all for now.",
    "The weather was fine.",
    "Nobody complained.", "It took a while.", "Please do not reply.", "This was checked twice.", "More will follow.",
    "Sorry for the delay.",
    "It was a long day.", "The rest is not known yet.", "Let us know if there are questions.", "We are happy with it.",
    "No further remarks.",
    "The office is closed tomorrow.", "I hope this helps.", "Best regards.", "Have a nice day.",
])  # fmt: skip
# Natural sentences for several fields at once: kinds, keys, text.
STORIES = [
    ("name:person age:integer city:city", "{name} is {age} years old and lives in {city}."),
    ("name:person age:integer city:city", "My name is {name}, I am {age} and I come from {city}."),
    ("name:person age:integer city:city", "At {age}, {name} moved to {city}."),
    ("name:person job:job city:city", "{name} works as a {job} in {city}."),
    ("name:person job:job company:organisation", "{name} is a {job} at {company}."),
    ("name:person job:job company:organisation", "{company} has hired {name} as its new {job}."),
    ("name:person email:email phone:phone", "You can reach {name} at {email} or {phone}."),
    ("name:person email:email phone:phone", "{name}'s address is {email}, the phone number is {phone}."),
    ("name:person email:email", "Please write to {name} ({email})."),
    ("product:thing price:decimal currency:currency", "The {product} costs {price} {currency}."),
    ("product:thing price:decimal currency:currency", "We sell the {product} for {price} {currency}."),
    ("product:thing quantity:integer customer:person", "{customer} ordered {quantity} pieces of the {product}."),
    ("product:thing quantity:integer customer:person", "{quantity} x {product} for {customer}, please."),
    ("product:thing color:colour price:decimal", "A {product} in {color} for {price} euros."),
    ("origin:city destination:city date:day", "The trip from {origin} to {destination} is on {date}."),
    ("origin:city destination:city date:day", "On {date} we leave {origin} for {destination}."),
    ("event:title date:day place:city", '"{event}" takes place in {place} on {date}.'),
    ("event:title date:day place:city", "Come to {place} on {date} for {event}!"),
    ("event:title date:day time:time", "{event} starts on {date} at {time}."),
    ("guest:person nights:integer room:code", "{guest} stays for {nights} nights in room {room}."),
    ("sender:person receiver:person amount:decimal", "{sender} sent {amount} to {receiver}."),
    ("sender:person receiver:person amount:decimal", "{receiver} received {amount} from {sender}."),
    ("order_id:code customer:person total:decimal", "Order {order_id} of {customer} comes to {total}."),
    ("order_id:code status:enum", "Order {order_id} is {status}."),
    ("title:title author:person year:integer", '"{title}" was written by {author} in {year}.'),
    ("title:title author:person pages:integer", "{author}'s book {title} has {pages} pages."),
    ("flight:code gate:code time:time", "Flight {flight} leaves from gate {gate} at {time}."),
    ("patient:person doctor:person date:day", "{patient} will see Dr. {doctor} on {date}."),
    ("city:city temperature:decimal humidity:integer", "It is {temperature} degrees in {city} with {humidity} percent humidity."),
    ("team:organisation opponent:organisation score:integer", "{team} beat {opponent} and scored {score} points."),
    ("file:file size:integer owner:person", "{file} belongs to {owner} and has {size} kilobytes."),
    ("attendees:people date:day", "On {date}, {attendees} will meet."),
    ("attendees:people topic:topic", "{attendees} talked about {topic}."),
    ("animal:thing name:surname weight:decimal", "{name} the {animal} weighs {weight} kilograms."),
    ("street:street city:city", "We live at {street} in {city}."),
    ("language:language country:country", "In {country} people speak {language}."),
]  # fmt: skip
STORY_POOL = Pool("stories", [f"{fields}|{text}" for fields, text in STORIES])

SCHEMA_REQUESTS = Pool("requests with a schema", [
    "Extract the data from this text as JSON.\nSchema: {schema}\nText: {text}",
    "Text: {text}\n\nReturn a JSON object that follows this schema: {schema}",
    "Fill this JSON schema from the text.\n{schema}\n\n{text}", "{text}\n\nJSON schema: {schema}\nGive me the JSON.",
    "Read the text and answer with JSON.\n\nText:\n{text}\n\nSchema:\n{schema}",
    "Here is a schema:\n{schema}\nAnd a text:\n{text}\nWrite the object.", "Convert to JSON according to {schema}: {text}",
    "Use the schema {schema} to parse: {text}",
    "{schema}\n\nExtract from: {text}", "What does this text say, as JSON with the schema {schema}?\n{text}",
    "Turn this into JSON: {text}\nIt must match {schema}",
    "Schema: {schema}\n\nInput: {text}\n\nOutput only JSON.", "Please extract structured data.\nText: \"{text}\"\nFormat: {schema}",
])  # fmt: skip
KEY_REQUESTS = Pool("requests with keys", [
    "Extract {keys} from this text as JSON: {text}", "Text: {text}\nGive me a JSON object with the keys {keys}.",
    "Return JSON with {keys}.\n\n{text}",
    "{text}\n\nAs JSON, with the keys {keys}:", "Pull {keys} out of the following text and answer in JSON.\n{text}",
    "Make a JSON object ({keys}) from: {text}",
    "From the text below, get {keys} as JSON.\n---\n{text}\n---", "I need {keys} as JSON. The text: {text}",
    "JSON with {keys} please: {text}",
    "Parse this into JSON. Keys: {keys}. Text: {text}",
])  # fmt: skip
SYSTEMS = Pool("extraction systems", [
    "You extract data and answer only with JSON.", "Answer in JSON.", "You are a data extraction engine.",
    "Return JSON that follows the schema.",
    "You turn text into JSON.", "Output JSON and nothing else.", "You are a parser.", "Extract information as JSON.",
])  # fmt: skip

Record = list[tuple[Field, Spoken | None]]  # None: the text does not say


def _story(rng: Random, split: Split) -> tuple[Record, str]:
    spec, form = rng.choice(STORY_POOL[split]).split("|", 1)
    record: Record = []
    for part in spec.split():
        name, kind = part.split(":")
        choices = tuple(rng.choice(ENUM_SETS[split]).split()) if kind == "enum" else ()
        record.append((field := Field(name, kind, name, choices), make_value(field, rng, split)))
    return record, form.format(**{field.name: spoken[1] for field, spoken in record if spoken})


def _invented(rng: Random, split: Split, count: int, taken: set[str]) -> tuple[Record, list[str]]:
    fields = [field for field in make_fields(rng, split, count, KINDS) if not taken & set(field.name.split("_"))]
    record: Record = [(field, make_value(field, rng, split)) for field in fields]
    as_list = rng.random() < 0.3 and len(record) > 1
    form = rng.choice(FIELD_PARTS[split])
    sentences = []
    for field, spoken in record:
        assert spoken is not None
        words = {"name": field.spoken, "Name": field.spoken.capitalize(), "value": spoken[1]}
        sentences.append((form if as_list else rng.choice(FIELD_SENTENCES[split])).format(**words))
    if as_list:
        rng.shuffle(sentences)
        return record, [rng.choice([", ", "; ", "\n"]).join(sentences)]
    return record, sentences


def _schema(record: Record, rng: Random) -> dict:
    properties = {}
    for field, spoken in record:
        schema = field.schema
        properties[field.key] = schema if spoken else {**schema, "type": [schema["type"], "null"]}
    result: dict = {"type": "object", "properties": properties}
    if rng.random() < 0.6:
        result["required"] = list(properties)
    return result


def extraction(rng: Random, split: Split) -> Example:
    record: Record = []
    sentences: list[str] = []
    if rng.random() < 0.6:
        record, story = _story(rng, split)
        sentences = [story]
    taken = {word for field, _ in record for word in field.name.split("_")}
    if not record or rng.random() < 0.5:
        more, said = _invented(rng, split, rng.choice([1, 1, 2]) if record else rng.choice([1, 2, 3, 3, 4, 5]), taken)
        record += more
        sentences += said
    if rng.random() < 0.2 and len(record) > 1:  # a value of the text that the schema does not ask for
        record.pop(rng.randrange(len(record)))
    with_schema = rng.random() < 0.7
    if with_schema and rng.random() < 0.25:
        names = {word for field, _ in record for word in field.name.split("_")} | taken
        for field in make_fields(rng, split, 1, KINDS):
            if not names & set(field.name.split("_")) and field.kind not in ("enum", "boolean"):
                record.append((field, None))
    if rng.random() < 0.4:
        sentences.insert(rng.randint(0, len(sentences)), rng.choice(FILLERS[split]))
    if rng.random() < 0.6:
        rng.shuffle(record)
    text = rng.choice(OPENINGS[split]) + " ".join(sentences)
    value = {field.key: spoken[0] if spoken else None for field, spoken in record}
    if with_schema:
        content = rng.choice(SCHEMA_REQUESTS[split]).format(schema=values.as_json(rng, _schema(record, rng)), text=text)
    else:
        keys = list(value)
        quoted = [f'"{key}"' for key in keys] if rng.random() < 0.3 else keys
        content = rng.choice(KEY_REQUESTS[split]).format(keys=values.series(quoted), text=text)
    messages = [user(content), assistant(json.dumps(value, ensure_ascii=False))]
    if rng.random() < 0.4:
        messages.insert(0, system(rng.choice(SYSTEMS[split])))
    return Example("json-extraction", messages, {"json": value})
