"""The mix of jobs."""

from collections.abc import Callable, Iterator
from random import Random

from .calls import no_call, no_tools_conversation, tool_call, tool_conversation, tool_sentence
from .context import context_answer
from .example import Example
from .extraction import extraction
from .references import reference
from .small_talk import small_talk_conversation
from .split import Split
from .text_tasks import text_task
from .thinking import thinking

Job = Callable[[Random, Split], Example]

# By share of examples; two fifths of the tokens are tool calling's. Order of worth: calls, extraction, answers from a text, the rest.
JOBS: dict[Split, dict[Job, float]] = {
    "train": {
        tool_conversation: 0.22,
        no_tools_conversation: 0.01,
        extraction: 0.25,
        context_answer: 0.33,
        small_talk_conversation: 0.04,
        reference: 0.09,
        text_task: 0.05,
        thinking: 0.03,
    },
    "eval": {
        lambda rng, _: tool_call(rng, "train"): 0.16,
        lambda rng, _: tool_call(rng, "eval"): 0.16,
        lambda rng, _: no_call(rng, "train"): 0.05,
        lambda rng, _: no_call(rng, "eval"): 0.05,
        tool_sentence: 0.06,
        extraction: 0.16,
        context_answer: 0.16,
        small_talk_conversation: 0.05,
        reference: 0.06,
        text_task: 0.05,
        thinking: 0.04,
    },
}


def generate(split: Split, seed: int) -> Iterator[Example]:
    """
    Endless conversations, the same for the same seed. Training's and evaluation's have no tool noun, name, value or phrasing in common
    (but what is too small to be divided: numbers below 100, true and false), except that evaluation's calls tagged "seen-tools" are of
    training's tools.
    """
    rng = Random(f"{split}-{seed}")
    jobs, shares = list(JOBS[split]), list(JOBS[split].values())
    while True:
        (job,) = rng.choices(jobs, shares)
        yield job(rng, split)
