"""Job 3: an answer out of a given text, word for word, and saying so when the text does not have it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TypeVar

from . import values
from .example import Example, assistant, system, user
from .fields import TEXTS, make_fields, make_value
from .split import Pool, Split, phrasings, split_of, without_comments
from .words import THINGS

FILE = Path(__file__).with_name("relations.txt")
ABSENT = "The text does not say."
# Of the questions have an answer. Half of training's had one up to step 43,642, where 6 % of evaluation's refusals were wrong and 12 % of its
# answers, most of them because it refused.
PRESENT: dict[Split, float] = {"train": 0.67, "eval": 0.67}
# How much a text tells. Training's tell more: among many facts the right one is found by what is asked only, not by what is left.
SUBJECTS: dict[Split, tuple[int, ...]] = {"train": (1, 2, 2, 3, 4, 5), "eval": (1, 2, 2, 3)}
NAMES: dict[Split, tuple[int, ...]] = {"train": (1, 2, 2, 3, 4), "eval": (1, 2, 2, 3)}  # of attributes, or verbs
FACTS: dict[Split, tuple[int, ...]] = {"train": (1, 2, 3, 3, 4, 5, 6, 8), "eval": (1, 2, 3, 3, 4, 5)}
TEXT_SHARES: dict[Split, tuple[float, ...]] = {"train": (0.5, 0.25, 0.25), "eval": (0.6, 0.25, 0.15)}  # related, attributed, invented
QUESTIONS = (1, 3, 4, 5, 6, 7, 8, 10)  # of training's texts
ATTRIBUTES = "integer decimal code identifier person city day time colour thing email phone job title organisation topic".split()

REQUESTS = phrasings("questions about a text", wear="change")
SYSTEMS = phrasings("systems of questions about a text", wear="change")
CONTEXT_SYSTEMS = phrasings("systems with a context", wear="change")
PLAIN = ("{text} {question}", "{text}\n{question}", "{text}\n\n{question}", "{question}\n\n{text}")  # as most people ask
ATTRIBUTE_STATEMENTS = phrasings("statements of attributes", wear="change")
ATTRIBUTE_QUESTIONS = phrasings("questions of attributes", wear="change")

INVENTED_RELATIONS = phrasings("relations of invented verbs")


@dataclass(frozen=True)
class Relation:
    subject: str
    answer: str
    statements: Pool
    questions: Pool


def _relations() -> list[Relation]:
    relations = []
    for i, block in enumerate(without_comments(FILE).strip().split("\n\n")):
        kinds, *lines = block.splitlines()
        statements, questions, *more = (line.split(" | ") for line in lines)
        said, asked = more or ((), ())
        relations.append(Relation(*kinds.split(), _pool(f"statements {i}", statements, said), _pool(f"questions {i}", questions, asked)))
    return relations


def _pool(name: str, texts: Sequence[str], more: Sequence[str]) -> Pool:
    """`more` are training's, whatever the hash says, so that evaluation stays as it is."""
    return Pool(name, [*more, *texts], "add", side=lambda text: "train" if text in more else split_of(text))


UNITS = {"weight": ("kilograms", "kg", "grams", "pounds", "tons"), "length": ("metres", "m", "cm", "feet", "inches", "centimetres")}
RELATIONS = _relations()


def make(kind: str, rng: Random, split: Split) -> str:
    if kind == "year":
        return str(values.number_on_side(lambda: rng.randint(1700, 2039), split))
    if kind == "count":
        if rng.random() < 0.5:
            return str(values.number_on_side(lambda: rng.randint(10, 9999), split))
        return values.on_side(lambda: f"{rng.randint(1, 999)},{rng.randint(0, 999):03}", split)
    if kind == "integer":
        return str(rng.randint(5, 99))
    if kind == "price":
        return str(rng.choice([values.decimal, values.integer])(rng, split))
    if kind in ("weight", "length"):
        unit = rng.choice(UNITS[kind])
        return f"{rng.choice([values.decimal, values.integer])(rng, split)} {unit}"
    if kind == "place":
        return TEXTS["room"](rng, split)
    return TEXTS[kind](rng, split)


def capitalised(text: str) -> str:
    """A sentence, unless it begins with an address, an identifier or a file's name."""
    first = text.split()[0]
    return text[0].upper() + text[1:] if first.removesuffix("'s").rstrip(",:;").isalpha() else text


def word_for_word(answer: str, statement: str) -> str:
    """As the statement has it, which may begin with it."""
    said = statement[: len(answer)]
    return said if said.casefold() == answer.casefold() else answer


@dataclass(frozen=True)
class Fact:
    relation: Relation
    subject: str
    answer: str

    def statement(self, rng: Random, split: Split) -> str:
        return capitalised(rng.choice(self.relation.statements[split]).format(s=self.subject, a=self.answer))

    def question(self, rng: Random, split: Split) -> str:
        return rng.choice(self.relation.questions[split]).format(s=self.subject)


def _facts(rng: Random, split: Split) -> list[Fact]:
    """Facts about few subjects, so that a question has distractors: the same relation of another subject, another of the same one."""
    kind = rng.choice(
        ["person", "person", "person", "organisation", "thing", "city", "title"] + ["file", "code", "word"] * (rng.random() < 0.3)
    )
    relations = [relation for relation in RELATIONS if relation.subject == kind]
    subjects = list(dict.fromkeys(make(kind, rng, split) for _ in range(rng.choice(SUBJECTS[split]))))
    facts = []
    used: set[tuple[str, str]] = set()
    for _ in range(rng.choice(FACTS[split])):
        relation, subject = rng.choice(relations), rng.choice(subjects)
        same_answer = (relation.answer, subject)  # "is based in" and "is famous for" do not answer the same, two cities may
        if same_answer not in used:
            used.add(same_answer)
            facts.append(Fact(relation, subject, make(relation.answer, rng, split)))
    return facts


T = TypeVar("T")
Questions = list[tuple[str, str]]  # with their answers, ABSENT or words of the text


def each_once(rng: Random, items: Sequence[T]) -> Iterator[T]:
    """In any order, and then again: what was asked before is read off its answer."""
    while True:
        left = list(items)
        while left:
            yield left.pop(rng.randrange(len(left)))


def worth_asking(told: int) -> int:
    """Questions, of a text that tells so much: with more the same would be asked time and again."""
    return 2 * told + 1


def _related(rng: Random, split: Split, count: int) -> tuple[str, Questions]:
    """A text and questions about it: relations."""
    facts = _facts(rng, split)
    said = [fact.statement(rng, split) for fact in facts]
    told = {(fact.relation.answer, fact.subject) for fact in facts}
    questions, order = [], each_once(rng, list(zip(facts, said, strict=True)))
    for _ in range(min(count, worth_asking(len(facts)))):
        fact, statement = next(order)
        if rng.random() < PRESENT[split]:
            questions.append((fact.question(rng, split), word_for_word(fact.answer, statement)))
            continue
        others = [one for one in RELATIONS if one.subject == fact.relation.subject and (one.answer, fact.subject) not in told]
        if others and rng.random() < 0.5:  # a subject of the text, another relation
            questions.append((Fact(rng.choice(others), fact.subject, "").question(rng, split), ABSENT))
            continue
        stranger = make(fact.relation.subject, rng, split)  # a relation of the text, another subject
        while any(set(stranger.split()) & set(other.subject.split()) for other in facts):
            stranger = make(fact.relation.subject, rng, split)
        questions.append((Fact(fact.relation, stranger, "").question(rng, split), ABSENT))
    return " ".join(said), questions


def _subjects(rng: Random, split: Split) -> list[str]:
    """Of attributes: anything with a name, no two with a word in common."""
    makers = [values.person, values.organisation, values.code, values.identifier, values.city, lambda r, s: "the " + r.choice(THINGS[s])]
    subjects: list[str] = []
    for _ in range(rng.choice(SUBJECTS[split])):
        subject = rng.choice(makers)(rng, split)
        if not any(set(subject.split()) & set(other.split()) - {"the"} for other in subjects):
            subjects.append(subject)
    return subjects


def _attributed(rng: Random, split: Split, count: int) -> tuple[str, Questions]:
    """The same with named attributes."""
    subjects = _subjects(rng, split)
    fields = make_fields(rng, split, rng.choice(NAMES[split]), ATTRIBUTES)
    told = {(subject, field): make_value(field, rng, split)[1] for subject in subjects for field in fields if rng.random() < 0.75}
    if not told:
        return _attributed(rng, split, count)
    sentences = []
    for (subject, field), value in told.items():
        sentence = rng.choice(ATTRIBUTE_STATEMENTS[split]).format(subject=subject, name=field.spoken, value=value)
        sentences.append(sentence[0].upper() + sentence[1:] if sentence.startswith("the ") else sentence)
    if rng.random() < 0.5:
        rng.shuffle(sentences)

    missing = [(subject, field) for subject in subjects for field in fields if (subject, field) not in told]
    words = {word for field in fields for word in field.name.split("_")}
    questions, order = [], each_once(rng, list(told.items()))
    for _ in range(min(count, worth_asking(len(told)))):
        asked, answer = next(order)
        if rng.random() > PRESENT[split]:
            (other,) = make_fields(rng, split, 1, ATTRIBUTES)
            if missing and rng.random() < 0.7:
                asked, answer = rng.choice(missing), ABSENT
            elif not words & set(other.name.split("_")):
                asked, answer = (asked[0], other), ABSENT
        question = rng.choice(ATTRIBUTE_QUESTIONS[split]).format(subject=asked[0], name=asked[1].spoken)
        questions.append((question[0].upper() + question[1:], answer))
    return " ".join(sentences), questions


def _told_with_invented_verbs(rng: Random, split: Split, count: int) -> tuple[str, Questions]:
    """The same with words that mean nothing: what is told can be found, but not be known."""
    subjects, verbs = _subjects(rng, split), list(dict.fromkeys(values.word(rng, split) for _ in range(rng.choice(NAMES[split]))))
    forms = {verb: rng.choice(INVENTED_RELATIONS[split]).split("|") for verb in verbs}
    kinds = {verb: rng.choice([kind for kind in ATTRIBUTES if kind in TEXTS]) for verb in verbs}
    told = {(subject, verb): make(kinds[verb], rng, split) for subject in subjects for verb in verbs if rng.random() < 0.75}
    if not told:
        return _told_with_invented_verbs(rng, split, count)
    said = {
        (subject, verb): capitalised(forms[verb][0].format(s=subject, v=verb, a=answer)) for (subject, verb), answer in told.items()
    }
    sentences = list(said.values())
    rng.shuffle(sentences)
    absent = [(subject, verb) for subject in subjects for verb in verbs if (subject, verb) not in told]
    questions, of_told, of_absent = [], each_once(rng, list(told)), each_once(rng, absent)
    for _ in range(min(count, worth_asking(len(told)))):
        asked = subject, verb = next(of_absent if absent and rng.random() > PRESENT[split] else of_told)
        answer = word_for_word(told[asked], said[asked]) if asked in told else ABSENT
        questions.append((forms[verb][1].format(s=subject, v=verb), answer))
    return " ".join(sentences), questions


def context_conversation(rng: Random, split: Split, count: int) -> Example:
    """A text and so many questions about it."""
    (texts,) = rng.choices([_related, _attributed, _told_with_invented_verbs], TEXT_SHARES[split])
    text, questions = texts(rng, split, count)
    (first, answer), *others = questions
    if rng.random() < 0.2:
        messages = [system(rng.choice(CONTEXT_SYSTEMS[split]).format(text=text)), user(first)]
    else:
        request = rng.choice(PLAIN if rng.random() < 0.3 else REQUESTS[split])
        messages = [user(request.format(text=text, question=first))]
        if rng.random() < 0.4:
            messages.insert(0, system(rng.choice(SYSTEMS[split])))
    messages.append(assistant(answer))
    for question, answer in others:
        messages += [user(question), assistant(answer)]
    if answer == ABSENT:
        return Example("refusal", messages, {"absent": answer})
    return Example("context-answer", messages, {"answer": answer})


def context_answer(rng: Random, split: Split) -> Example:
    """One question in evaluation, several in training."""
    return context_conversation(rng, split, 1 if split == "eval" else rng.choice(QUESTIONS))
