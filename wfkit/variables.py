"""Notices when code has changed a context variable."""

from __future__ import annotations

import gc
from contextvars import copy_context
from typing import Any


class Variables:
    """The context variables as they are now.

    Comparing two contexts compares values, which can be dear, fail, or call two different objects equal. But the
    variables of a context are one immutable object, which `copy_context` shares and any change replaces; its identity
    is what is compared here.
    """

    __slots__ = ("_then",)

    def __init__(self) -> None:
        self._then = _inside()

    def changed(self) -> bool:
        """Whether a variable has been set since, to whatever value."""
        return _inside() is not self._then


def _inside() -> Any:
    # A copied context refers to exactly one object; a test holds that for every Python we support.
    return gc.get_referents(copy_context())[0]
