"""Lineage: the numbers of deliveries, worked out from where they come from.

A delivery's id is (parent * A + n * B + the step's seed) mod 2**64: from the delivery that sent the event, from the
how-manyth send of it that was, and from the receiving step. The same run has the same ids on every schedule. Odd
constants mix well and, unlike a tuple's hash, do not depend on the interpreter. An id is worked out at once: that costs
less than keeping the parent alive to ask later.
"""

from __future__ import annotations

from typing import Final

from wfkit.steps import seed_of

A: Final = 0x9E3779B97F4A7C15
B: Final = 0xD1342543DE82EF95
WORD: Final = (1 << 64) - 1


def delivery_id(parent: int, n: int, step: str) -> int:
    """Return the id of the delivery of an event to a step.

    Args:
        parent, n: the pair in the `EventSent` of the event.
        step: the name of one of its targets.

    Example:
        for step in sent.targets:
            ids.append(delivery_id(sent.parent, sent.n, step))
    """
    return (parent * A + n * B + seed_of(step)) & WORD


def stirred(number: int) -> int:
    """Spread a number over 64 bits, so that sums of such numbers tell sets apart."""
    number = (number ^ number >> 32) * 0xD6E8FEB86659FD93 & WORD
    return number ^ number >> 32
