"""Scripts and style sheets lose blanks and comments, and nothing that a browser would miss."""

from __future__ import annotations

import pytest

from wfkit.display.squeeze import squeeze_script, squeeze_style


@pytest.mark.parametrize(
    ("written", "squeezed"),
    [
        ("// words\nconst a = 1;\n", "const a=1;"),
        ("  // it's words\n  go(); // isn't it\n", "go();"),
        ('say("http://x"); // why', 'say("http://x");'),
        ('say("a  // b");', 'say("a  // b");'),
        ("a = `x  ${b + c} //  y`;", "a=`x  ${b + c} //  y`;"),
        ("a = b + +c - -d;", "a=b + +c - -d;"),
        ("a = b - c + d;", "a=b-c+d;"),
        ("a = (b + c) / d / e;", "a=(b+c)/d/e;"),
        ('a = /^[ /"] = `.x/.exec(b) ?? [];', 'a=/^[ /"] = `.x/.exec(b)??[];'),
        ("if (a) {\n  b();\n}\nelse c();", "if(a){b()}\nelse c();"),
        ("return a ? b : c;", "return a?b:c;"),
        ("for (const a of [b, c]) d(a in e);", "for(const a of[b,c])d(a in e);"),
        ("const f = ({ a, b = 1 }) => (a, b);", "const f=({a,b=1})=>(a,b);"),
        ("a\n  .b()\n  .c();", "a.b().c();"),
        ("const a = b;\nlet c = 1;", "const a=b;let c=1;"),
    ],
)
def test_a_script_keeps_what_it_says(written: str, squeezed: str) -> None:
    assert squeeze_script(written) == squeezed


def test_a_style_sheet_keeps_what_it_says() -> None:
    written = (
        "/* why: so */\n.a .b, .c:not(.d) > e {\n  margin: 0 calc(1px + 2px); color: red;\n}\n.f :focus { top: 0; }\n"
    )
    assert squeeze_style(written) == ".a .b,.c:not(.d) > e{margin:0 calc(1px + 2px);color:red}.f :focus{top:0}"
