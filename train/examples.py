"""The examples of a step, prepared by other processes where a GPU would have to wait for them."""

import os
import pickle
import signal
from collections import deque
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context

import torch
from batches import SHARDS, Prepared, prepared


class Examples:
    """On CPUs, where preparing takes a hundredth of a step, they are made when asked for; else some steps ahead."""

    AHEAD = 32  # steps

    def __init__(self, seed: int, tokens: int, ahead: bool):
        self.seed, self.tokens = seed, tokens
        self.pool: ProcessPoolExecutor | None = None
        self.waiting: deque[Future[bytes]] = deque()
        if ahead:
            # Forked, before this process has anything on a GPU: what all of them need has been read by then.
            torch.set_num_threads(1)
            prepared(seed, -SHARDS, 0, tokens)
            self.pool = ProcessPoolExecutor(len(os.sched_getaffinity(0)) - 1, get_context("fork"), ignore_signals)
            self.pool.submit(int).result()

    def of(self, step: int, shard: int) -> Prepared:
        """Ahead: of one step after the other, all for one process."""
        if self.pool is None:
            return prepared(self.seed, step, shard, self.tokens)
        for later in range(step + len(self.waiting), step + self.AHEAD):
            self.waiting.append(self.pool.submit(_as_bytes, self.seed, later, shard, self.tokens))
        return pickle.loads(self.waiting.popleft().result())


def _as_bytes(seed: int, step: int, shard: int, tokens: int) -> bytes:
    """Tensors would be shared between processes as files, one each."""
    return pickle.dumps(prepared(seed, step, shard, tokens))


def ignore_signals() -> None:
    """Signals to the whole group are for the process that trains; the others end with it."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
