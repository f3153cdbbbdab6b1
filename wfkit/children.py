"""Workflows inside workflows: which attributes of a workflow hold others.

A child is an attribute: one that is annotated, `child: Child`, and given as `Parent(child=Child())`, or one that is
simply assigned, `self.child = Child()`. A step awaits `self.child.run(...)`, and the runs are tied.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Any, get_type_hints

from wfkit.events import name_of


def declared_children(cls: type, base: type) -> dict[str, type]:
    """Return the annotated attributes of a workflow class that are workflows, with their classes.

    Args:
        cls: the class.
        base: `Workflow`, whose own annotations are left out.
    """
    found: dict[str, type] = {}
    for owner in reversed(cls.__mro__):
        if issubclass(owner, base) and owner is not base:
            for name in vars(owner).get("__annotations__", {}):
                kind = _annotation(owner, name)
                if isinstance(kind, type) and issubclass(kind, base):
                    found[name] = kind
    return found


def _annotation(owner: type, name: str) -> Any:
    """Return what an attribute is annotated with; None for a name that cannot be found at run time."""
    hint = owner.__annotations__[name]
    if not isinstance(hint, str):
        return hint
    around = vars(owner).get("_wfkit_around", {})
    if hint in around:
        return around[hint]
    try:
        return get_type_hints(owner).get(name)
    except NameError:
        pass  # of another attribute
    return getattr(sys.modules.get(owner.__module__), hint, None)


def adopt(workflow: Any, given: Mapping[str, Any], base: type) -> None:
    """Set the children that a workflow was made with.

    Raises:
        TypeError: a name is no annotated attribute, or its value is not of the annotated class.
    """
    if not given:
        return
    cls = type(workflow)
    annotated = {name for owner in cls.__mro__ for name in vars(owner).get("__annotations__", {})}
    declared = declared_children(cls, base)
    for name, child in given.items():
        wanted = declared.get(name, base)
        if isinstance(child, type) and issubclass(child, base) and name in annotated:
            raise TypeError(f"{cls.__name__}({name}=...) takes an instance, got a class. Write {child.__name__}(...).")
        if name not in annotated or not isinstance(child, base):
            raise TypeError(
                f"{cls.__name__}() got an unexpected keyword argument {name!r}, {child!r}. {_hint(name, declared)}"
            )
        # By name, too: a cell that defines the child's class may have been run again.
        if not isinstance(child, wanted) and name_of(wanted) not in map(name_of, type(child).__mro__):
            raise TypeError(f"{cls.__name__}({name}=...) takes a {wanted.__name__}, got {child!r}.")
        setattr(workflow, name, child)


def _hint(name: str, declared: Mapping[str, type]) -> str:
    """Say what a keyword argument that is not known may have been meant to be."""
    from difflib import get_close_matches  # for a mistake only

    known = "timeout disable_validation verbose resource_manager num_concurrent_runs workflow_name skip_graph_checks"
    close = get_close_matches(name, [*known.split(), "serializer", "hooks", *declared], 1)
    if close:
        return f"Did you mean {close[0]!r}?"
    return f"Its child workflows are {', '.join(declared)}." if declared else "It declares no child workflows."


def children_of(workflow: Any, base: type) -> dict[str, Any]:
    """Return the children of a workflow class or instance by the names of their attributes.

    The child is an instance where there is one, else its class, as when a class is drawn.
    """
    cls = workflow if isinstance(workflow, type) else type(workflow)
    found: dict[str, Any] = dict(declared_children(cls, base))
    for owner in reversed(cls.__mro__):
        if owner is not base and issubclass(owner, base):
            found |= dict(_instances(vars(owner), base))
    if not isinstance(workflow, type):
        found |= dict(_instances(vars(workflow), base))
    return found


def _instances(attributes: Mapping[str, Any], base: type) -> Iterator[tuple[str, Any]]:
    for name, value in attributes.items():
        if isinstance(value, base):
            yield name, value


def name_of_child(parent: Any, child: Any) -> str | None:
    """Return the attribute of a workflow that holds another one, or None."""
    for holder in (parent, *type(parent).__mro__):
        for name, held in vars(holder).items():
            if held is child:
                return str(name)
    return None
