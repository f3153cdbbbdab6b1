"""Notices when code has changed a context variable."""

from __future__ import annotations

from contextvars import copy_context
from gc import get_referents
from typing import Any


class Variables:
    """The context variables as they are now.

    Comparing two contexts compares values, which can be dear, fail, or call two different objects equal. But the
    variables of a context are one immutable object, which `copy_context` shares and any change replaces; its identity
    is what is compared here.
    """

    __slots__ = ("_then",)

    def __init__(self) -> None:
        # A copied context refers to exactly one object; a test holds that for every Python we support.
        self._then: Any = get_referents(copy_context())[0]

    def changed(self) -> bool:
        """Whether a variable has been set since, to whatever value."""
        return get_referents(copy_context())[0] is not self._then
