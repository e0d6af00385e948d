"""Named and typed fields: parameters of tools, keys of schemas, attributes in texts. Names are composed, values random."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from . import values, words
from .split import Pool, Split

Value = str | int | float | bool | list
Spoken = tuple[Value, str]  # a value, and the words that a text has for it

# Head nouns say what kind of value a name stands for.
HEADS = {
    "person": "customer recipient owner author manager guest patient student driver assignee contact member player artist teacher sender "
    "host client employee tenant seller buyer speaker editor partner candidate nurse supervisor",
    "city": "city location destination origin place town venue region",
    "country": "country",
    "organisation": "company supplier employer vendor brand shop publisher airline agency",
    "street": "address street",
    "email": "email mail",
    "phone": "phone phone_number fax mobile",
    "url": "url link website page",
    "file": "file path filename document attachment folder",
    "day": "date day deadline birthday due_date start_date end_date expiry",
    "time": "time start_time end_time hour",
    "code": "code reference serial_number plate voucher coupon batch sku flight_number postcode",
    "identifier": "id key token username login slug branch handle",
    "thing": "item product object part tool gift model device",
    "title": "title subject headline heading caption song book film album",
    "topic": "topic query keyword theme field category_name",
    "job": "job profession role occupation",
    "colour": "color colour",
    "language": "language target_language",
    "sentence": "message text note comment description body content reason summary",
    "integer": "count quantity number amount limit size age year_count floor level rank seats pages copies people nights days minutes port "
    "max_results points score",
    "decimal": "price weight height width length distance temperature rate budget total cost fee speed volume depth discount latitude",
    "boolean": "urgent notify active public recursive verified paid visible archived enabled express refundable silent favourite",
    "enum": "status priority format unit mode type kind color_scheme size_class sort_order level_name plan currency channel shape category "
    "style",
    "strings": "tags names labels items recipients attendees ingredients keywords guests files colors topics members",
    "integers": "ids numbers scores sizes values rooms pages_list levels",
}  # fmt: skip
MODIFIERS = """
new old start end source target main backup first last billing delivery home work event order user project team room account default
current next total daily weekly final original contact return pickup booking invoice shipping primary secondary local remote test
""".split()
ENUMS = [
    "low medium high", "open closed pending", "celsius fahrenheit", "small medium large", "asc desc", "json csv xml",
    "draft published archived",
    "email sms push", "metric imperial", "basic pro premium", "daily weekly monthly", "north south east west", "red green blue",
    "fast normal slow",
    "admin editor viewer", "todo doing done", "economy business first", "circle square triangle", "light dark auto", "on off",
    "hot cold warm",
    "single double suite", "cash card transfer", "new used refurbished", "left right center", "public private", "png jpg svg",
    "minor major critical",
    "vegan vegetarian regular", "bus train plane car", "success failed running", "short long", "strict relaxed", "bronze silver gold",
]  # fmt: skip
ENUM_SETS = Pool("enum values", ENUMS)


def _composed_names() -> dict[str, Pool]:
    pools = {}
    for kind, heads in HEADS.items():
        names = list(heads.split())
        for head in heads.split():
            names += [f"{modifier}_{head}" for modifier in MODIFIERS if modifier not in head]
        pools[kind] = Pool(f"field names: {kind}", names)
    return pools


NAMES = _composed_names()
PLAIN = {kind: frozenset(heads.split()) for kind, heads in HEADS.items()}


@dataclass(frozen=True)
class Field:
    name: str  # snake_case; `key` is how a schema writes it
    kind: str
    key: str
    choices: tuple[str, ...] = ()  # of an enum

    @property
    def spoken(self) -> str:
        return self.name.replace("_", " ")

    @property
    def schema(self) -> dict:
        if self.kind in ("strings", "people"):
            return {"type": "array", "items": {"type": "string"}}
        if self.kind == "integers":
            return {"type": "array", "items": {"type": "integer"}}
        if self.kind == "enum":
            return {"type": "string", "enum": list(self.choices)}
        return {"type": {"integer": "integer", "decimal": "number", "boolean": "boolean"}.get(self.kind, "string")}


TEXTS: dict[str, values.Maker] = {
    "person": values.person,
    "city": values.city,
    "country": lambda rng, split: rng.choice(words.COUNTRIES[split]) if rng.random() < 0.6 else values.surname(rng, split),
    "organisation": values.organisation,
    "street": values.street,
    "email": values.email,
    "phone": values.phone,
    "url": values.url,
    "file": values.file_name,
    "day": values.day,
    "time": values.time_of_day,
    "code": values.code,
    "identifier": values.identifier,
    "thing": values.thing,
    "title": values.title,
    "topic": values.topic,
    "job": lambda rng, split: rng.choice(words.JOBS[split]),
    "colour": lambda rng, split: rng.choice(words.COLOURS[split]),
    "language": lambda rng, split: rng.choice(words.LANGUAGES[split]),
    "sentence": values.sentence,
    "word": values.word,
    "surname": values.surname,
    "currency": lambda rng, split: rng.choice(words.CURRENCIES[split]),
    "unit": lambda rng, split: rng.choice(words.UNITS[split]),
    "room": lambda rng, split: rng.choice(words.ROOMS[split]) if rng.random() < 0.8 else values.thing(rng, split),
    "cuisine": lambda rng, split: rng.choice(words.CUISINES[split]),
    "listname": lambda rng, split: rng.choice(words.LISTS[split]) if rng.random() < 0.7 else values.word(rng, split),
    "symbol": values.symbol,
    "expression": values.expression,
    "command": values.command,
}
ITEM_KINDS = ("person", "thing", "topic", "city", "code", "word")
KINDS_WEIGHTED = [
    *("person city thing title identifier code day time integer integer decimal boolean enum enum email file sentence sentence".split()),
    *("strings topic organisation phone url language colour street country integers job".split()),
]


NUMBER_WORDS = "one two three four five six seven eight nine ten eleven twelve".split()


def listing(items: list[str], rng: Random) -> str:
    """ "a, b and c" """
    if len(items) == 1:
        return items[0]
    last = rng.choice([" and ", " and ", " and ", ", ", ", and "])
    return ", ".join(items[:-1]) + last + items[-1]


def make_value(field: Field, rng: Random, split: Split) -> Spoken:
    """A value of the field's kind."""
    kind = field.kind
    if kind in TEXTS:
        text = TEXTS[kind](rng, split)
        return text, text
    if kind == "integer":
        number = values.integer(rng, split)
        return number, NUMBER_WORDS[number - 1] if number <= len(NUMBER_WORDS) and rng.random() < 0.3 else str(number)
    if kind == "decimal":
        number = values.decimal(rng, split) if rng.random() < 0.7 else values.integer(rng, split)
        cents = number * 100 == int(number * 100) and rng.random() < 0.3
        return number, f"{number:.2f}" if cents else str(number)
    if kind == "boolean":
        truth = rng.random() < 0.6
        return truth, "true" if truth else "false"
    if kind == "enum":
        choice = rng.choice(field.choices)
        return choice, choice
    if kind == "integers":
        numbers = [values.number_on_side(lambda: rng.randint(1, 999), split) for _ in range(rng.randint(2, 4))]
        return numbers, listing([str(number) for number in numbers], rng)
    maker = TEXTS["person" if kind == "people" else rng.choice(ITEM_KINDS)]
    items = list(dict.fromkeys(maker(rng, split) for _ in range(rng.choice([1, 2, 2, 3, 3, 4]))))
    return items, listing(items, rng)


def key_style(rng: Random) -> Callable[[str], str]:
    """How one schema or tool writes names: snake_case as a rule."""
    draw = rng.random()
    if draw < 0.8:
        return lambda name: name
    if draw < 0.95:
        return lambda name: "".join(part if i == 0 else part.capitalize() for i, part in enumerate(name.split("_")))
    return str.capitalize


def make_fields(rng: Random, split: Split, count: int, kinds: list[str] | None = None) -> list[Field]:
    """Different fields, with names of this side; no two of the same kind have words that could be mixed up."""
    style = key_style(rng)
    fields: list[Field] = []
    while len(fields) < count:
        kind = rng.choice(kinds or KINDS_WEIGHTED)
        pool = NAMES[kind][split]
        plain = [name for name in pool if name in PLAIN[kind]]
        name = rng.choice(plain) if plain and rng.random() < 0.65 else rng.choice(pool)
        taken = {word for field in fields for word in field.name.split("_")}
        if taken & set(name.split("_")):
            continue
        choices = tuple(rng.choice(ENUM_SETS[split]).split()) if kind == "enum" else ()
        if any(set(choices) & set(field.choices) for field in fields):
            continue
        fields.append(Field(name, kind, style(name), choices))
    return fields
