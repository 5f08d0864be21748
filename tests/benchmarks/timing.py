"""Times of several things, taken in turn so that a busy moment of the machine falls on all of them alike."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from time import perf_counter
from typing import Any


def medians(
    contenders: Mapping[str, Callable[[], Any]], *, rounds: int, turns: Sequence[str] = ()
) -> dict[str, float]:
    """Give the median time of each contender in seconds, over all ``rounds`` but one before them.

    ``turns`` is the order within a round, in which a name may stand more than once; default: each once.
    """
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(rounds + 1):
        for name in turns or contenders:
            start = perf_counter()
            contenders[name]()
            if number:
                taken[name].append(perf_counter() - start)
    return {name: statistics.median(times) for name, times in taken.items()}
