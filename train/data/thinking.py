"""Job 7: a short thought before the answer, when the system text asks for it."""

from random import Random

from .calls import NO_TOOL, Toolbox, calls_of, definitions, expected_of, no_call_turn, tool_count
from .context import ABSENT, context_conversation
from .example import Example, system, user
from .split import Split, phrasings

ASKED = phrasings("asking for thoughts")


def thinking(rng: Random, split: Split) -> Example:
    asked = rng.choice(ASKED[split])
    if rng.random() < 0.5:
        box = Toolbox(split, split)
        tools = box.choose(rng, tool_count(rng))
        if rng.random() < 0.25:
            question, answer = no_call_turn(box, tools, rng)
            thought = "No tool fits." if answer["content"] == NO_TOOL else "No tool is needed."
            return Example(
                "thinking", [system(asked), question, {**answer, "thinking": thought}], {"no_call": answer["content"]}, definitions(tools)
            )
        tool = rng.choice(tools)
        text, arguments = box.ask(tool, rng)
        reply = {"role": "assistant", "content": "", "thinking": f"I need {tool.name}.", "tool_calls": calls_of([(tool, arguments)])}
        return Example("thinking", [system(asked), user(text), reply], expected_of(reply), definitions(tools))
    inner = context_conversation(rng, split, 1)
    messages = [message for message in inner.messages if message["role"] != "system"]
    if len(messages) != len(inner.messages) and inner.messages[0]["role"] == "system" and len(inner.messages[0]["content"]) > 90:
        return thinking(rng, split)  # the system text was the context
    answer = messages[-1]["content"]
    thought = "The text does not have it." if answer == ABSENT else f"The text says {answer}."
    return Example("thinking", [system(asked), *messages[:-1], {**messages[-1], "thinking": thought}], inner.expect)
