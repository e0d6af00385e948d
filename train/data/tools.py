"""Tools composed of verbs, nouns and fields: thousands for training, others, with other verbs, nouns and field names, for evaluation."""

from dataclasses import dataclass
from functools import cache
from random import Random

from .fields import Field, make_fields
from .split import Pool, Split, phrasings
from .values import word

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
    "attach": "attach|join|clip", "detach": "detach|disconnect", "connect": "connect|link|hook up", "invert": "invert|flip",
    "rotate": "rotate|turn around|spin", "resize": "resize|scale", "crop": "crop|cut", "compress": "compress|zip|pack",
    "extract": "extract|unpack|pull out", "encrypt": "encrypt", "decrypt": "decrypt", "sign": "sign", "submit": "submit|hand in",
    "withdraw": "withdraw|take back", "confirm": "confirm", "postpone": "postpone|put off|delay", "announce": "announce|make known",
    "notify": "notify|inform", "remind": "remind", "ping": "ping", "refresh": "refresh|reload", "sync": "sync|synchronise",
    "install": "install", "uninstall": "uninstall", "upgrade": "upgrade", "downgrade": "downgrade", "migrate": "migrate",
    "clone": "clone", "split": "split|divide", "join": "join|connect", "sort": "sort|order", "filter": "filter", "group": "group",
    "rank": "rank", "search": "search|look through", "browse": "browse", "view": "view|see|look at", "read": "read", "write": "write",
    "draw": "draw|sketch", "paint": "paint", "film": "film", "listen": "listen to", "mute": "mute|silence", "unmute": "unmute",
    "boost": "boost|increase|raise", "lower": "lower|decrease|reduce", "adjust": "adjust|tune", "calibrate": "calibrate",
    "charge": "charge", "discharge": "discharge", "fill": "fill|fill up", "drain": "drain|empty", "mix": "mix|blend", "bake": "bake",
    "cook": "cook|prepare", "freeze": "freeze", "heat": "heat|warm up", "cool": "cool|cool down", "water": "water",
    "harvest": "harvest|pick", "feed": "feed", "walk": "walk", "ship": "ship|dispatch", "return": "return|send back",
    "exchange": "exchange|swap", "lend": "lend", "borrow": "borrow", "donate": "donate|give away", "refund": "refund",
    "invoice": "invoice|bill", "audit": "audit", "insure": "insure", "appraise": "appraise|value", "nominate": "nominate|propose",
    "elect": "elect", "hire": "hire|employ", "dismiss": "dismiss|let go", "promote": "promote", "transfer": "transfer|move",
    "suspend": "suspend", "activate": "activate|switch on", "deactivate": "deactivate|switch off", "mark": "mark", "flag": "flag",
    "pin": "pin", "bookmark": "bookmark", "follow": "follow", "mention": "mention", "answer": "answer|reply to", "ask": "ask",
    "predict": "predict", "simulate": "simulate", "generate": "generate|produce", "validate": "validate", "format": "format",
    "parse": "parse", "deploy": "deploy|roll out", "monitor": "monitor|watch", "diagnose": "diagnose", "inspect": "inspect|examine",
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
umbrella_stand laundry_load dish_set wine_cellar coffee_machine tea_order cake bread_order fruit_basket vegetable_box fish_tank
bird_house dog_walk cat_sitter horse_ride cow_shed bee_hive farm field_trip crop_plan seed_packet greenhouse compost_bin lawn_mower
snow_plow chimney roof_tile window_pane door_bell fence_post swimming_pool sauna gym_pass yoga_class dance_lesson piano_lesson choir
orchestra opera_ticket circus_show puppet_show magic_trick puzzle_box board_game card_deck chess_club football_match tennis_court
golf_course ski_lift surf_board kayak canoe sail_boat ferry cruise train_pass metro_card taxi_ride bike_rental scooter motorcycle
truck_load forklift crane excavator tunnel bridge dam power_plant wind_turbine solar_panel battery_pack charger cable adapter
switch_port modem antenna radio_station tv_channel news_feed press_release interview column headline magazine comic_strip novel chapter
paragraph sentence footnote citation glossary index_card bibliography thesis lecture seminar workshop webinar classroom school_bus
scholarship diploma grade_report homework attendance_list locker library_card reading_list dorm_room canteen_menu lunch_box patient_bed
operating_room ambulance blood_sample x_ray dental_visit eye_test hearing_aid wheelchair pharmacy_order diet_plan fitness_goal
sleep_log heart_rate_log baby_monitor nursery_place playground toy birthday_party wedding funeral anniversary family_tree photo_album
diary postcard letter stamp envelope parcel_locker mailbox courier customs_form passport visa residence_permit id_card
birth_certificate court_case legal_brief witness police_report fine toll speed_camera traffic_light road_sign street_lamp park_bench
fountain monument statue gallery sculpture painting frame pottery jewel ring necklace watch clock_tower calendar_page time_slot
shift_plan overtime_request salary bonus pension tax_return bank_account savings_plan gold_bar coin_collection bond share_price
dividend merger board_meeting vote_count budget_line cost_center purchase_request quote tender supplier_rating stock_level pallet shelf
barcode price_tag cash_register receipt return_label warranty complaint service_call spare_key tool_box paint_bucket brick_order
timber_load concrete_mix blueprint floor_plan building_permit elevator fire_drill smoke_detector security_guard visitor_pass key_card
door_code password ssh_key api_token web_hook cron_job log_file crash_dump test_suite build_step release_note feature_flag code_review
pull_request branch_rule package_version docker_image cluster node_pool load_balancer dns_record mail_alias domain_name ssl_certificate
cookie_banner landing_page ad_campaign mailing_list lead sales_call demo customer_record support_case chat_bot voice_menu call_log
contact_group phone_number ringtone wallpaper widget screen_saver font color_palette icon logo brand_guide video_clip audio_track
subtitle playlist_cover podcast_episode live_stream photo_filter drone_flight map_layer gps_track weather_station rain_gauge tide_table
star_chart planet_model rocket_launch moon_base microscope test_tube gene_sequence protein_model fossil mineral volcano_alert
earthquake_report flood_warning wildlife_count bird_survey whale_watch forest_path tree_house campfire tent backpack water_bottle
first_aid_kit compass rope_bridge cave_tour desert_safari island_hop
""".split(),
)

INVENTED = 0.15  # of training's nouns and verbs, when a tool is made on the spot

DESCRIPTIONS = phrasings("tool descriptions")
FIELD_DESCRIPTIONS = phrasings("field descriptions")
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


def compose_tool(rng: Random, split: Split, invented: float = 0) -> Tool:
    verb, noun = rng.choice(VERB_POOL[split]), rng.choice(NOUNS[split])
    if rng.random() < invented:
        noun = "_".join(word(rng, split) for _ in range(rng.choice([1, 1, 2])))
    if rng.random() < invented / 2:
        verb = word(rng, split)
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
