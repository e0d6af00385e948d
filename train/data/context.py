"""Job 3: an answer out of a given text, word for word, and saying so when the text does not have it."""

import re
from dataclasses import dataclass
from pathlib import Path
from random import Random

from . import values
from .example import Example, assistant, system, user
from .fields import TEXTS, make_fields, make_value
from .split import Pool, Split
from .words import THINGS

FILE = Path(__file__).with_name("relations.txt")
CHOICE = re.compile(r"\(([^()]*)\)")
ABSENT = "The text does not say."
PRESENT = 0.67  # of the questions have an answer
ATTRIBUTES = "integer decimal code identifier person city day time colour thing email phone job title organisation topic".split()

REQUESTS = Pool("questions about a text", [
    "{text}\n\n{question}", "Text: {text}\n\nQuestion: {question}", "{text}\n{question}", "Read this: {text}\n\n{question}",
    "{question}\n\n{text}",
    "Context:\n{text}\n\nQ: {question}", "Answer from the text.\n\n{text}\n\n{question}",
    "Here is a text: {text} Now tell me: {question}", "{question}\nText: {text}",
    "Use only this text: {text}\n{question}", "Given the following:\n{text}\nanswer this: {question}", "\"{text}\" {question}",
    "Question: {question}\nContext: {text}\nAnswer:",
    "Look at this text. {text} {question}", "Information: {text}\n{question}",
])  # fmt: skip
SYSTEMS = Pool("systems of questions about a text", [
    "Answer from the given text.", "Answer only with what the text says.", "Answer questions about the text.", "Use the context to answer.",
    "You answer questions. If the text does not have the answer, say so.", "Answer briefly, from the text.",
    "You read texts and answer questions about them.",
    "Use only the text that the user gives.", "You are a reading assistant.", "Find the answer in the document.",
])  # fmt: skip
CONTEXT_SYSTEMS = Pool("systems with a context", [
    "Context: {text}", "Answer from this text: {text}", "You know this: {text}", "Use this information: {text}",
    "{text}\n\nAnswer questions about the text above.",
    "Facts: {text}", "Document:\n{text}", "Here is what you know. {text}", "Notes: {text}", "Background: {text}",
])  # fmt: skip
ATTRIBUTE_STATEMENTS = Pool("statements of attributes", [
    "The {name} of {subject} is {value}.", "{subject}'s {name} is {value}.", "For {subject}, the {name} is {value}.",
    "{subject} has the {name} {value}.",
    "{value} is the {name} of {subject}.", "As for {subject}, its {name} is {value}.", "{subject} - {name}: {value}.",
    "The {name} for {subject} was set to {value}.",
    "{subject} comes with the {name} {value}.", "{name} of {subject}: {value}.",
])  # fmt: skip
ATTRIBUTE_QUESTIONS = Pool("questions of attributes", [
    "What is the {name} of {subject}?", "What is {subject}'s {name}?", "Which {name} does {subject} have?", "{name} of {subject}?",
    "Tell me the {name} of {subject}.",
    "What {name} does {subject} have?", "I need the {name} of {subject}.", "what's the {name} for {subject}?",
    "Give me {subject}'s {name}.", "Find the {name} of {subject}.",
])  # fmt: skip


@dataclass(frozen=True)
class Relation:
    subject: str
    answer: str
    statements: Pool
    questions: Pool


def _expand(form: str) -> list[str]:
    """ "a (b|c)" is "a b" and "a c"."""
    found = CHOICE.search(form)
    if found is None:
        return [form]
    return [text for choice in found[1].split("|") for text in _expand(form[: found.start()] + choice + form[found.end() :])]


def _forms(name: str, line: str) -> Pool:
    return Pool(name, [text for form in line.split(" | ") for text in _expand(form)])


def _relations() -> list[Relation]:
    text = "\n".join(line for line in FILE.read_text(encoding="utf-8").splitlines() if not line.startswith("#"))
    relations = []
    for i, block in enumerate(text.strip().split("\n\n")):
        kinds, statements, questions = block.splitlines()
        relations.append(Relation(*kinds.split(), _forms(f"statements {i}", statements), _forms(f"questions {i}", questions)))
    return relations


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


@dataclass(frozen=True)
class Fact:
    relation: Relation
    subject: str
    answer: str

    def statement(self, rng: Random, split: Split) -> str:
        text = rng.choice(self.relation.statements[split]).format(s=self.subject, a=self.answer)
        return text[0].upper() + text[1:] if text[0].islower() and "@" not in text and "." not in text.split()[0] else text

    def question(self, rng: Random, split: Split) -> str:
        return rng.choice(self.relation.questions[split]).format(s=self.subject)


def _facts(rng: Random, split: Split) -> list[Fact]:
    """Facts about few subjects, so that a question has distractors: the same relation of another subject, another of the same one."""
    kind = rng.choice(
        ["person", "person", "person", "organisation", "thing", "city", "title"] + ["file", "code", "word"] * (rng.random() < 0.3)
    )
    relations = [relation for relation in RELATIONS if relation.subject == kind]
    subjects = list(dict.fromkeys(make(kind, rng, split) for _ in range(rng.choice([1, 2, 2, 3]))))
    facts = []
    used: set[tuple[str, str]] = set()
    for _ in range(rng.choice([1, 2, 3, 3, 4, 5])):
        relation, subject = rng.choice(relations), rng.choice(subjects)
        same_answer = (relation.answer, subject)  # "is based in" and "is famous for" do not answer the same, two cities may
        if same_answer not in used:
            used.add(same_answer)
            facts.append(Fact(relation, subject, make(relation.answer, rng, split)))
    return facts


Questions = list[tuple[str, str]]  # with their answers, ABSENT or words of the text


def _related(rng: Random, split: Split, count: int) -> tuple[str, Questions]:
    """A text and questions about it: relations."""
    facts = _facts(rng, split)
    text = " ".join(fact.statement(rng, split) for fact in facts)
    told = {(fact.relation.answer, fact.subject) for fact in facts}
    questions = []
    for _ in range(count):
        fact = rng.choice(facts)
        if rng.random() < PRESENT:
            questions.append((fact.question(rng, split), fact.answer))
            continue
        others = [one for one in RELATIONS if one.subject == fact.relation.subject and (one.answer, fact.subject) not in told]
        if others and rng.random() < 0.5:  # a subject of the text, another relation
            questions.append((Fact(rng.choice(others), fact.subject, "").question(rng, split), ABSENT))
            continue
        stranger = make(fact.relation.subject, rng, split)  # a relation of the text, another subject
        while any(set(stranger.split()) & set(other.subject.split()) for other in facts):
            stranger = make(fact.relation.subject, rng, split)
        questions.append((Fact(fact.relation, stranger, "").question(rng, split), ABSENT))
    return text, questions


def _subjects(rng: Random, split: Split) -> list[str]:
    """Of attributes: anything with a name, no two with a word in common."""
    makers = [values.person, values.organisation, values.code, values.identifier, values.city, lambda r, s: "the " + r.choice(THINGS[s])]
    subjects: list[str] = []
    for _ in range(rng.choice([1, 2, 2, 3])):
        subject = rng.choice(makers)(rng, split)
        if not any(set(subject.split()) & set(other.split()) - {"the"} for other in subjects):
            subjects.append(subject)
    return subjects


def _attributed(rng: Random, split: Split, count: int) -> tuple[str, Questions]:
    """The same with named attributes."""
    subjects = _subjects(rng, split)
    fields = make_fields(rng, split, rng.choice([1, 2, 2, 3]), ATTRIBUTES)
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
    questions = []
    for _ in range(count):
        asked, answer = rng.choice(list(told.items()))
        if rng.random() > PRESENT:
            (other,) = make_fields(rng, split, 1, ATTRIBUTES)
            if missing and rng.random() < 0.7:
                asked, answer = rng.choice(missing), ABSENT
            elif not words & set(other.name.split("_")):
                asked, answer = (asked[0], other), ABSENT
        question = rng.choice(ATTRIBUTE_QUESTIONS[split]).format(subject=asked[0], name=asked[1].spoken)
        questions.append((question[0].upper() + question[1:], answer))
    return " ".join(sentences), questions


def context_conversation(rng: Random, split: Split, count: int) -> Example:
    """A text and so many questions about it."""
    text, questions = (_related if rng.random() < 0.7 else _attributed)(rng, split, count)
    (first, answer), *others = questions
    if rng.random() < 0.2:
        messages = [system(rng.choice(CONTEXT_SYSTEMS[split]).format(text=text)), user(first)]
    else:
        messages = [user(rng.choice(REQUESTS[split]).format(text=text, question=first))]
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
    return context_conversation(rng, split, 1 if split == "eval" else rng.choice([1, 1, 2, 3, 4]))
