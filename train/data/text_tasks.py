"""Job 5: counting, sorting a short list, repeating, upper and lower case."""

from random import Random

from . import values
from .example import Example, assistant, user
from .split import Pool, Split
from .words import THINGS, TOPICS

REPEAT = Pool("repeat", [
    'Repeat: {text}', 'Say "{text}"', "Repeat after me: {text}", 'Repeat the words "{text}".', "Write this again: {text}",
    'Echo "{text}"', "echo {text}",
    "Copy this: {text}", "Please repeat this text: {text}", 'say exactly this: "{text}"', "Say this again: {text}", "Type {text}",
    'Print "{text}"',
    "Repeat this: {text}", "Repeat \"{text}\"", "repeat {text}", "Repeat what I say: {text}", "Say: {text}", "say {text}",
    "Say this: {text}", "Say the following: {text}", "Say after me: {text}", "Just say {text}", "Just repeat: {text}", "Write: {text}",
    "Write \"{text}\"", "Write the following: {text}", "Write out {text}", "Type this: {text}", "Type \"{text}\" again",
    "Print: {text}", "Output: {text}", "Output \"{text}\"", "Return exactly this: {text}", "Return the text: {text}",
    "Give me back: {text}", "Give this back to me: {text}", "Answer with: {text}", "Answer with \"{text}\"", "Reply with: {text}",
    "Reply with \"{text}\"", "Read this out: {text}", "Tell me this again: {text}", "Parrot this: {text}", "Mirror: {text}",
    "Spell out: {text}", "Please say {text}", "Please write {text}", "Please copy \"{text}\"", "Copy \"{text}\"",
    "Copy exactly: {text}", "Quote: {text}", "Once more: {text}", "Can you repeat {text}", "Could you say \"{text}\"?",
    "I want you to say \"{text}\"", "What did I say? {text}", "The same again: {text}",
])  # fmt: skip
UPPER = Pool("upper case", [
    'Write "{text}" in upper case.', "Upper case: {text}", 'Make "{text}" all caps', "Put this in capital letters: {text}",
    "{text} in capitals please", "uppercase {text}",
    'Convert "{text}" to upper case', "Capitalise every letter of {text}", "SHOUT this: {text}",
    "Write {text} in capitals", "Write this in upper case: {text}", "Use capitals: {text}", "Capitals: {text}", "To upper case: {text}",
    "upper({text})", "make {text} uppercase", "{text} -> upper case", "{text}, but in capital letters", "Big letters: {text}",
    "Turn {text} into capital letters", "Change \"{text}\" to all caps", "Please capitalise {text}", "In capitals: {text}",
    "All caps: {text}",
])  # fmt: skip
LOWER = Pool("lower case", [
    'Write "{text}" in lower case.', "Lower case: {text}", 'Make "{text}" lowercase', "Put this in small letters: {text}",
    "{text} in small letters please", "lowercase {text}",
    'Convert "{text}" to lower case', "No capitals: {text}",
    "Write {text} in small letters", "Write this in lower case: {text}", "Use small letters: {text}", "To lower case: {text}",
    "lower({text})", "make {text} lowercase", "{text} -> lower case", "{text}, but in small letters", "Small letters: {text}",
    "Turn {text} into small letters", "Change \"{text}\" to lower case", "In small letters: {text}", "Do not use capitals: {text}",
])  # fmt: skip
SORT_NUMBERS = Pool("sort numbers", [
    "Sort these numbers: {list}", "Put {list} in order.", "Sort {list} from small to large", "Order these: {list}", "sort {list}",
    "Arrange {list} in ascending order",
    "Please sort the numbers {list}", "From smallest to largest: {list}",
    "Sort: {list}", "sort numbers: {list}", "Sort the numbers {list}", "Sort {list} in ascending order",
    "Put these numbers in order: {list}", "Put in order: {list}", "Order the numbers {list}", "Order {list} by size", "{list} sorted?",
    "{list} in order, please", "Numbers: {list}. Sort them.", "Rank these numbers from low to high: {list}",
    "Which order do {list} have?",
])  # fmt: skip
SORT_WORDS = Pool("sort words", [
    "Sort these words: {list}", "Put {list} in alphabetical order.", "Sort {list} alphabetically", "Alphabetical order: {list}",
    "Arrange {list} from A to Z",
    "Please sort the words {list}", "order by alphabet: {list}",
    "Sort these alphabetically: {list}", "Sort the words {list}", "sort words: {list}", "Put these words in order: {list}",
    "Order the words {list}", "Order {list} from A to Z", "Alphabetise {list}", "{list} in alphabetical order, please",
    "Words: {list}. Sort them.", "From A to Z: {list}",
])  # fmt: skip
COUNT_WORDS = Pool("count words", [
    'How many words are in "{text}"?', "Count the words: {text}", "How many words does this have: {text}", "word count of {text}?",
    'Number of words in "{text}"?', "Count words in: {text}",
    "How many words: {text}", "How many words are there in {text}", "How many words do you see: {text}", "Count these words: {text}",
    "Count how many words this has: {text}", "{text} - how many words?", "Words in \"{text}\"?", "word count: {text}",
])  # fmt: skip
COUNT_ITEMS = Pool("count items", [
    "How many things are in this list: {list}?", "Count: {list}", "How many are these: {list}", "Number of items: {list}?",
    "count the items {list}", "How long is the list {list}?",
    "How many items: {list}", "How many items has {list}?", "How many do you see: {list}", "How many words are in the list {list}?",
    "Count these: {list}", "Count the list: {list}", "{list} - how many?", "List: {list}. How many?",
])  # fmt: skip
FIRST_LAST = Pool("first or last", [
    "What is the {which} word of \"{text}\"?", "Give me the {which} word: {text}", "{which} word of {text}?",
    "Which word comes {which} in \"{text}\"?", "The {which} word in {text} is?",
    "What is the {which} word here: {text}", "The {which} word of {text}", "Tell me the {which} word of \"{text}\"",
    "{which} word: {text}", "Which is the {which} word? {text}", "Say the {which} word of {text}",
])  # fmt: skip


def _words(rng: Random, split: Split, least: int, most: int) -> list[str]:
    makers = [values.word, lambda r, s: r.choice(THINGS[s]), lambda r, s: r.choice(TOPICS[s])]
    return [rng.choice(makers)(rng, split) for _ in range(rng.randint(least, most))]


def _text(rng: Random, split: Split) -> str:
    makers = [
        values.sentence,
        values.title,
        values.full_name,
        values.code,
        values.identifier,
        values.topic,
        values.email,
        values.day,
        values.phone,
        lambda r, s: " ".join(_words(r, s, 1, 5)),
    ]
    texts = [rng.choice(makers)(rng, split) for _ in range(rng.choice([1, 1, 2, 3, 4]))]  # long ones teach to copy best
    return rng.choice([", ", " ", "; ", " - "]).join(texts)


def text_task(rng: Random, split: Split) -> Example:
    task = rng.choice("repeat repeat repeat upper lower sort_numbers sort_words count_words count_items first_last".split())
    if task == "repeat":
        answer = _text(rng, split)
        question = rng.choice(REPEAT[split]).format(text=answer)
    elif task in ("upper", "lower"):
        text = " ".join(_words(rng, split, 1, 3))
        if task == "lower":
            text = text.upper() if rng.random() < 0.7 else text.title()
        question = rng.choice((UPPER if task == "upper" else LOWER)[split]).format(text=text)
        answer = text.upper() if task == "upper" else text.lower()
    elif task == "sort_numbers":
        top = rng.choice([9, 20, 99, 99, 999])
        numbers = rng.sample(range(1, top + 1), rng.randint(3, 6))
        question = rng.choice(SORT_NUMBERS[split]).format(list=", ".join(map(str, numbers)))
        answer = ", ".join(map(str, sorted(numbers)))
    elif task == "sort_words":
        by_first = {word[0]: word for word in _words(rng, split, 3, 5)}
        words = list(by_first.values())
        question = rng.choice(SORT_WORDS[split]).format(list=", ".join(words))
        answer = ", ".join(sorted(words))
    elif task == "count_words":
        words = _words(rng, split, 1, 8)
        question = rng.choice(COUNT_WORDS[split]).format(text=" ".join(words))
        answer = str(len(words))
    elif task == "count_items":
        words = _words(rng, split, 2, 8)
        question = rng.choice(COUNT_ITEMS[split]).format(list=", ".join(words))
        answer = str(len(words))
    else:
        words = _words(rng, split, 2, 6)
        which = rng.choice(["first", "last"])
        question = rng.choice(FIRST_LAST[split]).format(which=which, text=" ".join(words))
        answer = words[0 if which == "first" else -1]
    question = question[0].upper() + question[1:] if rng.random() < 0.3 else question
    return Example("text-task", [user(question), assistant(answer)], {"answer": answer})
