"""Tools composed of verbs, nouns and fields: thousands for training, others, with other verbs, nouns and field names, for evaluation."""

from dataclasses import dataclass
from functools import cache
from random import Random

from .fields import Field, make_fields
from .split import Pool, Split

# A verb and what people say for it.
VERBS = {
    "create": "create|make|set up|add", "delete": "delete|remove|get rid of", "update": "update|change|edit|modify",
    "find": "find|look up|search for|look for",
    "get": "get|show me|fetch|give me", "list": "list|show", "send": "send|deliver", "book": "book|reserve", "cancel": "cancel|call off",
    "start": "start|begin|launch", "stop": "stop|end|halt", "open": "open", "close": "close|shut", "move": "move|transfer",
    "copy": "copy|duplicate",
    "rename": "rename", "share": "share", "archive": "archive|put away", "assign": "assign|give", "schedule": "schedule|plan|arrange",
    "order": "order|buy", "check": "check|look at|inspect", "convert": "convert|turn", "calculate": "calculate|work out|compute",
    "measure": "measure", "print": "print|print out", "scan": "scan", "translate": "translate", "publish": "publish|post",
    "approve": "approve|accept",
    "reject": "reject|refuse|decline", "track": "track|follow", "lock": "lock", "unlock": "unlock", "pause": "pause|hold",
    "resume": "resume|continue",
    "export": "export", "import": "import", "merge": "merge|combine", "rate": "rate", "renew": "renew|extend",
    "register": "register|sign up",
    "report": "report", "record": "record|log", "compare": "compare", "count": "count", "download": "download", "upload": "upload",
    "clean": "clean",
    "repair": "repair|fix", "test": "test|try", "restore": "restore|bring back", "tag": "tag|label", "invite": "invite",
    "describe": "describe",
    "play": "play|put on", "review": "review", "sell": "sell", "rent": "rent", "save": "save|store", "load": "load", "build": "build",
    "run": "run|execute",
    "enable": "enable|turn on|switch on", "disable": "disable|turn off|switch off", "set": "set", "reset": "reset", "verify": "verify",
    "pay": "pay",
    "estimate": "estimate|guess", "summarize": "summarize|sum up", "forward": "forward|pass on", "subscribe": "subscribe to",
    "block": "block|ban",
}  # fmt: skip
VERB_POOL = Pool("verbs", VERBS)
NOUNS = Pool(
    "nouns",
    """
invoice order ticket meeting booking reservation appointment reminder alarm playlist recipe report contract shipment parcel flight
hotel_room
rental_car train_ticket account profile user_group team project task bug_report server database backup_job container firewall_rule web_page
blog_post comment photo video podcast song album movie book article course lesson exam student_record patient_file prescription vaccine
lab_test
workout meal_plan shopping_list grocery_order restaurant_table menu_item delivery driver_license vehicle car_repair fuel_stop parking_spot
bus_route train_line weather_report forecast sensor thermostat light heater camera door_lock alarm_system garden_bed irrigation_plan tree
plant
animal pet_record adoption insurance_policy insurance_claim bank_transfer payment refund credit_card loan budget expense tax_form
stock_quote
portfolio currency_rate auction bid product warehouse_item supplier_contract price_list discount_code coupon gift_card survey poll vote
petition
email_draft text_message chat_room phone_call voicemail newsletter calendar_event conference_room translation dictionary_entry poem story
quiz
game_session tournament match_result league_table trophy machine conveyor robot_arm printer_job spare_part work_order safety_check drone
satellite
telescope_slot experiment sample dataset chart spreadsheet presentation document folder archive_box library_loan museum_tour concert
theatre_seat
festival_pass hiking_trail ski_pass boat_trip campsite tent_pitch apartment house_tour mortgage room_key cleaning_shift employee_badge
job_offer
job_application payslip holiday_request training_plan certificate license_key software_update app_setting phone_plan data_plan sim_card
router
""".split(),
)

DESCRIPTIONS = Pool("tool descriptions", [
    "{Verb} {a} {noun}.", "{Verb} {a} {noun}", "Use this to {verb} {a} {noun}.", "{Verb} one {noun}.", "{Verb} {a} {noun} in the system.",
    "This tool can {verb} {a} {noun}.", "Call it to {verb} {a} {noun}.", "{Verb} the {noun} of the user.", "Lets you {verb} {a} {noun}.",
])  # fmt: skip
FIELD_DESCRIPTIONS = Pool("field descriptions", [
    "The {field}", "The {field} of the {noun}", "{Field}", "{Field} of the {noun}", "The {noun}'s {field}", "Which {field}",
    "{Field} to use",
])  # fmt: skip
NO_FIELDS = (
    "list",
    "get",
    "check",
    "start",
    "stop",
    "pause",
    "resume",
    "open",
    "close",
    "reset",
    "lock",
    "unlock",
    "count",
    "run",
    "test",
    "clean",
)


@dataclass(frozen=True)
class Tool:
    name: str
    verb: str
    noun: str  # with spaces
    fields: tuple[Field, ...]
    required: frozenset[str]  # keys
    definition: dict  # as a client sends it

    @property
    def optional(self) -> list[Field]:
        return [field for field in self.fields if field.key not in self.required]


def article(noun: str) -> str:
    return "an" if noun[0] in "aeiou" else "a"


def describe_fields(fields: list[Field], noun: str, rng: Random, split: Split) -> dict[str, str]:
    """By key."""
    form = rng.choice(FIELD_DESCRIPTIONS[split])
    return {field.key: form.format(field=field.spoken, Field=field.spoken.capitalize(), noun=noun) for field in fields}


def definition(name: str, description: str, fields: list[Field], required: list[str], descriptions: dict[str, str]) -> dict:
    properties = {}
    for field in fields:
        properties[field.key] = field.schema
        if field.key in descriptions:
            properties[field.key]["description"] = descriptions[field.key]
    parameters: dict = {"type": "object", "properties": properties}
    if required:
        parameters["required"] = required
    return {"type": "function", "function": {"name": name, "description": description, "parameters": parameters}}


def _name(verb: str, noun: str, rng: Random) -> str:
    draw = rng.random()
    if draw < 0.75:
        return f"{verb}_{noun}"
    if draw < 0.88:
        return verb + "".join(part.capitalize() for part in noun.split("_"))
    return f"{noun}_{verb}" if draw < 0.94 else f"{noun}.{verb}"


def compose_tool(rng: Random, split: Split) -> Tool:
    verb, noun = rng.choice(VERB_POOL[split]), rng.choice(NOUNS[split])
    least = 0 if verb in NO_FIELDS else 1
    fields = make_fields(rng, split, max(least, rng.choice([0, 1, 1, 1, 2, 2, 2, 3, 4])))
    required = [field.key for field in fields if field.kind != "boolean" and rng.random() < 0.75] or [field.key for field in fields[:1]]
    spoken = noun.replace("_", " ")
    words = {"verb": verb, "Verb": verb.capitalize(), "noun": spoken, "a": article(spoken)}
    descriptions = describe_fields(fields, spoken, rng, split) if rng.random() < 0.25 else {}
    text = rng.choice(DESCRIPTIONS[split]).format(**words)
    name = _name(verb, noun, rng)
    return Tool(name, verb, spoken, tuple(fields), frozenset(required), definition(name, text, fields, required, descriptions))


TOOL_COUNT = {"train": 4000, "eval": 600}


@cache
def composed_tools(split: Split) -> tuple[Tool, ...]:
    """The tools of one side. A name stands for one tool."""
    rng = Random(f"tools-{split}")
    tools: dict[str, Tool] = {}
    while len(tools) < TOOL_COUNT[split]:
        tool = compose_tool(rng, split)
        tools.setdefault(tool.name, tool)
    return tuple(tools.values())
