"""Job 1, tool calling: the right tool with the right arguments, several calls at once, no call when none fits, a sentence from the result."""

from dataclasses import dataclass
from random import Random

from .common_tools import CommonTool, common_request, common_tools
from .example import Example, assistant, assistant_calls, call, system, tool_result, user
from .fields import Value, make_value
from .requests import request
from .results import tool_answer
from .small_talk import small_talk
from .split import Pool, Split
from .tools import Tool, composed_tools
from .values import series

AnyTool = Tool | CommonTool
NO_TOOL = "I have no tool for that."

SYSTEM_TEXTS = Pool("system texts", [
    "You are a helpful assistant.", "You are an assistant with tools.", "Use the tools when they help.", "You help the user with tools.",
    "You are a friendly assistant.", "Answer briefly.", "You are a bot that calls functions.", "Help the user.", "You are a helpful AI assistant. Be concise.",
    "You can call tools.", "Call a function when the user's request needs one.", "You are the assistant of a company.", "Be polite and short.",
    "You are an expert in using tools.", "You answer questions and call tools.", "You are lfm-edge.", "Act as an agent.", "Assist the user.",
])  # fmt: skip
JOINTS = Pool("two requests", [
    "{a} And {b}", "{a} Also, {b}", "{a}\n{b}", "{a} Then {b}", "First: {a} Second: {b}", "{a} After that, {b}", "1. {a}\n2. {b}", "Two things: {a} {b}",
    "{a} {b}", "{a} Next, {b}", "{a} and also {b}", "{a} Oh, and {b}", "{a} as well as this: {b}", "I have two wishes. {a} {b}", "{a} Besides, {b}",
])  # fmt: skip
ABILITY_QUESTIONS = Pool("ability questions with tools", [
    "What can you do?", "Which tools do you have?", "What tools are there?", "List your tools.", "What are you able to do?", "How can you help me?",
    "Which functions can you call?", "what are your tools", "Tell me what you can do.", "Show me your functions.", "What can I ask you?",
])  # fmt: skip
MISSING_ANSWERS = Pool("answers to a question for an argument", [
    "{value}", "{value}", "It is {value}", "The {name} is {value}", "{name} {value}", "{value}, please", "Take {value}", "it's {value}", "Let's say {value}", "{value}.", "Oh, {value}",
    "Sorry, {value}", "I mean {value}", "make it {value}", "{name}: {value}",
])  # fmt: skip
PARALLEL = 0.15


@dataclass(frozen=True)
class Toolbox:
    """Where tools come from, and on which side values and phrasings are."""

    tools_of: Split
    split: Split

    def draw(self, rng: Random) -> AnyTool:
        return rng.choice(common_tools(self.tools_of) if rng.random() < 0.4 else composed_tools(self.tools_of))

    def ask(self, tool: AnyTool, rng: Random) -> tuple[str, dict[str, Value]]:
        return (request if isinstance(tool, Tool) else common_request)(tool, rng, self.split)

    def choose(self, rng: Random, count: int) -> list[AnyTool]:
        """Different tools; often some that are easily mixed up, because they share a verb or a noun."""
        tools: dict[str, AnyTool] = {}
        first = self.draw(rng)
        tools[first.name] = first
        if isinstance(first, Tool) and rng.random() < 0.4:
            alike = [tool for tool in composed_tools(self.tools_of) if tool.noun == first.noun or tool.verb == first.verb]
            for tool in rng.sample(alike, min(len(alike), count - 1)):
                if (tool.verb, tool.noun) != (first.verb, first.noun):
                    tools[tool.name] = tool
        while len(tools) < count:
            tool = self.draw(rng)
            tools.setdefault(tool.name, tool)
        chosen = list(tools.values())
        rng.shuffle(chosen)
        return chosen


def opening(rng: Random, split: Split) -> list[dict]:
    return [system(rng.choice(SYSTEM_TEXTS[split]))] if rng.random() < 0.5 else []


def tool_count(rng: Random) -> int:
    return rng.choice([1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 4, 5, 6])


def calls_of(pairs: list[tuple[AnyTool, dict]]) -> list[dict]:
    return [call(tool.name, arguments) for tool, arguments in pairs]


def expected_of(reply: dict) -> dict:
    return {"calls": [one["function"] for one in reply["tool_calls"]]}


def parallel_request(box: Toolbox, tools: list[AnyTool], rng: Random) -> tuple[str, list[tuple[AnyTool, dict]]]:
    """One message that needs two calls: of two tools, or of one with other arguments."""
    first = rng.choice(tools)
    second = first if len(tools) == 1 or rng.random() < 0.4 else rng.choice(tools)
    text_a, arguments_a = box.ask(first, rng)
    text_b, arguments_b = box.ask(second, rng)
    text = rng.choice(JOINTS[box.split]).format(a=text_a, b=text_b)
    return text, [(first, arguments_a), (second, arguments_b)]


def tool_turn(box: Toolbox, tools: list[AnyTool], rng: Random) -> list[dict]:
    """A user's message and the assistant's call or calls."""
    if rng.random() < PARALLEL:
        text, pairs = parallel_request(box, tools, rng)
        if pairs[0] != pairs[1]:
            return [user(text), assistant_calls(calls_of(pairs))]
    tool = rng.choice(tools)
    text, arguments = box.ask(tool, rng)
    return [user(text), assistant_calls([call(tool.name, arguments)])]


def missing_turn(box: Toolbox, tools: list[AnyTool], rng: Random) -> list[dict] | None:
    """A request that lacks a required argument, the question for it, the answer, the call. None: no tool here has one."""
    able = [tool for tool in tools if isinstance(tool, Tool) and tool.required]
    if not able:
        return None
    tool = rng.choice(able)
    field = rng.choice([field for field in tool.fields if field.key in tool.required])
    text, arguments = request(tool, rng, box.split, without=field.key)
    value, spoken = make_value(field, rng, box.split)
    arguments[field.key] = value
    answer = rng.choice(MISSING_ANSWERS[box.split]).format(name=field.spoken, value=spoken)
    question = assistant(f"What is the {field.spoken}?")
    return [user(text), question, user(answer), assistant_calls([call(tool.name, arguments)])]


def result_turn(calls: list[dict], rng: Random, split: Split) -> list[dict]:
    """The tools' results and what the assistant says of them."""
    answers = [tool_answer(rng, split) for _ in calls]
    return [*(tool_result(text) for text, _ in answers), assistant(" ".join(sentence for _, sentence in answers))]


def no_call_turn(box: Toolbox, tools: list[AnyTool], rng: Random) -> list[dict]:
    """A message that no tool fits, and the answer."""
    draw = rng.random()
    if draw < 0.6:
        names = {tool.name for tool in tools}
        nouns = {word for tool in tools if isinstance(tool, Tool) for word in tool.noun.split()}
        while True:
            other = box.draw(rng)
            if other.name not in names and not (isinstance(other, Tool) and nouns & set(other.noun.split())):
                break
        if isinstance(other, CommonTool) and any(isinstance(tool, CommonTool) and other.name in ALIKE.get(tool.name, ()) for tool in tools):
            return no_call_turn(box, tools, rng)
        return [user(box.ask(other, rng)[0]), assistant(NO_TOOL)]
    if draw < 0.7:
        return [user(rng.choice(ABILITY_QUESTIONS[box.split])), assistant(f"I can use {series([tool.name for tool in tools])}.")]
    question, answer = small_talk(rng, box.split)
    return [user(question), assistant(answer)]


# Tools of common_tools.txt that a request for the other may well be meant for.
_GROUPS = [
    "get_weather get_forecast", "send_email send_message call_contact", "set_timer set_alarm create_reminder create_event schedule_meeting add_todo create_note add_to_list",
    "search_web get_news define_word get_recipe get_population get_capital get_definition_of_color query_database", "convert_currency get_exchange_rate convert_units",
    "add_numbers multiply calculate", "set_temperature get_weather", "turn_on_light turn_off_light", "book_flight find_trains get_directions", "read_file run_command delete_file list_files rename_file",
    "get_order_status track_package cancel_order", "book_table find_restaurants order_food", "roll_dice random_number", "open_app run_command play_music",
    "get_user create_user", "pay_bill get_balance", "search_web define_word get_capital get_population get_recipe get_weather get_news find_restaurants get_time",
]  # fmt: skip
ALIKE: dict[str, set[str]] = {}
for _group in _GROUPS:
    for _name in _group.split():
        ALIKE.setdefault(_name, set()).update(_group.split())


def definitions(tools: list[AnyTool]) -> list[dict]:
    return [tool.definition for tool in tools]


def tool_conversation(rng: Random, split: Split) -> Example:
    """For training: several turns over one list of tools."""
    box = Toolbox(split, split)
    tools = box.choose(rng, tool_count(rng))
    messages = opening(rng, split)
    expect: dict = {}
    turns = rng.choice([1, 2, 3, 3, 4, 4])
    for last in [False] * (turns - 1) + [True]:
        if rng.random() < 0.2:
            turn = no_call_turn(box, tools, rng)
            expect = {"no_call": turn[-1]["content"]}
        elif rng.random() < 0.06 and (asked := missing_turn(box, tools, rng)):
            turn = asked
            expect = expected_of(turn[-1])
        else:
            turn = tool_turn(box, tools, rng)
            expect = expected_of(turn[-1])
        if "tool_calls" in turn[-1] and rng.random() < (0.4 if last else 0.85):
            turn += result_turn(turn[-1]["tool_calls"], rng, split)
            expect = {"answer": turn[-1]["content"]}
        messages += turn
    return Example("tool-conversation", messages, expect, definitions(tools))


def no_tools_conversation(rng: Random, split: Split) -> Example:
    """Requests for tools where there are none."""
    box = Toolbox(split, split)
    messages = opening(rng, split)
    for _ in range(rng.choice([1, 2, 3])):
        messages += [user(box.ask(box.draw(rng), rng)[0]), assistant(NO_TOOL)]
    return Example("no-call", messages, {"no_call": NO_TOOL})


def tool_call(rng: Random, tools_of: Split) -> Example:
    """For evaluation: one request on the evaluation's side, with tools that training had or did not have."""
    box = Toolbox(tools_of, "eval")
    tools = box.choose(rng, tool_count(rng))
    turn = tool_turn(box, tools, rng)
    tag = "seen-tools" if tools_of == "train" else "unseen-tools"
    return Example("tool-call", [*opening(rng, "eval"), *turn], expected_of(turn[-1]), definitions(tools), tag=tag)


def no_call(rng: Random, tools_of: Split) -> Example:
    box = Toolbox(tools_of, "eval")
    tools = box.choose(rng, tool_count(rng))
    turn = no_call_turn(box, tools, rng)
    return Example("no-call", [*opening(rng, "eval"), *turn], {"no_call": turn[-1]["content"]}, definitions(tools))


def tool_sentence(rng: Random, split: Split) -> Example:
    """For evaluation: what the assistant says of a result."""
    box = Toolbox(split, split)
    tools = box.choose(rng, tool_count(rng))
    turn = tool_turn(box, tools, rng)
    messages = [*opening(rng, split), *turn, *result_turn(turn[-1]["tool_calls"], rng, split)]
    return Example("tool-sentence", messages, {"answer": messages[-1]["content"]}, definitions(tools))
