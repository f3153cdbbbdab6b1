"""Which errors are worth another attempt: conditions, which `&` and `|` combine.

A condition is called with the error and says whether to try again. A plain function of the error is one too.
"""

from __future__ import annotations

import re
import types
from collections.abc import Callable
from typing import Any, TypeAlias

from wfkit.parts import Kind, Part, Parts, check_function, check_part

ErrorTypes: TypeAlias = type[BaseException] | tuple[type[BaseException], ...]
ConditionFunction: TypeAlias = Callable[[Any], bool]
"""What can stand where a condition is wanted."""


class RetryCondition(Kind):
    """Base of all conditions: gives them `&` and `|`. A subclass says in `__call__(error)` whether to try again."""

    __slots__ = ()
    noun = "condition"
    keyword = "retry"
    example = "retry_if_exception_type(ConnectionError)"
    call = "condition(error)"
    sample = ((ValueError(),), {})

    def __call__(self, error: BaseException) -> bool:
        """Whether to try again after this error."""
        raise NotImplementedError(f"{type(self).__name__} must define __call__(self, error).")

    def __and__(self, other: ConditionFunction) -> retry_all:
        return retry_all(self, other) if callable(other) else NotImplemented

    def __rand__(self, other: ConditionFunction) -> retry_all:
        return retry_all(other, self) if callable(other) else NotImplemented

    def __or__(self, other: ConditionFunction) -> retry_any:
        return retry_any(self, other) if callable(other) else NotImplemented

    def __ror__(self, other: ConditionFunction) -> retry_any:
        return retry_any(other, self) if callable(other) else NotImplemented


class retry_any(Parts, RetryCondition):
    """Try again if at least one of the conditions says so; with no condition, never. `a | b` writes it shorter."""

    __slots__ = ()
    kind = RetryCondition

    def __init__(self, *retries: ConditionFunction) -> None:
        Parts.__init__(self, *retries)

    def __call__(self, error: BaseException) -> bool:
        """Whether to try again after this error."""
        return any(retry(error) for retry in self.parts)


class retry_all(Parts, RetryCondition):
    """Try again if all of the conditions say so; with no condition, always. `a & b` writes it shorter."""

    __slots__ = ()
    kind = RetryCondition

    def __init__(self, *retries: ConditionFunction) -> None:
        Parts.__init__(self, *retries)

    def __call__(self, error: BaseException) -> bool:
        """Whether to try again after this error."""
        return all(retry(error) for retry in self.parts)


class retry_always(Part, RetryCondition):
    """Try again whatever the error is."""

    __slots__ = ()

    def __call__(self, error: BaseException) -> bool:
        """Whether to try again after this error: yes."""
        return True


class retry_never(Part, RetryCondition):
    """Do not try again, whatever the error is."""

    __slots__ = ()

    def __call__(self, error: BaseException) -> bool:
        """Whether to try again after this error: no."""
        return False


class retry_if_exception(Part, RetryCondition):
    """Try again if a function of the error says so.

    Args:
        predicate: takes the error, returns whether to try again.

    Raises:
        TypeError: it is no plain function of one argument.

    Example:
        retry_policy(retry=retry_if_exception(lambda error: getattr(error, "status", None) == 429))
    """

    __slots__ = ("predicate",)
    predicate: ConditionFunction

    def __init__(self, predicate: ConditionFunction) -> None:
        start = "retry_if_exception() takes a function of the error"
        if isinstance(predicate, type) and issubclass(predicate, (BaseException, Kind)):
            check_part("retry_if_exception() takes", RetryCondition, predicate)
        if not callable(predicate):
            raise TypeError(f"{start}, got {predicate!r}. For error classes: retry_if_exception_type(...).")
        check_function(start, "predicate(error)", RetryCondition.sample, predicate)
        self._set(predicate=predicate)

    def __call__(self, error: BaseException) -> bool:
        """Whether to try again after this error."""
        return bool(self.predicate(error))


class _ByType(Part, RetryCondition):
    """A condition on the class of the error.

    Attributes:
        exception_types: the classes, always a tuple.
    """

    __slots__ = ("exception_types",)
    exception_types: tuple[type[BaseException], ...]

    def __init__(self, exception_types: ErrorTypes = Exception) -> None:
        given: Any = exception_types
        kinds = given.__args__ if isinstance(given, types.UnionType) else given if type(given) is tuple else (given,)
        if not kinds or not all(isinstance(kind, type) and issubclass(kind, BaseException) for kind in kinds):
            raise TypeError(
                f"{type(self).__name__}() takes an exception class, or a tuple of exception classes, got {given!r}."
            )
        self._set(exception_types=kinds)


class retry_if_exception_type(_ByType):
    """Try again if the error is of one of these classes.

    Args:
        exception_types: an exception class, or a tuple of them; subclasses are included.

    Raises:
        TypeError: it is something else.

    Example:
        retry_policy(retry=retry_if_exception_type((ConnectionError, TimeoutError)))
    """

    __slots__ = ()

    def __call__(self, error: BaseException) -> bool:
        """Whether to try again after this error."""
        return isinstance(error, self.exception_types)


class retry_if_not_exception_type(_ByType):
    """Try again unless the error is of one of these classes.

    Args:
        exception_types: an exception class, or a tuple of them; subclasses are included.

    Raises:
        TypeError: it is something else.
    """

    __slots__ = ()

    def __call__(self, error: BaseException) -> bool:
        """Whether to try again after this error."""
        return not isinstance(error, self.exception_types)


class retry_unless_exception_type(retry_if_not_exception_type):
    """Try again until an error of one of these classes comes: another name for `retry_if_not_exception_type`."""

    __slots__ = ()


class retry_if_exception_cause_type(_ByType):
    """Try again if what caused the error is of one of these classes.

    The causes are followed as `raise ... from cause` left them. The error itself does not count.

    Args:
        exception_types: an exception class, or a tuple of them; subclasses are included.

    Raises:
        TypeError: it is something else.
    """

    __slots__ = ()

    def __call__(self, error: BaseException) -> bool:
        """Whether to try again after this error."""
        seen: set[int] = set()  # causes can go round in a circle
        cause = error.__cause__
        while cause is not None and id(cause) not in seen:
            if isinstance(cause, self.exception_types):
                return True
            seen.add(id(cause))
            cause = cause.__cause__
        return False


class _ByMessage(Part, RetryCondition):
    """A condition on `str(error)`.

    Attributes:
        message: what it must be, or None.
        match: the pattern that must be found in it, or None.
    """

    __slots__ = ("message", "match")  # noqa: RUF023 - the order of the arguments
    message: str | None
    match: str | re.Pattern[str] | None

    def __init__(self, message: str | None = None, match: str | re.Pattern[str] | None = None) -> None:
        name = type(self).__name__
        if (message is None) == (match is None):
            raise TypeError(
                f"{name}() takes either message= or match=, got message={message!r} and match={match!r}. "
                f"message= is the whole text of the error, match= a pattern to find in it."
            )
        if message is not None and not isinstance(message, str):
            raise TypeError(f"{name}(): message must be a str, got {message!r}. For its text, write str(...).")
        if match is not None:
            try:
                pattern = re.compile(match)
            except re.error as problem:
                raise ValueError(f"{name}(): match={match!r} is no regular expression: {problem}.") from None
            except TypeError:
                raise TypeError(f"{name}(): match must be a str or a compiled pattern, got {match!r}.") from None
            if not isinstance(pattern.pattern, str):
                raise TypeError(f"{name}(): match must be a pattern for text and not for bytes, got {match!r}.")
        self._set(message=message, match=match)

    def _fits(self, error: BaseException) -> bool:
        if self.match is not None:
            return re.search(self.match, str(error)) is not None
        return str(error) == self.message


class retry_if_exception_message(_ByMessage):
    """Try again if the text of the error fits. Give exactly one of the arguments.

    Args:
        message: the whole text, `str(error)`.
        match: a regular expression that is found somewhere in the text.

    Raises:
        TypeError: both or neither were given, or something that is no text.
        ValueError: `match` is no regular expression.

    Example:
        retry_policy(retry=retry_if_exception_message(match="rate limit|overloaded"))
    """

    __slots__ = ()

    def __call__(self, error: BaseException) -> bool:
        """Whether to try again after this error."""
        return self._fits(error)


class retry_if_not_exception_message(_ByMessage):
    """Try again unless the text of the error fits. Give exactly one of the arguments.

    Args:
        message: the whole text, `str(error)`.
        match: a regular expression that is found somewhere in the text.

    Raises:
        TypeError: both or neither were given, or something that is no text.
        ValueError: `match` is no regular expression.
    """

    __slots__ = ()

    def __call__(self, error: BaseException) -> bool:
        """Whether to try again after this error."""
        return not self._fits(error)
