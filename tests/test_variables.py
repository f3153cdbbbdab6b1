"""Notices when code has changed a context variable, whatever the values are like."""

from __future__ import annotations

import gc
from contextvars import Context, ContextVar, copy_context
from typing import Any

from wfkit.variables import Variables

VARIABLE: ContextVar[Any] = ContextVar("variable", default=None)
OTHER: ContextVar[Any] = ContextVar("other")


class Touchy:
    """Fails when it is compared."""

    def __eq__(self, other: object) -> bool:
        raise ValueError("the truth value of an array is ambiguous")

    __hash__ = None  # type: ignore[assignment]


def test_nothing_has_changed_at_first_nor_by_reading() -> None:
    def main() -> None:
        variables = Variables()
        VARIABLE.get()
        copy_context().run(VARIABLE.set, 1)
        assert not variables.changed()

    Context().run(main)


def test_a_variable_that_was_set_has_changed_whatever_its_value() -> None:
    for before, after in [(1, 2), (True, 1), (1.0, 1), (None, 0), ([1], [1]), (Touchy(), Touchy())]:

        def main(before: Any = before, after: Any = after) -> None:
            VARIABLE.set(before)
            variables = Variables()
            VARIABLE.set(after)
            assert variables.changed()

        Context().run(main)


def test_setting_the_very_same_object_is_no_change_and_never_fails() -> None:
    def main() -> None:
        value = Touchy()
        VARIABLE.set(value)
        variables = Variables()
        VARIABLE.set(value)
        assert not variables.changed()
        assert VARIABLE.get() is value

    Context().run(main)


def test_a_variable_set_for_the_first_time_has_changed() -> None:
    def main() -> None:
        variables = Variables()
        OTHER.set(1)
        assert variables.changed()

    Context().run(main)


def test_a_variable_among_many_that_changed_is_noticed() -> None:
    def main() -> None:
        many: list[ContextVar[int]] = [ContextVar(f"v{n}") for n in range(200)]
        for variable in many:
            variable.set(0)
        variables = Variables()
        assert not variables.changed()
        many[137].set(1)
        assert variables.changed()

    Context().run(main)


def test_what_changed_stays_changed() -> None:
    def main() -> None:
        variables = Variables()
        VARIABLE.set(1)
        assert variables.changed()
        assert variables.changed()
        assert not Variables().changed()

    Context().run(main)


def test_a_copied_context_refers_to_one_object_which_copies_share_and_changes_replace() -> None:
    """What the module relies on, for the Python that runs this."""

    def main() -> None:
        for _ in range(2):
            one, two = gc.get_referents(copy_context()), gc.get_referents(copy_context())
            assert len(one) == 1
            assert one[0] is two[0]
            VARIABLE.set(object())
            assert gc.get_referents(copy_context())[0] is not one[0]

    Context().run(main)
