"""Pools of words and short texts, one a line in words/, split by their hash."""

from pathlib import Path

from .split import SPLITS, Pool, lines_of

FOLDER = Path(__file__).with_name("words")


def _pool(name: str) -> Pool:
    return Pool(name, lines_of(FOLDER, name))


FIRST_NAMES = _pool("first names")
SURNAMES = _pool("surnames")
CITIES = _pool("cities")
LONG_CITIES = _pool("cities of several words")
COUNTRIES = _pool("countries")
ORGANISATIONS = _pool("organisations")
STREETS = _pool("streets")
ADJECTIVES = _pool("adjectives")
THINGS = _pool("things")
TITLES = _pool("titles")
TOPICS = _pool("topics")
SENTENCES = _pool("sentences")  # with {who}, {where}, {when} and {what}
JOBS = _pool("jobs")
COLOURS = _pool("colours")
LANGUAGES = _pool("languages")
UNITS = _pool("units")
CURRENCIES = _pool("currencies")
ROOMS = _pool("rooms")
CUISINES = _pool("cuisines")
LISTS = _pool("lists")
FILE_ENDINGS = _pool("file endings")
DOMAIN_ENDINGS = _pool("domain endings")
WEEKDAYS = Pool("weekdays", "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split())
MONTHS = Pool("months", "January February March April May June July August September October November December".split())
COPIED = [
    FIRST_NAMES, SURNAMES, CITIES, LONG_CITIES, COUNTRIES, ORGANISATIONS, STREETS, ADJECTIVES, THINGS, TITLES, TOPICS, JOBS, COLOURS,
    LANGUAGES, UNITS, CURRENCIES, ROOMS, CUISINES, LISTS, FILE_ENDINGS, DOMAIN_ENDINGS, WEEKDAYS, MONTHS,
]  # fmt: skip

ENUM_SETS = _pool("enum values")  # the choices of one field on a line
CHOICES = frozenset(word for side in SPLITS for line in ENUM_SETS[side] for word in line.split())

# Of tools.
NOUNS = _pool("nouns")
VERBS = dict(line.split(": ", 1) for line in lines_of(FOLDER, "verbs"))  # and what people say for each
VERB_POOL = Pool("verbs", VERBS)

# Names are composed of these; the hash of the whole name decides where it belongs.
SYLLABLES = """
ba be bi bo bu da de di do du fa fe fi fo ga ge gi go gu ha he hi ho ja je jo ka ke ki ko ku la le li lo lu ma me mi mo mu na ne ni no nu pa
pe pi po pu ra re ri ro ru sa se si so su ta te ti to tu va ve vi vo wa we wi wo ya yo za ze zi zo zu bra dre fli gro kra pli stu tri vle
sha chi tho ar el in or un al en is os ur
""".split()
SYLLABLE_ENDS = "n r s l m t k x nd rt ck th sh rn ll st".split()
