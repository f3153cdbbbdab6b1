"""Hostile texts and values, and runs that are full of them: what every face of every drawing takes without harm.

Whatever could run says `pwned=1` when it does.
"""

from __future__ import annotations

import dataclasses
import enum
import types
from collections import UserDict, UserList, deque
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, Final, NamedTuple
from unittest.mock import MagicMock

from pydantic import BaseModel, Field, SecretBytes, SecretStr

from wfkit.events import Event

SECRET: Final = "hunter2"
SCRIPT: Final = "<script>pwned=1</script>"

# By what they try.
TEXTS: Final[dict[str, str]] = {
    "script": SCRIPT,
    "handler": "<img src=x onerror=pwned=1><svg/onload=pwned=1><input autofocus onfocus=pwned=1>",
    "double quote": '" autofocus onfocus="pwned=1" x="',
    "single quote": "' autofocus onfocus='pwned=1' x='",
    "out of srcdoc": f"'></iframe>{SCRIPT}<iframe srcdoc='{SCRIPT}",
    "out of script": f"</script>{SCRIPT}</ScRiPt\t>{SCRIPT}",
    "comment": f"<!--<script>--><!-- {SCRIPT} --!>{SCRIPT}-->",
    "cdata": f"]]>{SCRIPT}<![CDATA[{SCRIPT}]]><?xml-stylesheet href='javascript:pwned=1'?>",
    "out of style": f"</style>{SCRIPT}}}*{{display:none}}",
    "out of title": f"</title>{SCRIPT}</textarea>{SCRIPT}",
    "out of svg": f"</text></g></svg>{SCRIPT}<foreignObject><img src=x onerror=pwned=1></foreignObject>",
    "frame": "</iframe><iframe src='javascript:parent.pwned=1'></iframe><object data='javascript:pwned=1'></object>",
    "page": "<base href=http://evil.invalid><meta http-equiv=refresh content=0;url=http://evil.invalid>",
    "clobber": "<form id=wf-root><input name=getElementById><img name=body><a id=wf-data href=clobber:x>",
    "parser": '<math><mtext><table><mglyph><style><!--</style><img title="--><img src=x onerror=pwned=1>">',
    "script address": "javascript:pwned=1//",
    "data address": f"data:text/html,{SCRIPT}",
    "link": "<a href='javascript:pwned=1'>[x](javascript:pwned=1) href",
    "css": ";background:url(http://evil.invalid/x);width:expression(pwned=1);} @import url(http://evil.invalid/y);",
    "template": "${pwned=1}`${pwned=1}`{{pwned=1}}{%raw%}",
    "javascript": "\\\";pwned=1;//\\';pwned=1;//\\u003cscript>",
    "entities": "&lt;script&gt;pwned=1&lt;/script&gt;&#39;&#x22;&amp;quot;&quot; onfocus=pwned=1 &NotAnEntity;",
    "mermaid": '"]; click x "javascript:pwned=1" %%{init: {}}%% end; subgraph $$x$$ A-->B',
    "separators": "first\u2028second\u2029third\x85fourth\r\nfifth\ttab\x0bsixth",
    "control": "nul\x00bell\x07back\x08delete\x7fnext\x9f",
    "ansi": "\x1b[31mred\x1b[0m\x1b]0;title\x07\x1b]8;;http://evil.invalid\x1b\\link\x1b[2J\x9b31m",
    "bidi": "\u202egnp.exe\u202c\u2066inner\u2069\u200e\u200f\u061cmark",
    "surrogates": "half\ud800 other\udfff pair\ud83d\ude00",
    "zero width": "in\u200bvis\u200cib\u200dle\ufeff\u2060\u00ad",
    "zalgo": "Z" + "\u0301\u0323\u0489" * 300,
    "wide": "名前の長いイベント👩‍👩‍👧‍👦🏴‍☠️",
    "megabyte": "x" * 1_000_000,
    "megabyte of markup": "<&'\">" * 200_000,
    "megabyte of lines": "line\n" * 200_000,
    "prototype": "__proto__",
    "constructor": "constructor",
    "method": "toString",
    "format": "%s%n{0}{x!r}\\N{DASH}",
    "path": "../../etc/passwd",
    "empty": "",
    "blank": " \t ",
    "nothing left": "\x00\u200e\x1b[0m",
}

# -- values ------------------------------------------------------------------------------------------------------------


class Counted:
    """Counts how often it is asked for its repr."""

    calls = 0

    def __repr__(self) -> str:
        Counted.calls += 1
        return "Counted()"


class Failing:
    """Raises whatever is asked of it."""

    def _fail(self, *_: Any) -> Any:
        raise RuntimeError(SCRIPT)

    __repr__ = __str__ = __len__ = __iter__ = __bool__ = __float__ = __int__ = __index__ = _fail
    __eq__ = __hash__ = __getattr__ = __getitem__ = __contains__ = __format__ = __lt__ = __call__ = _fail


class FailingClass:
    """Raises when it is asked for its class."""

    @property
    def __class__(self) -> Any:
        raise RuntimeError(SCRIPT)

    @__class__.setter
    def __class__(self, value: Any) -> None:
        raise RuntimeError(SCRIPT)


class Closed:
    """Raises when anything of it is looked at."""

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError(SCRIPT)


class _Nameless(type):
    @property
    def __name__(cls) -> str:  # type: ignore[override]
        raise RuntimeError(SCRIPT)

    def __repr__(cls) -> str:
        raise RuntimeError(SCRIPT)


class Nameless(metaclass=_Nameless):
    """Its class has no name, and it has no repr."""

    def __repr__(self) -> str:
        raise RuntimeError(SCRIPT)


def saying(answer: Any) -> Any:
    """Return an object whose repr returns or calls something."""
    return type("Saying", (), {"__repr__": lambda self: answer(self) if callable(answer) else answer})()


class FailingText(str):
    """A string that raises when it is looked at as one."""

    def _fail(self, *_: Any) -> Any:
        raise RuntimeError(SCRIPT)

    __str__ = __repr__ = __len__ = __getitem__ = __iter__ = __contains__ = __add__ = __format__ = _fail
    startswith = replace = split = encode = lower = strip = _fail  # type: ignore[assignment]


class Lying(Mapping[str, Any]):
    """A mapping without end, of any length."""

    def __init__(self, length: int) -> None:
        self.length = length
        self.read = 0

    def __len__(self) -> int:
        return self.length

    def __iter__(self) -> Iterator[str]:
        while True:
            self.read += 1
            assert self.read < 10_000, "read without end"
            yield f"{SCRIPT}{self.read}"

    def __getitem__(self, key: str) -> str:
        return SCRIPT


def deep() -> list[Any]:
    """Return lists in lists, deeper than Python calls."""
    found: list[Any] = []
    for _ in range(100_000):
        found = [found]
    return found


def endless() -> Any:
    """Return containers that hold themselves."""
    rows: list[Any] = [SCRIPT]
    table: dict[Any, Any] = {SCRIPT: rows, "__proto__": {}}
    rows += [rows, table]
    table["self"] = table
    return table


class Node(BaseModel):
    """A model that may hold itself."""

    model_config = {"extra": "allow"}
    inner: Any = None


def looped_model() -> Node:
    found = Node()
    found.inner = found
    return found


class Colour(enum.Enum):
    RED = SCRIPT


class Pair(NamedTuple):
    first: Any
    second: Any


VALUES: Final[dict[str, Callable[[], Any]]] = {
    "failing": Failing,
    "failing class": FailingClass,
    "closed": Closed,
    "nameless": Nameless,
    "failing text": lambda: FailingText(SCRIPT),
    "repr without end": lambda: saying(repr),
    "repr of no text": lambda: saying(5),
    "repr of failing text": lambda: saying(FailingText(SCRIPT)),
    "repr of a megabyte": lambda: saying(SCRIPT * 50_000),
    "repr with control": lambda: saying("\x00\x1b[31m\u2028\u202e\ud800"),
    "hostile class name": lambda: type(SCRIPT, (), {})(),
    "class": lambda: type(SCRIPT, (), {}),
    "mapping without end": lambda: Lying(10**9),
    "mapping of negative length": lambda: Lying(-1),
    "deep": deep,
    "endless": endless,
    "looped model": looped_model,
    "half a model": lambda: Node.__new__(Node),
    "mock": MagicMock,
    "generator": lambda: (SCRIPT for _ in range(3)),
    "nan": lambda: float("nan"),
    "infinity": lambda: 1e309,
    "huge number": lambda: 10**5000,
    "decimal": lambda: Decimal("sNaN"),
    "fraction": lambda: Fraction(10**400, 3),
    "bytes": lambda: b"<script>pwned=1</script>\x00\xff" * 50_000,
    "bytearray": lambda: bytearray(b"</script>\x00\xff" * 50_000),
    "memoryview": lambda: memoryview(b"x" * 1_000_000),
    "many": lambda: list(range(100_000)),
    "many keys": lambda: {f"{SCRIPT}{number}": number for number in range(10_000)},
    "large keys": lambda: {"<" * 1_000_000: {">" * 1_000_000: SCRIPT}},
    "large set": lambda: {(number, SCRIPT * 4_000) for number in range(50)},
    "mixed set": lambda: {1, "a", None, 2.5, (SCRIPT,)},
    "enum": lambda: Colour.RED,
    "error": lambda: ValueError(SCRIPT, Failing()),
    "errors": lambda: ExceptionGroup(SCRIPT, [ValueError(SCRIPT)] * 1_000),
    "pair": lambda: Pair(SCRIPT, [SCRIPT] * 1_000),
    "folder": lambda: Path("/home") / SCRIPT,
    "prototype": lambda: {"__proto__": {"x": 1}, "constructor": {"prototype": 1}, "toString": None},
    "event": lambda: Event(**{SCRIPT: Event(**{SCRIPT: SCRIPT})}),
    "texts": lambda: [text[:500] for text in TEXTS.values()],
}


@dataclasses.dataclass
class Account:
    password: str = SECRET
    hidden: str = dataclasses.field(default=SECRET, repr=False)


class Login(BaseModel):
    api_key: str = SECRET
    hidden: str = Field(SECRET, repr=False)


class _Rows(list[Any]):
    pass


class Grant(NamedTuple):
    user: str
    access_token: str


SECRETS: Final[dict[str, Callable[[], Any]]] = {
    "secret text": lambda: SecretStr(SECRET),
    "secret bytes": lambda: [SecretBytes(SECRET.encode())],
    "dict": lambda: {"user": "Ann", "password": SECRET, "Api-Key": SECRET, "passwd": [SECRET]},
    "nested": lambda: {"a": [{"b": ({"PASSWORD": SECRET},)}]},
    "dataclass": Account,
    "model": Login,
    "model in a list": lambda: [{"login": Login()}],
    "event": lambda: Event(password=SECRET, inner=Event(token=SECRET, credentials={"x": SECRET})),
    "user dict": lambda: UserDict(password=SECRET),
    "proxy": lambda: types.MappingProxyType({"client_secret": SECRET}),
    "named tuple": lambda: Grant("Ann", SECRET),
    "namespace": lambda: types.SimpleNamespace(password=SECRET),
    "deque": lambda: deque([{"password": SECRET}]),
    "list of one's own": lambda: _Rows([{"password": SECRET}]),
    "user list": lambda: UserList([{"password": SECRET}]),
    "bytes for a name": lambda: {b"password": SECRET},
    "error": lambda: ValueError({"password": SECRET}),
}


# -- errors and events -------------------------------------------------------------------------------------------------


def _refuse(*_: Any, **__: Any) -> Any:
    raise RuntimeError(SCRIPT)


def _error(*arguments: Any, **body: Any) -> Exception:
    made: Exception = type("Bad", (Exception,), body)(*arguments)
    return made


def _noted(notes: Any) -> Exception:
    error = ValueError(SCRIPT)
    error.__notes__ = notes
    return error


def _linked(count: int, link: str) -> BaseException:
    """Return an error that has a long way back, which leads to itself."""
    first = last = ValueError(SCRIPT)
    for _ in range(count):
        error = ValueError(SCRIPT)
        setattr(error, link, last)
        last = error
    setattr(first, link, last)
    return last


def _nested(depth: int) -> Exception:
    found: Exception = ValueError(SCRIPT)
    for _ in range(depth):
        found = ExceptionGroup(SCRIPT, [found])
    return found


def _raised(source: str, name: str) -> BaseException:
    try:
        exec(compile(source, name, "exec"), {})
    except Exception as error:
        return error
    raise AssertionError


ERRORS: Final[dict[str, Callable[[], BaseException]]] = {
    "no text": lambda: _error(__str__=_refuse, __repr__=_refuse),
    "text without end": lambda: _error(__str__=lambda self: str(self)),
    "text that is none": lambda: _error(__str__=lambda self: 5),
    "failing text": lambda: _error(__str__=lambda self: FailingText(SCRIPT)),
    "megabyte": lambda: ValueError("<" * 1_000_000),
    "lines": lambda: ValueError("\n" * 100_000),
    "no name": lambda: _Nameless("Bad", (Exception,), {})(),
    "no arguments": lambda: _error(args=property(_refuse)),
    "no cause": lambda: _error(__cause__=property(_refuse), __context__=property(_refuse)),
    "no truth": lambda: _error(__bool__=_refuse, __len__=_refuse, __eq__=_refuse, __hash__=_refuse),
    "no notes": lambda: _error(__notes__=property(_refuse)),
    "notes that are none": lambda: _noted(5),
    "notes without end": lambda: _noted(Lying(3)),
    "notes of all kinds": lambda: _noted([5, None, Failing(), FailingText(SCRIPT), "<" * 1_000_000, SCRIPT]),
    "causes": lambda: _linked(2_000, "__cause__"),
    "contexts": lambda: _linked(2_000, "__context__"),
    "deep group": lambda: _nested(500),
    "wide group": lambda: ExceptionGroup(SCRIPT, [ValueError(SCRIPT)] * 5_000),
    "recursion": lambda: _raised("def again(): again()\nagain()", SCRIPT),
    "syntax": lambda: _raised(f"x = ({SCRIPT * 500}", SCRIPT * 50),
    "module": lambda: type(SCRIPT, (Exception,), {"__module__": SCRIPT * 1_000, "__qualname__": SCRIPT * 1_000})(),
    "system": lambda: OSError(5, SCRIPT, SCRIPT * 1_000),
    "unicode": lambda: UnicodeDecodeError("utf-8", b"\xff" * 1_000_000, 0, 1, SCRIPT),
}
# With these no run goes on as it should; they can only stand in records.
UNTOUCHABLE: Final[dict[str, Callable[[], BaseException]]] = {
    "no class": lambda: _error(__class__=property(_refuse)),
    "closed": lambda: _error(__getattribute__=_refuse),
    "no traceback": lambda: _error(__traceback__=property(_refuse)),
}
# What the classes of events bring along that is none of ours.
EVENTS: Final[dict[str, dict[str, Any]]] = {
    "no length": {"__len__": _refuse, "__iter__": _refuse, "__bool__": _refuse},
    "no equals": {"__eq__": _refuse, "__hash__": _refuse},
    "no repr": {"__repr__": _refuse, "__str__": _refuse, "__repr_args__": _refuse},
    "no attributes": {"__getattr__": _refuse, "__contains__": _refuse, "__getitem__": _refuse},
    "no mapping": {"keys": _refuse, "items": _refuse, "values": _refuse, "get": _refuse},
    "no copy": {"__copy__": _refuse, "__deepcopy__": _refuse, "model_copy": _refuse, "model_dump": _refuse},
    "no docstring": {"__doc__": 5},
    "long docstring": {"__doc__": SCRIPT * 100_000},
}
