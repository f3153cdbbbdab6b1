"""The exceptions of wfkit.

::

    Exception
    └── WorkflowError                    anything wfkit raises on purpose
        ├── WorkflowValidationError      a step or a flow graph that cannot work
        ├── WorkflowConfigurationError   a workflow without a usable start or stop
        ├── WorkflowRuntimeError         a run that did something it must not
        ├── WorkflowTimeoutError         a run that took longer than its timeout
        ├── WorkflowCancelledByUser      a run that somebody cancelled
        ├── ContextStateError            a Context call at the wrong moment
        ├── ContextSerdeError            a snapshot that cannot be written or read
        └── UnreconstructedException     stands for a step's exception of a class that a snapshot's reader does not know

A step's own exception is never wrapped: awaiting the handler raises the very object that the step raised.
"""

from __future__ import annotations


class WorkflowError(Exception):
    """Base of every exception that wfkit raises on purpose."""


class WorkflowValidationError(WorkflowError):
    """A step's signature or the graph of a workflow breaks a rule; the message names the thing and the way out."""


class WorkflowConfigurationError(WorkflowError):
    """A workflow lacks steps, a start or a stop, or has two different ones."""


class WorkflowRuntimeError(WorkflowError):
    """A run did something that it must not, such as returning a value that is no event."""


class WorkflowTimeoutError(WorkflowError):
    """A run took longer than its timeout. The message says what was active and, if it was stuck, why."""


class WorkflowCancelledByUser(WorkflowError):
    """Raised by awaiting a run that was cancelled with `handler.cancel_run()`."""


class ContextStateError(WorkflowError):
    """A Context method was called at a moment at which it means nothing, such as collecting outside a step."""


class ContextSerdeError(WorkflowError):
    """A snapshot could not be written or read; the message names the value or the part that is wrong."""


class UnreconstructedException(WorkflowError):
    """Stands for an exception in a snapshot whose class is not among those that the workflow's steps name.

    Args:
        type_name: module and qualified name of the class.
        message: the exception as text.
    """

    def __init__(self, type_name: str, message: str) -> None:
        super().__init__(type_name, message)
        self.type_name = type_name
        self.message = message

    def __str__(self) -> str:
        return f"{self.type_name}: {self.message}"


class WouldDeadlock(WorkflowError, RuntimeError):
    """A cell waits for a run that is held, and in this kernel no click can come before the cell has ended."""
