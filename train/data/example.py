"""One conversation, with what its last assistant turn must be."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Example:
    """
    In training every assistant turn is a target. In evaluation the last one is taken off and asked for.

    `expect` says what that turn must be, one of
      {"calls": [{"name", "arguments"}]}   these calls, in any order
      {"json": value}                      a JSON text with this value
      {"answer": text}                     this text
      {"absent": text}                     this text, which says that the context does not have the answer
      {"no_call": text}                    no call; the text may differ
    """

    job: str  # the figure of the evaluation's table that it counts for
    messages: list[dict]  # OpenAI's shape; `thinking` holds reasoning, arguments are mappings
    expect: dict
    tools: list[dict] | None = None
    kwargs: dict = field(default_factory=dict)  # the template's switches
    schema: dict | None = None  # of the JSON text
    tag: str | None = None  # tool calls: "seen-tools" or "unseen-tools"


def call(name: str, arguments: dict) -> dict:
    return {"type": "function", "function": {"name": name, "arguments": arguments}}


def user(content: str) -> dict:
    return {"role": "user", "content": content}


def system(content: str) -> dict:
    return {"role": "system", "content": content}


def assistant(content: str) -> dict:
    return {"role": "assistant", "content": content}


def assistant_calls(calls: list[dict]) -> dict:
    return {"role": "assistant", "content": "", "tool_calls": calls}


def tool_result(content: str) -> dict:
    return {"role": "tool", "content": content}
