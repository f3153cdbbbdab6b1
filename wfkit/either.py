"""A method for a class and for its instances alike."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, update_wrapper
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


class either(Generic[P, R]):
    """Pass the instance if there is one, else the class, as the first argument."""

    def __init__(self, func: Callable[Concatenate[Any, P], R]) -> None:
        self._func = func
        self.__doc__ = func.__doc__

    def __get__(self, instance: object, owner: type) -> Callable[P, R]:
        return update_wrapper(partial(self._func, owner if instance is None else instance), self._func)
