"""Job 1, tool calling: the right tool and arguments, several calls at once, no call when none fits, a sentence from the result."""

import re
from dataclasses import dataclass
from pathlib import Path
from random import Random

from .common_tools import CommonTool, common_request, common_tools, new_common_tool
from .example import Example, assistant, assistant_calls, call, system, tool_result, user
from .fields import Value, make_value
from .requests import request
from .results import tool_answer
from .small_talk import ABILITIES, KNOWLEDGE, small_talk
from .split import Split, phrasings, without_comments
from .tools import INVENTED, Tool, compose_tool, composed_tools
from .values import series

AnyTool = Tool | CommonTool
NO_TOOL = "I have no tool for that."
KNOWING = frozenset(
    "search_web define_word get_news get_population get_capital translate_text get_recipe get_weather get_time get_joke find_movie "
    "get_lyrics calculate query_database get_holidays".split()
)  # a question of general knowledge may be meant for these

SYSTEM_TEXTS = phrasings("system texts", wear="change")
JOINTS = phrasings("two requests", wear="change")
ABILITY_QUESTIONS = phrasings("ability questions with tools", wear="change")
MISSING_ANSWERS = phrasings("answers to a question for an argument", wear="change")
PARALLEL = 0.15
ALIKE = [set(line.split()) for line in without_comments(Path(__file__).with_name("alike_tools.txt")).splitlines()]


def alike(a: AnyTool, b: AnyTool) -> bool:
    """Whether a request for one could be meant for the other."""
    if isinstance(a, Tool) and isinstance(b, Tool):
        return bool(set(a.noun.split()) & set(b.noun.split()))
    if isinstance(a, CommonTool) and isinstance(b, CommonTool):
        names = {a.concept.names[0], b.concept.names[0]}
        return len(names) == 1 or any(names <= group for group in ALIKE)
    composed, common = (a, b) if isinstance(a, Tool) else (b, a)
    return bool(set(composed.noun.split()) & set(re.split(r"_|(?=[A-Z])", common.name)))


@dataclass(frozen=True)
class Toolbox:
    """Where tools come from, and on which side values and phrasings are."""

    tools_of: Split
    split: Split

    def draw(self, rng: Random) -> AnyTool:
        common = rng.random() < 0.4
        if self.split == "train" and rng.random() < 0.5:  # training has no end of tools
            return new_common_tool(rng, "train") if common else compose_tool(rng, "train", INVENTED)
        return rng.choice(common_tools(self.tools_of) if common else composed_tools(self.tools_of))

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
            if not (isinstance(tool, CommonTool) and any(tool.concept is getattr(other, "concept", None) for other in tools.values())):
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
        other = box.draw(rng)
        while any(alike(other, tool) for tool in tools):
            other = box.draw(rng)
        return [user(box.ask(other, rng)[0]), assistant(NO_TOOL)]
    can = f"I can use {series([tool.name for tool in tools])}."
    if draw < 0.7:
        return [user(rng.choice(ABILITY_QUESTIONS[box.split])), assistant(can)]
    question, answer = small_talk(rng, box.split)
    knowing = any(isinstance(tool, CommonTool) and tool.concept.names[0] in KNOWING for tool in tools)
    while answer == KNOWLEDGE and knowing:
        question, answer = small_talk(rng, box.split)
    return [user(question), assistant(can if answer == ABILITIES else answer)]


def definitions(tools: list[AnyTool]) -> list[dict]:
    return [tool.definition for tool in tools]


def tool_conversation(rng: Random, split: Split) -> Example:
    """For training: several turns over one list of tools."""
    box = Toolbox(split, split)
    tools = box.choose(rng, rng.choice([1, 2, 2, 3, 3, 4, 4, 5, 6]))  # more than in evaluation: to choose is the harder part
    messages = opening(rng, split)
    expect: dict = {}
    turns = rng.choice([1, 4, 5, 6, 7, 8])  # a list of tools is long, and teaches nothing itself
    for last in [False] * (turns - 1) + [True]:
        if rng.random() < 0.35:
            turn = no_call_turn(box, tools, rng)
            expect = {"no_call": turn[-1]["content"]}
        elif rng.random() < 0.06 and (asked := missing_turn(box, tools, rng)):
            turn = asked
            expect = expected_of(turn[-1])
        else:
            turn = tool_turn(box, tools, rng)
            expect = expected_of(turn[-1])
        if "tool_calls" in turn[-1] and rng.random() < 0.2:
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


def tool_call(rng: Random, tools_of: Split, words_of: Split = "eval") -> Example:
    """One request, with tools of one side and words of either; for evaluation, of its own, with tools that training had or did not have."""
    box = Toolbox(tools_of, words_of)
    tools = box.choose(rng, tool_count(rng))
    turn = tool_turn(box, tools, rng)
    tag = "seen-tools" if tools_of == "train" else "unseen-tools"
    return Example("tool-call", [*opening(rng, words_of), *turn], expected_of(turn[-1]), definitions(tools), tag=tag)


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
