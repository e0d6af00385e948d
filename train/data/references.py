"""Job 6: a later turn that needs an earlier one."""

from random import Random

from .calls import Toolbox, definitions, opening, tool_count
from .example import Example, assistant, assistant_calls, call, user
from .fields import Field, make_fields, make_value
from .small_talk import small_talk
from .split import Pool, Split

TELL = Pool("telling facts", [
    "My {name} is {value}.", "my {name} is {value}", "Remember that my {name} is {value}.", "Please note: my {name} is {value}.",
    "By the way, my {name} is {value}.", "{value} is my {name}.",
    "I have the {name} {value}.", "The {name} I use is {value}.", "You should know that my {name} is {value}.", "Note my {name}: {value}",
    "FYI my {name} is {value}",
    "For later: my {name} is {value}.", "Keep in mind, my {name} is {value}.",
    "My {name}: {value}", "my {name} = {value}", "Hi, my {name} is {value}.", "Hello! My {name} is {value}.",
    "So my {name} is {value}.", "Well, my {name} is {value}.", "I'd like you to know my {name}: {value}.",
    "I want you to remember my {name}: {value}", "Remember my {name}: {value}", "Remember this: my {name} is {value}",
    "Remember {value} as my {name}.", "Please remember that my {name} is {value}", "Please keep in mind that my {name} is {value}.",
    "Don't forget: my {name} is {value}.", "Do not forget that my {name} is {value}", "Save my {name}: {value}",
    "Write down my {name}, {value}.", "Note that my {name} is {value}.", "Note: my {name} is {value}", "Info: my {name} is {value}.",
    "Let me tell you my {name}: {value}.", "I'll tell you my {name}. It is {value}.", "As my {name} I use {value}.",
    "I use the {name} {value}.", "I got the {name} {value}.", "I chose {value} as my {name}.", "The {name} that I have is {value}.",
    "The {name} of mine is {value}.", "They gave me the {name} {value}.", "{value} is the {name} I have.", "{value}, that's my {name}.",
])  # fmt: skip
ASK = Pool("asking for facts", [
    "What is my {name}?", "what was my {name} again?", "Do you remember my {name}?", "Tell me my {name}.", "Which {name} do I have?",
    "What did I say my {name} was?", "What's my {name}?",
    "I forgot my {name}. What is it?", "Can you tell me my {name}?", "my {name}?", "Remind me of my {name}.", "Say my {name}.",
    "What is my {name}", "what is my {name}?", "what's my {name} again", "And my {name}?", "And what is my {name}?",
    "So what is my {name}?", "Now, what was my {name}?", "What was my {name}?", "Which is my {name}?", "Which {name} did I tell you?",
    "Which {name} is mine?", "What {name} do I have?", "What {name} did I give you?", "Do you know my {name}?",
    "Do you still know my {name}?", "Can you remember my {name}?", "Could you tell me my {name}?", "Could you remind me of my {name}?",
    "Please tell me my {name}.", "Please say my {name} again.", "Repeat my {name}.", "Give me my {name}.", "Show me my {name}.",
    "Name my {name}.", "I need my {name}.", "I want to know my {name}.", "I don't remember my {name}. Do you?",
    "I told you my {name}. What is it?", "You know my {name}, don't you?", "My {name}, please.", "My {name} again?",
])  # fmt: skip
AGAIN = Pool("the same call again", [
    "And for {value}?", "Now for {value}.", "And {value}?", "What about {value}?", "The same for {value}, please.",
    "Do it for {value} too.", "Now {value}", "and the same with {value}",
    "How about {value}?", "Ok, and {value}?", "Once more, with {value}.", "Please also for {value}.", "Again, but for {value}",
    "Next: {value}",
    "And now for {value}.", "And now {value}", "And {value}, please", "And also for {value}", "Also for {value}", "Also {value}",
    "Also do {value}.", "Then {value}", "Then for {value}, please.", "Now do the same for {value}.", "Now the same for {value}",
    "Do the same with {value}.", "Do the same for {value}", "Do that again for {value}.", "Repeat that for {value}",
    "Repeat it with {value}.", "Same thing for {value}", "Same for {value}", "Same with {value}, please.", "Same again, {value}",
    "One more time for {value}.", "One more: {value}", "Another one: {value}", "Another one for {value}", "This time {value}",
    "This time for {value}.", "Try {value}", "Try it with {value}.", "Let's do {value} now.", "I need it for {value} too.",
    "I want the same for {value}", "Can you do {value}?", "Can you do that for {value}?", "Could you do it for {value} as well?",
    "{value} next", "{value} too, please", "{value} as well",
])  # fmt: skip
CHANGES = Pool("a changed argument", [
    "Make the {name} {value} instead.", "No, with {name} {value}.", "Sorry, the {name} should be {value}.",
    "Change the {name} to {value}.", "I meant {name} {value}.", "the {name} is {value}, not that",
    "Do it again with {name} {value}.", "Same, but {name} {value}.", "Wait, {name} {value}.", "Again with {value} as {name}.",
    "Now with the {name} {value}",
    "The {name} should have been {value}.", "The {name} should be {value}", "The {name} must be {value}, sorry.",
    "The {name} is {value}", "Oh, the {name} is {value}.", "Oops, {name} {value}.", "No, the {name} is {value}.", "No, {name} {value}",
    "Not like that: the {name} is {value}.", "Wrong {name}, it is {value}.", "Wrong {name}. Use {value}.",
    "Use {value} as the {name} instead.", "Use {name} {value}", "Use {value} for the {name}.", "Take {value} as {name} instead.",
    "Set the {name} to {value}.", "Set {name} to {value} instead", "Change {name} to {value}", "Change that: {name} {value}.",
    "Make that {name} {value}.", "Make {value} the {name}.", "Again, with {name} {value}", "Once more, but {name} {value}.",
    "Repeat it with {name} {value}.", "Repeat that, but {value} as {name}.", "The same again, but {value} as the {name}.",
    "The same with {name} {value}", "Same thing with {name} {value}.", "Now {name} {value}", "And now with {value} as {name}.",
    "Actually, {name} {value}.", "Actually the {name} is {value}", "I meant {value} as the {name}.", "I wanted the {name} {value}.",
    "I made a mistake: the {name} is {value}.", "Correction: {name} {value}",
])  # fmt: skip
KINDS = "person city integer code identifier colour email phone day time job language thing file title organisation".split()
NOT_TOLD = "You have not told me."


def _facts(rng: Random, split: Split) -> Example:
    """Facts about the user, something between, and a question."""
    fields = make_fields(rng, split, rng.choice([1, 2, 3]), KINDS)
    messages: list[dict] = []
    told: dict[str, str] = {}
    for field in fields:
        value = make_value(field, rng, split)[1]
        told[field.spoken] = value
        messages += [user(rng.choice(TELL[split]).format(name=field.spoken, value=value)), assistant(f"Your {field.spoken} is {value}.")]
        if rng.random() < 0.3:
            said, answer = small_talk(rng, split)
            messages += [user(said), assistant(answer)]
    names = list(told)
    rng.shuffle(names)
    answer = ""
    for name in names[: rng.choice([1, 1, 2])]:
        answer = f"Your {name} is {told[name]}."
        messages += [user(rng.choice(ASK[split]).format(name=name)), assistant(answer)]
    if rng.random() < 0.15:
        (other,) = make_fields(rng, split, 1, KINDS)
        if other.spoken not in told:
            answer = NOT_TOLD
            messages += [user(rng.choice(ASK[split]).format(name=other.spoken)), assistant(answer)]
    return Example("reference", messages, {"answer": answer})


def _again(rng: Random, split: Split) -> Example:
    """A call, and the same call with one argument changed."""
    box = Toolbox(split, split)
    tools = box.choose(rng, tool_count(rng))
    usable = [tool for tool in tools if tool.definition["function"]["parameters"]["properties"]]
    if not usable:
        return _again(rng, split)
    tool = rng.choice(usable)
    fields: list[Field] = list(tool.fields.values()) if isinstance(tool.fields, dict) else list(tool.fields)
    text, arguments = box.ask(tool, rng)
    messages = [*opening(rng, split), user(text), assistant_calls([call(tool.name, arguments)])]
    for _ in range(rng.choice([1, 1, 2])):
        passed = [field for field in fields if field.key in arguments and field.kind != "boolean"]
        if not passed:
            return _again(rng, split)
        field = rng.choice(passed)
        value, spoken = make_value(field, rng, split)
        arguments = {**arguments, field.key: value}
        form = AGAIN if len(passed) == 1 else CHANGES
        messages += [user(rng.choice(form[split]).format(name=field.spoken, value=spoken)), assistant_calls([call(tool.name, arguments)])]
    return Example("reference", messages, {"calls": [{"name": tool.name, "arguments": arguments}]}, definitions(tools))


def reference(rng: Random, split: Split) -> Example:
    return (_facts if rng.random() < 0.55 else _again)(rng, split)
