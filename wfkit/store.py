"""The state that the steps of a run share.

Reads are never locked. A writer (`set`, `edit_state`, `set_state`, `clear`) waits while an `edit_state` block is open,
and the block itself works on a copy that is put in place at its end, or thrown away if it raises. The copy is made
piece by piece, when a key is first touched: an edit costs what it edits, not what the store holds.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Any, Generic, TypeVar, cast

from pydantic import BaseModel, ValidationError

from wfkit.draft import Draft, KeysAsAttributes, differs, isolated
from wfkit.errors import WorkflowValidationError
from wfkit.plan import Plan
from wfkit.records import Change

StateT = TypeVar("StateT")
MAX_DEPTH = 1_000
_REQUIRED: Any = object()


class DictState(KeysAsAttributes, dict[str, Any]):
    """State without a declared type: a dictionary whose keys can be written as attributes, too."""


class Store(Generic[StateT]):
    """What `ctx.store` is: state that the steps of a run share.

    Args:
        state: a pydantic model for typed state, or a DictState.

    Example:
        await ctx.store.set("user.name", "Ada")
        name = await ctx.store.get("user.name")
        async with ctx.store.edit_state() as state:
            state["visits"] = state.get("visits", 0) + 1
    """

    def __init__(self, state: StateT) -> None:
        self._state = state
        self._dictionary: dict[str, Any] | None = state if isinstance(state, DictState) else None
        self._writer: object = None  # the task whose edit is open
        self._line: deque[asyncio.Future[None]] = deque()  # writers that wait for its end
        self._draft: Any = None  # what is being edited
        self._opened_by: object = None  # the run whose step edits it
        self.on_change: Callable[[Change, tuple[str, ...]], None] | None = None
        # Returns the run that the code at work here belongs to, None for code outside; raises for one that is over.
        self.who: Callable[[], object] = lambda: None

    def __repr__(self) -> str:
        return f"<Store: {self._state!r}>"

    @property
    def state(self) -> StateT:
        """The state itself, not a copy."""
        return self._state

    def replace(self, state: Any) -> None:
        """Put another state in place, of whatever type, while nobody is at work."""
        self._state = state
        self._dictionary = state if isinstance(state, DictState) else None

    @property
    def state_type(self) -> type[StateT]:
        """The class of the state: a pydantic model, or DictState."""
        return type(self._state)

    async def get(self, path: str, default: Any = _REQUIRED) -> Any:
        """Return the value at a dotted path; its parts are dictionary keys, list indices or public attributes.

        Args:
            path: such as "user.names.0"; "" is the whole state.
            default: returned when there is nothing at that path, if given.

        Raises:
            ValueError: nothing is there and no default was given.
        """
        if self._dictionary is not None and path in self._dictionary and "." not in path:
            return self._dictionary[path]
        value: Any = self._state
        for part in _parts(path):
            value = _look_up(value, part)
            if value is _REQUIRED:
                if default is not _REQUIRED:
                    return default
                raise ValueError(f"Path '{path}' not found in state. Pass default=... if it may be missing.")
        return value

    async def set(self, path: str, value: Any) -> None:
        """Put a value at a dotted path; dictionaries on the way are made where they are missing.

        Raises:
            ValueError: the path is empty or too long, or typed state has no such field.
        """
        self.who()
        if self._writer is not None:
            await self._wait_for_turn()
        if self._dictionary is not None and path and "." not in path:
            self._dictionary[path] = value
        else:
            self._set_deep(path, value)
        if self.on_change is not None:
            self.on_change("set", (path,))

    def _set_deep(self, path: str, value: Any) -> None:
        if not path:
            raise ValueError("Path cannot be empty")
        *way, last = _parts(path)
        target: Any = self._state
        for part in way:
            inner = _look_up(target, part)
            if inner is _REQUIRED:
                inner = {}
                _put(target, part, inner)
            target = inner
        _put(target, last, value)

    def edit_state(self) -> Edit[StateT]:
        """Open the state for several changes at once: `async with store.edit_state() as state`.

        The changes take effect together at the end of the block. If the block raises, none does. Meanwhile others
        read the state as it was before.
        """
        return Edit(self)

    async def get_state(self) -> StateT:
        """Return a copy of the whole state; changing the copy changes nothing else."""
        return cast(StateT, isolated(self._state))

    async def set_state(self, state: StateT) -> None:
        """Replace the whole state.

        Args:
            state: of the state's type or a subclass; an instance of a parent type sets the fields that it has.

        Raises:
            ValueError: it is of another type.
        """
        self.who()
        if self._writer is not None:
            await self._wait_for_turn()
        if self._dictionary is not None and isinstance(state, dict):
            keys = dict(state)
            self._dictionary.clear()
            self._dictionary.update(keys)
        elif isinstance(state, type(self._state)) and self._dictionary is None:
            self._state = state
        elif isinstance(state, BaseModel) and isinstance(self._state, type(state)):
            for name in type(state).model_fields:
                setattr(self._state, name, getattr(state, name))
        else:
            raise ValueError(
                f"State must be of type {type(self._state).__name__} or a parent type, got {type(state).__name__}"
            )
        if self.on_change is not None:
            self.on_change("set_state", ())

    async def clear(self) -> None:
        """Put the state back to its defaults.

        Raises:
            ValueError: typed state has a field without a default.
        """
        self.who()
        if self._writer is not None:
            await self._wait_for_turn()
        if self._dictionary is not None:
            self._dictionary.clear()
        else:
            try:
                self._state = type(self._state)()
            except ValidationError as error:
                raise ValueError("State must have defaults for all fields") from error
        if self.on_change is not None:
            self.on_change("clear", ())

    async def _wait_for_turn(self, to_open: bool = False) -> None:
        """Wait until no edit is open. Nobody can open one between this and the caller's next await."""
        if self._writer is asyncio.current_task():
            raise RuntimeError("writer called inside edit_state: mutate the yielded state instead")
        first = True
        while self._writer is not None:
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            # Who was woken, and found that somebody had come between, stays first in line.
            self._line.append(turn) if first else self._line.appendleft(turn)
            first = False
            try:
                await turn
            except asyncio.CancelledError:
                if not turn.cancelled():  # its turn had come
                    self._next_in_line()
                raise
        if self._line and not to_open:  # this writer is done at once; an edit wakes the next one at its end
            self._next_in_line()

    def _next_in_line(self) -> None:
        while self._line:
            turn = self._line.popleft()
            if not turn.done():
                turn.set_result(None)
                return

    async def open_draft(self) -> Any:
        """Begin an edit: wait for the one before and return a draft of the state."""
        if self._writer is not None:
            await self._wait_for_turn(to_open=True)
        self._opened_by = self.who()
        self._writer = asyncio.current_task() or self
        self._draft = Draft(self._dictionary) if self._dictionary is not None else isolated(self._state)
        return self._draft

    def drop_edit_of(self, run: object) -> None:
        """Throw away what a step of a run is editing that has ended; when it leaves its block, nothing happens."""
        if self._draft is not None and self._opened_by is run:
            self.close_draft(self._draft, keep=False)

    def close_draft(self, draft: Any, keep: bool) -> None:
        """End an edit: put the draft in place, or throw it away. One that was dropped has ended already."""
        if draft is not self._draft:
            return
        self._writer = self._draft = self._opened_by = None
        changed: tuple[str, ...] = ()
        try:
            if keep:
                changed = self._commit(draft)
        finally:
            if self._line:
                self._next_in_line()
        if keep and self.on_change is not None:
            self.on_change("edit_state", changed)

    def _commit(self, draft: Any) -> tuple[str, ...]:
        if isinstance(draft, Draft):
            return draft.commit()
        before: Any = self._state
        self._state = draft
        now, then = ({**model.__dict__, **(model.__pydantic_extra__ or {})} for model in (draft, before))
        return tuple(name for name in {**now, **then} if differs(now.get(name), then.get(name)))


class Edit(Generic[StateT]):
    """The block of `async with store.edit_state() as state`."""

    __slots__ = ("_draft", "_store")

    def __init__(self, store: Store[StateT]) -> None:
        self._store = store
        self._draft: Any = None

    async def __aenter__(self) -> StateT:
        self._draft = await self._store.open_draft()
        return self._draft  # type: ignore[no-any-return]  # a draft stands for the state

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._store.close_draft(self._draft, keep=kind is None)


def _parts(path: str) -> list[str]:
    parts = path.split(".") if path else []
    if len(parts) > MAX_DEPTH:
        raise ValueError(f"Path has {len(parts)} parts; at most {MAX_DEPTH} are allowed.")
    return parts


def _look_up(value: Any, part: str) -> Any:
    if isinstance(value, dict):
        return value.get(part, _REQUIRED)
    if isinstance(value, (list, tuple)):
        try:
            return value[int(part)]
        except (ValueError, IndexError):
            return _REQUIRED
    return _REQUIRED if part.startswith("_") else getattr(value, part, _REQUIRED)


def _put(target: Any, part: str, value: Any) -> None:
    if isinstance(target, dict):
        target[part] = value
    elif isinstance(target, list):
        try:
            target[int(part)] = value
        except (ValueError, IndexError):
            raise ValueError(f"{part!r} is no index of a list of {len(target)} in the state.") from None
    else:
        if part.startswith("_"):  # a path may come from a model or a page: `x.__init__.__globals__` is nobody's state
            raise ValueError(f"{part!r} is private to a {type(target).__name__}, and no part of the state.")
        try:
            setattr(target, part, value)
        except (AttributeError, TypeError):
            raise ValueError(f"A {type(target).__name__} in the state takes no key {part!r}.") from None


def new_state(plan: Plan) -> Any:
    """Return the state that a run of a workflow begins with.

    Raises:
        ValueError: the steps declare state types that are not related.
        WorkflowValidationError: the state type has fields without a default.
    """
    kind = state_type_of(plan.state_types)
    if kind is None:
        return DictState()
    missing = [name for name, field in kind.model_fields.items() if field.is_required()]
    if missing:
        raise WorkflowValidationError(
            f"The state type {kind.__name__!r} of workflow {plan.name!r} has fields without a default: "
            f"{', '.join(map(repr, missing))}. A run begins with {kind.__name__}(), so give each a default."
        )
    return kind()


def state_type_of(declared: list[type]) -> type[BaseModel] | None:
    """Return the most derived of the state types that the steps declare, or None for untyped state.

    Raises:
        ValueError: two of them are not related by inheritance.
    """
    models = [kind for kind in declared if issubclass(kind, BaseModel)]
    best: type[BaseModel] | None = None
    for kind in models:
        if best is None or issubclass(kind, best):
            best = kind
        elif not issubclass(best, kind):
            raise ValueError(
                f"Multiple state types are not in a compatible inheritance hierarchy. {best.__name__} and "
                f"{kind.__name__} are unrelated: let one inherit from the other, or use one type in all steps."
            )
    return best
