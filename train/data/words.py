"""Pools of words, written down once and split by their hash."""

from .split import Pool

FIRST_NAMES = Pool(
    "first names",
    """
Anna Ben Carla David Elena Felix Grace Hugo Ines Jonas Kira Liam Maya Nora Oskar Paula Quinn Rosa Samir Tara Uma Victor Wendy Xenia Yusuf
Zoe Amir Bianca Cem Dora Emil Fatima Georg Hana Ivan Julia Karim Lena Marco Nadia Omar Petra Rafael Sofia Tomas Ursula Vera Walter Yara
Zara Alice Bruno Chloe Diego Emma Fiona Gabriel Helen Igor Jana Kenji Laura Mateo Nina Olga Pablo Rita Simon Tessa Ulrich Viktor Wanda
Yuki Aisha Bob Clara Dimitri Eve Frank Greta Henry Isla Jack Kate Leo Mia Noah Olivia Peter Rachel Sam Tom Uwe Violet Will Yann Mary John
Susan Mark Lucy Paul Jane Eric Linda James Sara Mohamed Wei Mei Hiro Aiko Minho Jisoo Pierre Claire Hans Ute Carlos Lucia Ali Layla
""".split(),
)

CITIES = Pool(
    "cities",
    """
Paris London Berlin Madrid Rome Vienna Lisbon Dublin Oslo Helsinki Prague Warsaw Athens Zurich Geneva Lyon Munich Hamburg Milan Naples Seoul
Tokyo Osaka Kyoto Busan Beijing Shanghai Cairo Dubai Lagos Nairobi Boston Chicago Denver Seattle Austin Dallas Miami Toronto Montreal
Vancouver Lima Bogota Santiago Mumbai Delhi Bangkok Hanoi Sydney Melbourne Auckland Kiev Riga Tallinn Vilnius Sofia Bucharest Budapest
Zagreb Belgrade Porto Seville Valencia Bilbao Turin Bologna Florence Venice Basel Graz Salzburg Bremen Leipzig Dresden Cologne Frankfurt
Stuttgart Marseille Nice Bordeaux Lille Nantes Brussels Antwerp Ghent Amsterdam Rotterdam Utrecht Copenhagen Stockholm Gothenburg Bergen
""".split(),
)

CAPITALISED_PLACES = Pool(
    "two-word cities",
    [
        "New York",
        "San Francisco",
        "Los Angeles",
        "Cape Town",
        "Buenos Aires",
        "Mexico City",
        "Hong Kong",
        "Kuala Lumpur",
        "New Delhi",
        "Rio de Janeiro",
        "Tel Aviv",
        "Abu Dhabi",
        "Saint Petersburg",
        "Las Vegas",
        "San Diego",
        "Salt Lake City",
        "Santa Fe",
        "Fort Worth",
    ],
)

COUNTRIES = Pool(
    "countries",
    """
France Germany Spain Italy Portugal Austria Poland Norway Sweden Finland Denmark Ireland Greece Turkey Egypt Morocco Kenya Nigeria Ghana
Japan Korea China India Thailand Vietnam Brazil Chile Peru Mexico Canada Iceland Hungary Romania Croatia Serbia Latvia Estonia Belgium
""".split(),
)

ADJECTIVES = Pool(
    "adjectives",
    """
blue red green small large old new heavy light round square quiet loud soft hard bright dark warm cold fresh dry wet thin thick long short
wide narrow deep shallow clean dusty golden silver wooden plastic broken spare cheap rare simple quick slow early late final first second
outer inner upper lower left right northern southern foggy sunny windy rusty shiny smooth rough gentle brave clever famous hidden lost
empty full open closed common secret local global annual weekly daily monthly urgent private public yellow purple orange pink grey black
white tiny huge sweet sour spicy salty crispy frozen folding electric digital modern ancient curved flat striped
""".split(),
)

THINGS = Pool(
    "things",
    """
lamp chair table door window bottle basket bicycle camera clock ladder hammer mirror pillow blanket candle carpet drawer engine fence garden
guitar piano violin helmet jacket kettle keyboard knife lantern letter magnet map medal needle notebook paddle pencil picture pump puzzle
radio ribbon rope saddle scarf shelf shovel spoon statue stove suitcase sweater telescope ticket towel tractor trumpet umbrella vase wagon
wallet whistle wrench zipper apple banana bread butter carrot cheese coffee cookie honey lemon milk mushroom noodle olive onion pepper
potato
rice salad salt soup sugar tea tomato yogurt boots brush bucket cable chain coat cup desk drum fan flag glove hat ink jar kite lens mask
nail
oven pan quilt rug sofa tent tray tripod tube valve wheel yarn backpack battery charger headphones monitor mouse printer router screen
speaker tablet
""".split(),
)

TOPICS = Pool(
    "topics",
    """
history physics music gardening cooking chess football tennis painting poetry astronomy geology biology chemistry economics robotics sailing
photography architecture farming weather energy traffic health education travel fashion movies dance yoga climbing cycling swimming fishing
hiking knitting pottery archery folklore grammar geometry algebra statistics logic ethics marketing banking insurance housing elections
volcanoes glaciers whales bees spiders dinosaurs planets comets oceans deserts rivers forests castles bridges trains ships
""".split(),
)

JOBS = Pool(
    "jobs",
    """
teacher doctor nurse pilot baker farmer plumber painter carpenter engineer lawyer judge writer editor singer dancer actor driver mechanic
electrician gardener cook waiter barber tailor librarian chemist biologist architect designer manager accountant programmer translator
photographer journalist fisherman sailor soldier firefighter dentist surgeon pharmacist economist geologist astronomer
""".split(),
)

COLOURS = Pool(
    "colours",
    """
red blue green yellow purple orange pink brown grey black white silver gold turquoise crimson beige navy teal maroon olive violet indigo
magenta cyan ivory coral amber khaki lilac scarlet
""".split(),
)

LANGUAGES = Pool(
    "languages",
    """
English French German Spanish Italian Portuguese Dutch Swedish Norwegian Danish Finnish Polish Czech Greek Turkish Arabic Hebrew Hindi
Japanese Korean Chinese Thai Vietnamese Russian Ukrainian Hungarian Romanian Swahili Latin Welsh
""".split(),
)

UNITS = Pool(
    "units",
    """
kilograms grams litres metres kilometres miles inches feet pounds ounces hours minutes seconds days weeks months years euros dollars cups
bottles boxes pieces pages rows packets bags crates percent degrees watts
""".split(),
)

WEEKDAYS = Pool("weekdays", "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split())
MONTHS = Pool("months", "January February March April May June July August September October November December".split())
CURRENCIES = Pool("currencies", "EUR USD GBP JPY CHF SEK NOK KRW CNY INR BRL CAD AUD PLN MXN DKK CZK TRY".split())
FILE_ENDINGS = Pool("file endings", "txt csv pdf json png jpg md log xml zip mp3 docx html py yaml svg".split())
DOMAIN_ENDINGS = Pool("domain endings", "com org net io dev de fr es jp kr eu info app edu".split())

ROOMS = Pool(
    "rooms",
    """
kitchen bedroom bathroom garage hallway office cellar attic garden basement lounge nursery studio library balcony pantry workshop
""".split()
    + ["living room", "dining room", "guest room", "front", "back", "kids' room", "laundry room"],
)
CUISINES = Pool(
    "cuisines",
    """
Italian Chinese Indian Thai Mexican Japanese Korean French Greek Turkish Spanish Vietnamese Lebanese Ethiopian Peruvian vegan Moroccan
""".split(),
)
LISTS = Pool("lists", "shopping grocery packing party reading birthday camping hardware holiday wish garden school".split())

COPIED = [
    FIRST_NAMES, CITIES, CAPITALISED_PLACES, COUNTRIES, ADJECTIVES, THINGS, TOPICS, JOBS, COLOURS, LANGUAGES, UNITS, WEEKDAYS, MONTHS,
    CURRENCIES, FILE_ENDINGS, DOMAIN_ENDINGS, ROOMS, CUISINES, LISTS,
]  # fmt: skip

SYLLABLES = """
ba be bi bo bu da de di do du fa fe fi fo ga ge gi go gu ha he hi ho ja je jo ka ke ki ko ku la le li lo lu ma me mi mo mu na ne ni no nu pa
pe pi po pu ra re ri ro ru sa se si so su ta te ti to tu va ve vi vo wa we wi wo ya yo za ze zi zo zu bra dre fli gro kra pli stu tri vle
sha chi tho ar el in or un al en is os ur
""".split()  # names are composed of these; the hash of the whole name decides where it belongs
SYLLABLE_ENDS = "n r s l m t k x nd rt ck th sh rn ll st".split()

ENUMS = [
    "low medium high", "open closed pending", "celsius fahrenheit", "small medium large", "asc desc", "json csv xml",
    "draft published archived",
    "email sms push", "metric imperial", "basic pro premium", "daily weekly monthly", "north south east west", "red green blue",
    "fast normal slow",
    "admin editor viewer", "waiting running finished", "economy business first", "circle square triangle", "light dark auto", "on off",
    "hot cold warm",
    "single double suite", "cash card transfer", "new used refurbished", "left right center", "public private", "png jpg svg",
    "minor major critical",
    "vegan vegetarian regular", "bus train plane car", "success failed running", "short long", "strict relaxed", "bronze silver gold",
]  # fmt: skip
ENUM_SETS = Pool("enum values", ENUMS)
CHOICES = frozenset(" ".join(ENUMS).split())
