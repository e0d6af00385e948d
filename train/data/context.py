"""Job 3: an answer out of a given text, word for word, and saying so when the text does not have it."""

from dataclasses import dataclass
from random import Random

from . import values
from .example import Example, assistant, system, user
from .fields import TEXTS, make_fields, make_value
from .split import Pool, Split
from .words import THINGS

ABSENT = "The text does not say."
PRESENT = 0.67  # of the questions have an answer
ATTRIBUTES = "integer decimal code identifier person city day time colour thing email phone job title organisation topic".split()

# A relation: the kinds of subject and answer, statements, and questions. {s} is the subject, {a} the answer.
RELATIONS_TEXT = """
person city
{s} lives in {a}. | {s}'s home is in {a}. | {a} is where {s} lives. | {s} has a flat in {a}. | {s} moved to {a} last year. | {s} calls {a} home.
Where does {s} live? | In which city does {s} live? | Which city does {s} live in? | What is {s}'s home town? | where is the home of {s}? | Where is {s} at home?

person city
{s} was born in {a}. | {a} is the birthplace of {s}. | {s} was born and raised in {a}. | Born in {a}, {s} loves the place. | {s} comes from {a}.
Where was {s} born? | What is {s}'s place of birth? | In which city was {s} born? | which city is {s} from? | Where does {s} come from?

person job
{s} works as a {a}. | {s} is a {a}. | {s} earns a living as a {a}. | The {a} of the village is {s}. | {s} became a {a}.
What does {s} do for a living? | What is {s}'s job? | What does {s} work as? | Which profession does {s} have? | what kind of work does {s} do?

person organisation
{s} works for {a}. | {a} employs {s}. | {s} has a job at {a}. | {s} joined {a} in spring. | {s} is employed by {a}.
Who does {s} work for? | Which company does {s} work for? | Where does {s} work? | Who is {s}'s employer? | At which company is {s}?

person colour
{s}'s favourite colour is {a}. | {s} likes {a} best. | The colour that {s} likes most is {a}. | {s} wears only {a}.
What is {s}'s favourite colour? | Which colour does {s} like best? | what colour does {s} like? | Which colour does {s} prefer?

person thing
{s} bought a {a}. | {s} has just bought the {a}. | The {a} was bought by {s}. | {s} paid for a {a}.
What did {s} buy? | Which thing did {s} buy? | What has {s} bought? | what was it that {s} bought?

person thing
{s} lost the {a}. | {s} cannot find the {a}. | The {a} of {s} is lost. | {s} is looking for a lost {a}.
What did {s} lose? | What has {s} lost? | Which thing is {s} looking for? | what can't {s} find?

person integer
{s} is {a} years old. | {s} turned {a} this year. | {s}, aged {a}, is well. | The age of {s} is {a}.
How old is {s}? | What is {s}'s age? | What age is {s}? | how many years old is {s}?

person person
{s} is married to {a}. | {a} is the spouse of {s}. | {s} and {a} are married. | {s} married {a}.
Who is {s} married to? | Who is {s}'s spouse? | Whom did {s} marry? | who is the wife or husband of {s}?

person person
{s}'s teacher is {a}. | {a} teaches {s}. | {s} takes lessons from {a}. | {s} is a student of {a}.
Who is {s}'s teacher? | Who teaches {s}? | From whom does {s} take lessons? | who gives {s} lessons?

person language
{s} speaks {a}. | {s} is fluent in {a}. | {s} learned {a} at school. | The language of {s} is {a}.
Which language does {s} speak? | What does {s} speak? | What language is {s} fluent in? | which language did {s} learn?

person topic
{s} studies {a}. | {s} is interested in {a}. | {s} wrote a thesis on {a}. | The subject of {s} is {a}.
What does {s} study? | Which subject does {s} study? | What is {s} interested in? | what is the subject of {s}?

person time
{s} gets up at {a}. | {s}'s day starts at {a}. | At {a}, {s} wakes up. | The alarm of {s} rings at {a}.
When does {s} get up? | At what time does {s} wake up? | What time does {s} get up? | when does the day of {s} start?

person day
{s} arrives on {a}. | On {a}, {s} will arrive. | We expect {s} on {a}. | The arrival of {s} is on {a}.
When does {s} arrive? | On which day does {s} arrive? | What day will {s} come? | when do we expect {s}?

person phone
{s}'s number is {a}. | You can call {s} on {a}. | The phone number of {s} is {a}. | {s} can be reached at {a}.
What is {s}'s phone number? | How can I call {s}? | Which number does {s} have? | at what number can I reach {s}?

person email
{s}'s email is {a}. | Write to {s} at {a}. | {a} is the mail address of {s}. | {s} reads mail at {a}.
What is {s}'s email address? | How can I email {s}? | What is the mail address of {s}? | where can I write to {s}?

organisation city
{s} is based in {a}. | The head office of {s} is in {a}. | {s} has its headquarters in {a}. | {a} is home to {s}.
Where is {s} based? | Where is the head office of {s}? | In which city is {s}? | where does {s} have its headquarters?

organisation person
{s} was founded by {a}. | {a} founded {s}. | The founder of {s} is {a}. | {a} started {s} in a garage.
Who founded {s}? | Who is the founder of {s}? | By whom was {s} founded? | who started {s}?

organisation person
{s} is run by {a}. | {a} leads {s}. | The boss of {s} is {a}. | {a} is the head of {s}.
Who runs {s}? | Who leads {s}? | Who is the boss of {s}? | who is in charge of {s}?

organisation year
{s} was founded in {a}. | {s} has existed since {a}. | In {a}, {s} was founded. | {s} opened in {a}.
When was {s} founded? | In which year was {s} founded? | Since when does {s} exist? | what year did {s} open?

organisation thing
{s} makes a {a}. | {s} sells the {a}. | The product of {s} is a {a}. | {s} is known for its {a}.
What does {s} make? | What does {s} sell? | Which product is {s} known for? | what is the product of {s}?

organisation count
{s} has {a} employees. | {a} people work at {s}. | {s} employs {a} people. | The staff of {s} counts {a}.
How many employees does {s} have? | How many people work at {s}? | What is the number of employees of {s}? | how big is the staff of {s}?

thing price
The {s} costs {a} euros. | You pay {a} euros for the {s}. | The price of the {s} is {a} euros. | {a} euros is what the {s} costs.
How much is the {s}? | What does the {s} cost? | What is the price of the {s}? | how many euros is the {s}?

thing place
The {s} is in the {a}. | You will find the {s} in the {a}. | Somebody put the {s} in the {a}. | The {a} is where the {s} is kept.
Where is the {s}? | Where can I find the {s}? | In which room is the {s}? | where is the {s} kept?

thing colour
The {s} is {a}. | Somebody painted the {s} {a}. | The colour of the {s} is {a}. | The {s} comes in {a}.
What colour is the {s}? | Which colour does the {s} have? | What is the colour of the {s}? | what colour does the {s} come in?

thing code
The {s} has the number {a}. | The code of the {s} is {a}. | On the {s} it says {a}. | The {s} is registered as {a}.
What is the number of the {s}? | What code does the {s} have? | Which number does the {s} have? | what is the code of the {s}?

city count
{s} has {a} inhabitants. | {a} people live in {s}. | The population of {s} is {a}. | {s} is home to {a} people.
How many people live in {s}? | What is the population of {s}? | How many inhabitants does {s} have? | how big is {s}?

city person
The mayor of {s} is {a}. | {a} is the mayor of {s}. | {s} is governed by {a}. | {a} was elected mayor of {s}.
Who is the mayor of {s}? | Who governs {s}? | Which person is mayor of {s}? | who was elected mayor of {s}?

city title
{s} is famous for the {a}. | The {a} is the pride of {s}. | Visitors of {s} want to see the {a}. | The best sight of {s} is the {a}.
What is {s} famous for? | What do visitors want to see in {s}? | What is the best sight of {s}? | what is the pride of {s}?

title person
"{s}" was written by {a}. | {a} wrote "{s}". | The author of "{s}" is {a}. | "{s}" is a book by {a}.
Who wrote "{s}"? | Who is the author of "{s}"? | By whom is "{s}"? | whose book is "{s}"?

title time
"{s}" starts at {a}. | At {a}, "{s}" begins. | The beginning of "{s}" is at {a}. | "{s}" is on at {a}.
When does "{s}" start? | At what time does "{s}" begin? | What time is "{s}" on? | when is the beginning of "{s}"?

title day
"{s}" is on {a}. | "{s}" takes place on {a}. | On {a} there is "{s}". | The date of "{s}" is {a}.
When is "{s}"? | On which day is "{s}"? | What is the date of "{s}"? | which day does "{s}" take place?

file person
{s} belongs to {a}. | {a} owns {s}. | The owner of {s} is {a}. | {a} created {s}.
Who owns {s}? | Whose file is {s}? | To whom does {s} belong? | who is the owner of {s}?

code person
Order {s} is from {a}. | {a} placed order {s}. | The customer of order {s} is {a}. | {s} was ordered by {a}.
Who placed order {s}? | Who is the customer of order {s}? | Whose order is {s}? | from whom is order {s}?
"""

REQUESTS = Pool("questions about a text", [
    "{text}\n\n{question}", "Text: {text}\n\nQuestion: {question}", "{text}\n{question}", "Read this: {text}\n\n{question}", "{question}\n\n{text}",
    "Context:\n{text}\n\nQ: {question}", "Answer from the text.\n\n{text}\n\n{question}", "Here is a text: {text} Now tell me: {question}", "{question}\nText: {text}",
    "Use only this text: {text}\n{question}", "Given the following:\n{text}\nanswer this: {question}", "\"{text}\" {question}", "Question: {question}\nContext: {text}\nAnswer:",
    "Look at this text. {text} {question}", "Information: {text}\n{question}",
])  # fmt: skip
SYSTEMS = Pool("systems of questions about a text", [
    "Answer from the given text.", "Answer only with what the text says.", "Answer questions about the text.", "Use the context to answer.",
    "You answer questions. If the text does not have the answer, say so.", "Answer briefly, from the text.", "You read texts and answer questions about them.",
    "Use only the text that the user gives.", "You are a reading assistant.", "Find the answer in the document.",
])  # fmt: skip
CONTEXT_SYSTEMS = Pool("systems with a context", [
    "Context: {text}", "Answer from this text: {text}", "You know this: {text}", "Use this information: {text}", "{text}\n\nAnswer questions about the text above.",
    "Facts: {text}", "Document:\n{text}", "Here is what you know. {text}", "Notes: {text}", "Background: {text}",
])  # fmt: skip
ATTRIBUTE_STATEMENTS = Pool("statements of attributes", [
    "The {name} of {subject} is {value}.", "{subject}'s {name} is {value}.", "For {subject}, the {name} is {value}.", "{subject} has the {name} {value}.",
    "{value} is the {name} of {subject}.", "As for {subject}, its {name} is {value}.", "{subject} - {name}: {value}.", "The {name} for {subject} was set to {value}.",
    "{subject} comes with the {name} {value}.", "{name} of {subject}: {value}.",
])  # fmt: skip
ATTRIBUTE_QUESTIONS = Pool("questions of attributes", [
    "What is the {name} of {subject}?", "What is {subject}'s {name}?", "Which {name} does {subject} have?", "{name} of {subject}?", "Tell me the {name} of {subject}.",
    "What {name} does {subject} have?", "I need the {name} of {subject}.", "what's the {name} for {subject}?", "Give me {subject}'s {name}.", "Find the {name} of {subject}.",
])  # fmt: skip


@dataclass(frozen=True)
class Relation:
    subject: str
    answer: str
    statements: Pool
    questions: Pool


def _relations() -> list[Relation]:
    relations = []
    for i, block in enumerate(RELATIONS_TEXT.strip().split("\n\n")):
        kinds, statements, questions = block.splitlines()
        subject, answer = kinds.split()
        relations.append(Relation(subject, answer, Pool(f"statements {i}", statements.split(" | ")), Pool(f"questions {i}", questions.split(" | "))))
    return relations


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
    kind = rng.choice(["person", "person", "person", "organisation", "thing", "city", "title"] + ["file", "code"] * (rng.random() < 0.3))
    relations = [relation for relation in RELATIONS if relation.subject == kind]
    subjects = list(dict.fromkeys(make(kind, rng, split) for _ in range(rng.choice([1, 2, 2, 3]))))
    facts = []
    used: set[tuple[str, str]] = set()
    for _ in range(rng.choice([1, 2, 3, 3, 4, 5])):
        relation, subject = rng.choice(relations), rng.choice(subjects)
        same_answer = (relation.answer, subject)  # "lives in" and "was born in" would both answer "which city"
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
