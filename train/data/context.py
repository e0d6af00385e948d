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
# Of the questions have an answer. Training has more: else "does not say" is learned long before finding is.
PRESENT: dict[Split, float] = {"train": 0.72, "eval": 0.67}
ATTRIBUTES = "integer decimal code identifier person city day time colour thing email phone job title organisation topic".split()

REQUESTS = Pool("questions about a text", [
    "{text}\n\n{question}", "Text: {text}\n\nQuestion: {question}", "{text}\n{question}", "Read this: {text}\n\n{question}",
    "{question}\n\n{text}",
    "Context:\n{text}\n\nQ: {question}", "Answer from the text.\n\n{text}\n\n{question}",
    "Here is a text: {text} Now tell me: {question}", "{question}\nText: {text}",
    "Use only this text: {text}\n{question}", "Given the following:\n{text}\nanswer this: {question}", "\"{text}\" {question}",
    "Question: {question}\nContext: {text}\nAnswer:",
    "Look at this text. {text} {question}", "Information: {text}\n{question}",
    "{text}\n\nQuestion: {question}", "{text}\n---\n{question}", "{text} {question}", "{question} {text}", "{question}\n\n\"{text}\"",
    "\"{text}\"\n\n{question}", "<text>{text}</text>\n{question}", "[{text}]\n{question}", "Document: {text}\n\nQuestion: {question}",
    "Document:\n{text}\n\n{question}", "Passage: {text}\n{question}", "Paragraph: {text}\nQ: {question}\nA:",
    "Source: {text}\nQuestion: {question}", "Note: {text}\n{question}", "Notes:\n{text}\n\n{question}",
    "Facts: {text} Question: {question}", "Article:\n{text}\n\nMy question: {question}", "I read this: {text} {question}",
    "I found this text: {text}\n{question}", "This is what I know: {text}\n{question}", "Please read: {text}\nThen answer: {question}",
    "Please answer the question.\n{text}\n{question}", "Please answer from this text only.\n\n{text}\n\n{question}",
    "Answer this: {question}\nThe text is: {text}", "Answer briefly. Text: {text} Question: {question}",
    "Based on the text, {question}\n\n{text}", "Based on this: {text}\n{question}", "According to this text: {text}\n{question}",
    "From this: {text}\nI want to know: {question}", "Consider this text. {text}\n{question}",
    "My question is: {question}\nHere is the text:\n{text}", "Let me ask you something about this text: {text}\n{question}",
    "Someone wrote: {text}\n{question}", "What follows is a text.\n{text}\n\n{question}", "Text:\n{text}\n\n{question}\nAnswer:",
    "Reading exercise. {text} {question}", "Quiz! {text}\n{question}", "Find the answer.\nText: {text}\nQuestion: {question}",
    "Question first: {question}\nNow the text: {text}",
])  # fmt: skip
SYSTEMS = Pool("systems of questions about a text", [
    "Answer from the given text.", "Answer only with what the text says.", "Answer questions about the text.", "Use the context to answer.",
    "You answer questions. If the text does not have the answer, say so.", "Answer briefly, from the text.",
    "You read texts and answer questions about them.",
    "Use only the text that the user gives.", "You are a reading assistant.", "Find the answer in the document.",
    "Answer from the context.", "Answer from the documents only.", "Only use the given text.", "Do not guess.",
    "Never guess: say so if the text does not have it.", "Answer in a few words.", "Answer with words of the text.",
    "You are a question answering system.", "You find facts in texts.", "You know only what the user tells you.",
    "You answer from notes.", "Be exact.", "Quote the answer.", "Read carefully.", "If it is not in the text, say so.",
    "The user gives you a text and asks about it.", "Give short answers.", "You help people to find things in documents.",
])  # fmt: skip
CONTEXT_SYSTEMS = Pool("systems with a context", [
    "Context: {text}", "Answer from this text: {text}", "You know this: {text}", "Use this information: {text}",
    "{text}\n\nAnswer questions about the text above.",
    "Facts: {text}", "Document:\n{text}", "Here is what you know. {text}", "Notes: {text}", "Background: {text}",
    "Context:\n{text}", "{text}", "The facts are: {text}", "These are your notes: {text}", "These are the documents:\n{text}",
    "You have read this: {text}", "Answer from these notes.\n\n{text}", "Answer from the documents below.\n\n{text}",
    "Only this is known: {text}", "Knowledge: {text}", "Text: {text}", "Information:\n{text}",
    "Use this text to answer questions.\n{text}", "Base your answers on this: {text}",
    "You are a helpful assistant. You know this: {text}", "Source:\n{text}", "Records: {text}", "From our files: {text}",
])  # fmt: skip
ATTRIBUTE_STATEMENTS = Pool("statements of attributes", [
    "The {name} of {subject} is {value}.", "{subject}'s {name} is {value}.", "For {subject}, the {name} is {value}.",
    "{subject} has the {name} {value}.",
    "{value} is the {name} of {subject}.", "As for {subject}, its {name} is {value}.", "{subject} - {name}: {value}.",
    "The {name} for {subject} was set to {value}.",
    "{subject} comes with the {name} {value}.", "{name} of {subject}: {value}.",
    "{subject} has {value} as its {name}.", "{subject} has a {name} of {value}.", "{subject}: {name} {value}.",
    "{subject} ({name}: {value}).", "{subject}, {name} {value}.", "{subject}'s {name}: {value}.", "{subject}'s {name} was {value}.",
    "{subject}'s {name} should be {value}.", "{subject}'s {name} has been set to {value}.", "{subject} got the {name} {value}.",
    "{subject} was given the {name} {value}.", "The {name} {value} is {subject}'s.", "The {name} {value} belongs to {subject}.",
    "The {name} of {subject} was {value}.", "The {name} of {subject} will be {value}.", "The {name} given for {subject} is {value}.",
    "The {name} we have for {subject} is {value}.", "{value} is {subject}'s {name}.", "{value} is given as the {name} of {subject}.",
    "{value} was entered as the {name} of {subject}.", "{value} - that is the {name} of {subject}.",
    "With {subject}, the {name} is {value}.", "On {subject}: {name} is {value}.", "About {subject}: the {name} is {value}.",
    "In the case of {subject} the {name} is {value}.", "Under {subject} the list has {name} {value}.",
    "We know that the {name} of {subject} is {value}.", "They say that {subject}'s {name} is {value}.",
    "According to the list, the {name} of {subject} is {value}.", "Please note that {subject}'s {name} is {value}.",
])  # fmt: skip
ATTRIBUTE_QUESTIONS = Pool("questions of attributes", [
    "What is the {name} of {subject}?", "What is {subject}'s {name}?", "Which {name} does {subject} have?", "{name} of {subject}?",
    "Tell me the {name} of {subject}.",
    "What {name} does {subject} have?", "I need the {name} of {subject}.", "what's the {name} for {subject}?",
    "Give me {subject}'s {name}.", "Find the {name} of {subject}.",
    "What was the {name} of {subject}?", "What is the {name} for {subject}?", "What is given as the {name} of {subject}?",
    "What's {subject}'s {name}?", "what is {subject}'s {name}", "what is the {name} of {subject}", "Which {name} is {subject}'s?",
    "Which {name} is given for {subject}?", "Which {name} belongs to {subject}?", "Which is the {name} of {subject}?",
    "Do you know the {name} of {subject}?", "Do you know {subject}'s {name}?", "Can you tell me the {name} of {subject}?",
    "Can you find {subject}'s {name}?", "Could you tell me {subject}'s {name}?", "Tell me {subject}'s {name}.",
    "Tell me what the {name} of {subject} is.", "Say the {name} of {subject}.", "Name the {name} of {subject}.",
    "Show me the {name} of {subject}.", "Look up {subject}'s {name}.", "Look for the {name} of {subject}.",
    "I want to know {subject}'s {name}.", "I'd like to know the {name} of {subject}.", "I forgot the {name} of {subject}.",
    "And the {name} of {subject}?", "And {subject}'s {name}?", "{subject}'s {name}?", "{subject}: {name}?", "{name} for {subject}?",
    "How is the {name} of {subject} given?", "What does the text give as {subject}'s {name}?",
    "What does it say about the {name} of {subject}?", "Please give me the {name} of {subject}.",
])  # fmt: skip

INVENTED_RELATIONS = Pool("relations of invented verbs", [
    "{s} will {v} {a}.|What will {s} {v}?", "{s} must {v} {a}.|What must {s} {v}?", "{s} can {v} {a}.|What can {s} {v}?",
    "{s} wants to {v} {a}.|What does {s} want to {v}?", "{s} likes to {v} {a}.|What does {s} like to {v}?",
    "{s} has to {v} {a}.|What does {s} have to {v}?", "{s} did {v} {a}.|What did {s} {v}?", "{s} should {v} {a}.|What should {s} {v}?",
    "{s} is the {v} of {a}.|What is {s} the {v} of?", "The {v} of {s} is {a}.|What is the {v} of {s}?",
    "{s} keeps {a} in the {v}.|What does {s} keep in the {v}?", "{s} found {a} under the {v}.|What did {s} find under the {v}?",
    "{s} sells {a} at the {v}.|What does {s} sell at the {v}?", "{s} brought {a} to the {v}.|What did {s} bring to the {v}?",
    "{a} is what {s} will {v}.|What will {s} {v}?", "In the {v} of {s} there is {a}.|What is in the {v} of {s}?",
    "{s} put {a} on the {v}.|What did {s} put on the {v}?", "{s} writes {a} into the {v}.|What does {s} write into the {v}?",
    "{s} never forgets to {v} {a}.|What does {s} never forget to {v}?", "{s} tried to {v} {a}.|What did {s} try to {v}?",
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
        return self.capitalised(rng.choice(self.relation.statements[split]).format(s=self.subject, a=self.answer))

    @staticmethod
    def capitalised(text: str) -> str:
        """A sentence, unless it begins with an address or a file's name."""
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
        if rng.random() < PRESENT[split]:
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
    subjects, verbs = _subjects(rng, split), list(dict.fromkeys(values.word(rng, split) for _ in range(rng.choice([1, 2, 2, 3]))))
    forms = {verb: rng.choice(INVENTED_RELATIONS[split]).split("|") for verb in verbs}
    kinds = {verb: rng.choice([kind for kind in ATTRIBUTES if kind in TEXTS]) for verb in verbs}
    told = {(subject, verb): make(kinds[verb], rng, split) for subject in subjects for verb in verbs if rng.random() < 0.75}
    if not told:
        return _told_with_invented_verbs(rng, split, count)
    said = [Fact.capitalised(forms[verb][0].format(s=subject, v=verb, a=answer)) for (subject, verb), answer in told.items()]
    rng.shuffle(said)
    absent = [(subject, verb) for subject in subjects for verb in verbs if (subject, verb) not in told]
    questions = []
    for _ in range(count):
        subject, verb = rng.choice(absent if absent and rng.random() > PRESENT[split] else list(told))
        questions.append((forms[verb][1].format(s=subject, v=verb), told.get((subject, verb), ABSENT)))
    return " ".join(said), questions


def context_conversation(rng: Random, split: Split, count: int) -> Example:
    """A text and so many questions about it."""
    (texts,) = rng.choices([_related, _attributed, _told_with_invented_verbs], [0.6, 0.25, 0.15])
    text, questions = texts(rng, split, count)
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
    return context_conversation(rng, split, 1 if split == "eval" else rng.choice([1, 2, 3, 4, 5, 6]))
