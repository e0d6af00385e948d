"""What part of the learning rate a step has."""

import time
from argparse import ArgumentTypeError

WARM_UP = 30  # steps


def time_of_day(text: str) -> float:
    """The next time that a clock shows HH:MM or HH:MM:SS, in seconds since 1970."""
    now = time.time()
    for form in ("%H:%M:%S", "%H:%M"):
        try:
            clock = time.strptime(text, form)
        except ValueError:
            continue
        today = time.localtime(now)
        then = time.mktime((*today[:3], clock.tm_hour, clock.tm_min, clock.tm_sec, 0, 0, -1))
        return then if then > now else then + 86_400
    raise ArgumentTypeError(f"{text} is no time of day: HH:MM or HH:MM:SS")


class Schedule:
    """
    It warms up where the optimizers' moments are new, and is held. `decay` takes it down to nothing in a straight line of so many steps,
    `decay_until` of time, from when all is compiled and warm.
    """

    def __init__(self, step: int, warm: bool, decay_from: int | None, decay: int, decay_until: float | None):
        self.first = step - WARM_UP if warm else step
        self.decay_from, self.decay, self.decay_until = decay_from, decay, decay_until
        self.warm_since: float | None = None

    def factor(self, step: int) -> float:
        if self.decay and self.decay_from is not None:
            return 1 - (step - self.decay_from) / self.decay
        if self.decay_until is not None and time.time() >= self.decay_until:
            return 0
        if step < self.first + WARM_UP:
            return (step + 1 - self.first) / WARM_UP
        if self.decay_until is None:
            return 1
        self.warm_since = self.warm_since or time.time()
        return (self.decay_until - time.time()) / (self.decay_until - self.warm_since)
