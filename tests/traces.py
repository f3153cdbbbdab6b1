"""What the tests of OpenTelemetry share: a hook with the spans it has made, and a few questions about spans."""

from __future__ import annotations

from typing import Any

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanContext

from wfkit import Event
from wfkit.hooks.otel import OpenTelemetry


class Round(Event):
    """How often something has been done."""

    n: int


class Traces:
    """A hook, and the spans it has made."""

    def __init__(self, **options: Any) -> None:
        self.exporter = InMemorySpanExporter()
        self.provider = TracerProvider(shutdown_on_exit=False)
        self.provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.tracer = self.provider.get_tracer("user")
        self.hook = OpenTelemetry(self.provider, **options)

    @property
    def spans(self) -> tuple[ReadableSpan, ...]:
        """All that have ended, in the order of their end."""
        return self.exporter.get_finished_spans()

    def all(self, name: str) -> list[ReadableSpan]:
        """Return those of a name."""
        return [span for span in self.spans if span.name == name]

    def one(self, name: str) -> ReadableSpan:
        """Return the only one of a name."""
        (span,) = self.all(name)
        return span

    def above(self, span: ReadableSpan) -> str | None:
        """Return the name of a span's parent, None for a root."""
        if span.parent is None:
            return None
        (parent,) = [other for other in self.spans if key(other.context) == key(span.parent)]
        return parent.name

    def tree(self) -> dict[str, str | None]:
        """Return the parent's name for each name, where names are unique."""
        assert len({span.name for span in self.spans}) == len(self.spans)
        return {span.name: self.above(span) for span in self.spans}


def key(context: SpanContext | None) -> tuple[int, int]:
    """Return what identifies a span."""
    assert context is not None
    return context.trace_id, context.span_id


def noted(span: ReadableSpan) -> dict[str, Any]:
    """Return a span's attributes."""
    return dict(span.attributes or {})


def linked(span: ReadableSpan) -> list[tuple[int, int]]:
    """Return the spans that a span is linked to."""
    return [key(link.context) for link in span.links]
