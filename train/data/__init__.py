"""Made-up conversations: see generate."""

from .example import Example
from .generate import JOBS, generate

__all__ = ["JOBS", "Example", "generate"]
