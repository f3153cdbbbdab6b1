"""A method for a class and for its instances alike."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, update_wrapper
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    # The nearest thing that type checkers know, for whom a workflow must fit a Protocol with such a method.
    either = classmethod
else:

    class either:
        """Pass the instance if there is one, else the class, as the first argument."""

        def __init__(self, func: Callable[..., Any]) -> None:
            self._func = func
            self.__doc__ = func.__doc__

        def __get__(self, instance: object, owner: type) -> Callable[..., Any]:
            return update_wrapper(partial(self._func, owner if instance is None else instance), self._func)
