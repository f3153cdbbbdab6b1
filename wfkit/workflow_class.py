"""What a workflow class is beside any class: its steps are compiled once, and again when they change."""

from __future__ import annotations

import inspect
import sys
from typing import Any, ClassVar

from wfkit.plan import Plan
from wfkit.steps import StepSpec, seed_of, spec_of


class WorkflowMeta(type):
    """The type of workflow classes: notices when its steps change, as they do when a notebook cell is run again.

    Attributes:
        changes: how often the steps of any workflow class have changed.
    """

    changes: ClassVar[int] = 0

    def __new__(meta, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **options: Any) -> WorkflowMeta:
        """Make the class, and keep what its annotations name in the function around it, which is gone later."""
        frame = sys._getframe(1)
        if frame.f_code.co_flags & inspect.CO_NEWLOCALS:
            hints = {hint for hint in namespace.get("__annotations__", {}).values() if isinstance(hint, str)}
            around = frame.f_locals
            namespace["_wfkit_around"] = {hint: around[hint] for hint in hints & around.keys()}
        return super().__new__(meta, name, bases, namespace, **options)

    @property
    def __signature__(cls) -> inspect.Signature:
        """What `Workflow?` and Shift-Tab show: the arguments of `__init__`, not those of `__new__`."""
        arguments = inspect.signature(cls.__init__)  # type: ignore[misc]  # it is this very class's
        return arguments.replace(parameters=[*arguments.parameters.values()][1:])

    def __setattr__(cls, name: str, value: object) -> None:
        before = inspect.getattr_static(cls, name, None)
        super().__setattr__(name, value)
        # Not for any attribute: a class that counts its calls would be compiled again for each.
        if name in ("_wfkit_steps", "__doc__") or spec_of(before) is not None or spec_of(value) is not None:
            WorkflowMeta.changes += 1

    def __delattr__(cls, name: str) -> None:
        super().__delattr__(name)
        WorkflowMeta.changes += 1


def class_plan(cls: Any, root: type) -> Plan:
    """Compile the steps of a class, or return what was compiled since anything last changed.

    Args:
        cls: the workflow class.
        root: `Workflow` itself, whose docstring is nobody else's.
    """
    compiled = vars(cls).get("_wfkit_plan")
    if compiled is None or compiled[0] != WorkflowMeta.changes:
        methods = _methods(cls)
        free: dict[str, StepSpec] = {}
        for base in reversed(cls.__mro__):
            free |= vars(base).get("_wfkit_steps", {})
            for name in methods.keys() & free.keys() & vars(base).keys():
                del free[name]  # a method of the same name further down replaces it
        docs = (vars(base).get("__doc__") for base in cls.__mro__ if base is not root and issubclass(base, root))
        doc = inspect.cleandoc(next(filter(None, docs), ""))
        compiled = cls._wfkit_plan = (WorkflowMeta.changes, Plan(cls.__name__, (methods | free).values(), doc))
    current: Plan = compiled[1]
    return current


def _methods(cls: type) -> dict[str, StepSpec]:
    """Return the steps among the methods of a class, in the order of their names, which is that in which they start."""
    methods = {}
    for name in dir(cls):
        found = inspect.getattr_static(cls, name, None)
        spec = spec_of(found) if inspect.isfunction(found) else None
        if spec is None:
            continue
        if name != spec.name:
            if inspect.getattr_static(cls, spec.name, None) is found:
                continue  # another name for the same step
            spec = spec._replace(name=name, seed=seed_of(name))
        if found is not spec.func:
            # Another decorator stands above @step. It takes whatever it is called with, so it is called by name.
            is_async = spec.is_async or inspect.iscoroutinefunction(found)
            spec = spec._replace(func=found, is_async=is_async, shape="")
        methods[name] = spec
    return methods
