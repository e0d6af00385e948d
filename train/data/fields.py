"""Named and typed fields: parameters of tools, keys of schemas, attributes in texts. Names are composed, values random."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from . import values, words
from .split import SPLITS, Pool, Split

Value = str | int | float | bool | list
Spoken = tuple[Value, str]  # a value, and the words that a text has for it

# Head nouns say what kind of value a name stands for.
HEADS = {
    "person": "customer recipient owner author manager guest patient student driver assignee contact member player artist teacher sender "
    "host client employee tenant seller buyer speaker editor partner candidate nurse supervisor "
    "owner_name passenger buyer_name coach captain referee witness judge lawyer doctor cook waiter designer developer "
    "reviewer reporter caller sponsor donor heir neighbour friend partner_name spouse parent child pupil mentor trainer "
    "leader boss chief clerk agent user_name full_name person winner loser "
    "plaintiff tutor colleague rider pilot musician singer composer writer photographer painter translator "
    "organiser chairperson treasurer secretary cleaner gardener baker farmer plumber electrician visitor applicant "
    "debtor creditor borrower lender finder inventor heir_name bride groom uncle aunt cousin sibling grandparent "
    "opponent rival volunteer intern researcher professor scientist explorer detective suspect victim ally signer "
    "attendee subscriber follower contractor inspector examiner shopper traveller",
    "city": "city location destination origin place town venue region "
    "destination_city departure arrival stop station airport port_city harbour district suburb area hometown "
    "birthplace "
    "workplace seat_city headquarters meeting_point capital resort suburb_name",
    "country": "country "
    "nation land homeland state",
    "organisation": "company supplier employer vendor brand shop publisher airline agency "
    "bank club school university hotel restaurant hospital office_name firm producer maker carrier operator issuer insurer "
    "landlord customer_name store market foundation museum "
    "newspaper laboratory theatre agency_name sponsor_name dealer workshop bakery clinic charity union ministry "
    "retailer wholesaler",
    "street": "address street "
    "location_address home_address lane",
    "email": "email mail "
    "email_address contact_email to_address cc bcc reply_to",
    "phone": "phone phone_number fax mobile "
    "telephone cell number_to_call hotline contact_number",
    "url": "url link website page "
    "uri web_address homepage source_url endpoint feed image_url",
    "file": "file path filename document attachment folder "
    "input output input_file output_file image video_file script config log_file target_path directory",
    "day": "date day deadline birthday due_date start_date end_date expiry "
    "day_of_week departure_date arrival_date return_date check_in check_out due event_date released "
    "founded expires arrived departed renewed valid_until holiday anniversary appointment",
    "time": "time start_time end_time hour "
    "opening closing departure_time arrival_time alarm_time pickup_time "
    "wake_up curfew kickoff lunchtime bedtime boarding",
    "code": "code reference serial_number plate voucher coupon batch sku flight_number postcode "
    "order_number invoice_number tracking_number isbn barcode pin gate seat room_number table_number account_number "
    "case_number vin zip "
    "ticket_number shelf locker batch_code model_number permit licence passport policy_number lane_code membership "
    "parcel container locker_code",
    "identifier": "id key token username login slug branch handle "
    "user_id account_id session device_id order_id project_id name_id handle_name channel_name repo host_name "
    "container_name",
    "thing": "item product object part tool gift model device "
    "product_name article food drink dish ingredient material toy vehicle machine equipment instrument furniture garment "
    "souvenir treasure cargo luggage spare_part utensil prize sample ornament accessory purchase",
    "title": "title subject headline heading caption song book film album "
    "name event event_name project_name task task_name title_text label list_name playlist game show series course "
    "painting poem play opera lecture chapter newsletter podcast episode workshop_name exhibition festival ceremony",
    "topic": "topic query keyword theme field category_name "
    "subject_area search_term search interest hobby area_of_interest question_about tag",
    "job": "job profession role occupation "
    "position occupation_name trade "
    "works_as career vocation line_of_work",
    "colour": "color colour "
    "paint background foreground shade tint",
    "language": "language target_language "
    "lang from_language to_language locale_name native_language",
    "sentence": "message text note comment description body content reason summary "
    "question answer feedback remark caption_text prompt memo instruction instructions details info explanation complaint "
    "wish quote "
    "motto greeting excuse slogan rumour warning verdict advice promise punchline",
    "integer": "count quantity number amount limit size age year_count floor level rank seats pages copies people nights days minutes port "
    "max_results points score "
    "hours seconds weeks months years tickets units items_count stars percent volume_level brightness guests_count "
    "rooms_count max min offset page_number total_pages rating strength "
    "laps goals votes bottles boxes crates chapters players siblings employees visitors steps rounds attempts "
    "workers passengers words_count bedrooms slices sheets",
    "decimal": "price weight height width length distance temperature rate budget total cost fee speed volume depth discount latitude "
    "value cost_per_unit area altitude longitude pressure humidity weight_kg tip interest_rate tax salary income balance "
    "deposit dose mileage "
    "rent bill loan donation refund fine prize_money allowance concentration voltage thickness radius",
    "boolean": "urgent notify active public recursive verified paid visible archived enabled express refundable silent favourite "
    "required optional private locked hidden open confirmed completed done active_only dry_run force overwrite gift_wrap "
    "insured vegetarian loud",
    "enum": "status priority format unit mode type kind color_scheme size_class sort_order level_name plan currency channel shape category "
    "style "
    "mode_name size frequency severity difficulty quality direction gender season payment_method transport class_name "
    "theme_name visibility access",
    "strings": "tags names labels items recipients attendees ingredients keywords guests files colors topics members "
    "names_list words friends cities products skills hobbies categories emails steps lines options",
    "pairs": "points coordinates positions vertices corners polygon path_points ranges intervals spans offsets_list moves pairs route_points",
    "integers": "ids numbers scores sizes values rooms pages_list levels "
    "numbers_list years_list ages amounts prices_list counts",
}  # fmt: skip
MODIFIERS = """
new old start end source target main backup first last billing delivery home work event order user project team room account default
current next total daily weekly final original contact return pickup booking invoice shipping primary secondary local remote test
upper lower left right inner outer front rear north south east west early late morning evening night summer winter spring autumn small
large big tiny long short high low open closed empty full hot cold warm dry wet red blue green white black gold silver house garden
kitchen office school hotel airport station company city country world group family child adult guest host seller buyer sender
receiver owner author editor driver player coach doctor patient student teacher client partner bank store market product item article
model part tool machine engine battery screen camera phone web mail file folder page book song film game match trip flight train bus
car bike boat ship truck package box letter ticket card key door window wall floor roof desk chair table lamp plant tree animal dog
cat bird fish food meal drink water fuel power energy heat light sound music video photo map route road bridge park lake river sea
island mountain forest field farm factory lab sample result report review rating vote survey exam course lesson lecture class term
year month week hour minute second base top bottom minimum maximum average fixed extra special regular normal public private internal
external official personal common rare exact rough clean dirty safe free paid prepaid expected actual real fake virtual
""".split()
INVENTED_NAMES = 0.15  # of training's fields: what was never seen before is copied, not known


def _composed_names() -> dict[str, Pool]:
    pools = {}
    for kind, heads in HEADS.items():
        names = list(heads.split())
        for head in heads.split():
            names += [f"{modifier}_{head}" for modifier in MODIFIERS if modifier not in head]
        pools[kind] = Pool(f"field names: {kind}", names)
    return pools


NAMES = _composed_names()


def _without_modifier(kind: str) -> dict[Split, list[str]]:
    heads = set(HEADS[kind].split())
    return {side: [name for name in NAMES[kind][side] if name in heads] for side in SPLITS}


PLAIN = {kind: _without_modifier(kind) for kind in HEADS}


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
        if self.kind == "pairs":
            return {"type": "array", "items": {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}}
        if self.kind == "enum":
            return {"type": "string", "enum": list(self.choices)}
        return {"type": {"integer": "integer", "decimal": "number", "boolean": "boolean"}.get(self.kind, "string")}


TEXTS: dict[str, values.Maker] = {
    "person": values.person,
    "city": values.city,
    "country": lambda rng, split: rng.choice(words.COUNTRIES[split]) if rng.random() < 0.7 else values.invented_name(rng, split),
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
    "job": lambda rng, split: values.pick(words.JOBS, rng, split),
    "colour": lambda rng, split: values.pick(words.COLOURS, rng, split),
    "language": lambda rng, split: values.pick(words.LANGUAGES, rng, split),
    "sentence": values.sentence,
    "word": values.word,
    "surname": values.surname,
    "currency": lambda rng, split: values.pick(words.CURRENCIES, rng, split),
    "unit": lambda rng, split: values.pick(words.UNITS, rng, split),
    "room": lambda rng, split: values.pick(words.ROOMS, rng, split) if rng.random() < 0.8 else values.thing(rng, split),
    "cuisine": lambda rng, split: values.pick(words.CUISINES, rng, split),
    "listname": lambda rng, split: values.pick(words.LISTS, rng, split) if rng.random() < 0.7 else values.word(rng, split),
    "symbol": values.symbol,
    "expression": values.expression,
    "command": values.command,
}
ITEM_KINDS = ("person", "thing", "topic", "city", "code", "word")
KINDS_WEIGHTED = [
    *("person city thing title identifier code day time integer integer decimal boolean enum enum email file sentence sentence".split()),
    *("strings topic organisation phone url language colour street country integers job pairs".split()),
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
    if kind == "pairs":
        number = rng.choice([values.integer, values.integer, values.decimal])
        pairs = [[number(rng, split), number(rng, split)] for _ in range(rng.choice([1, 2, 2, 3, 4]))]
        form = rng.choice(["({}, {})", "({}, {})", "{} and {}", "[{}, {}]", "{}/{}"])
        texts = [form.format(*pair) for pair in pairs]
        return pairs, "; ".join(texts) if form == "{} and {}" else listing(texts, rng)
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


def enum_choices(rng: Random, split: Split) -> tuple[str, ...]:
    if split == "train" and rng.random() < values.INVENTED:
        return tuple({values.word(rng, split): None for _ in range(rng.choice([2, 3, 3, 4]))})
    return tuple(rng.choice(words.ENUM_SETS[split]).split())


def make_fields(rng: Random, split: Split, count: int, kinds: list[str] | None = None) -> list[Field]:
    """Different fields, with names of this side; no two of the same kind have words that could be mixed up."""
    style = key_style(rng)
    fields: list[Field] = []
    while len(fields) < count:
        kind = rng.choice(kinds or KINDS_WEIGHTED)
        plain = PLAIN[kind][split]
        name = rng.choice(plain) if plain and rng.random() < 0.65 else rng.choice(NAMES[kind][split])
        if split == "train" and rng.random() < INVENTED_NAMES:
            invented = values.word(rng, split)
            name = rng.choice([invented, f"{invented}_{name.split('_')[-1]}"])
        taken = {word for field in fields for word in field.name.split("_")}
        if taken & set(name.split("_")):
            continue
        choices = enum_choices(rng, split) if kind == "enum" else ()
        if any(set(choices) & set(field.choices) for field in fields):
            continue
        fields.append(Field(name, kind, style(name), choices))
    return fields
