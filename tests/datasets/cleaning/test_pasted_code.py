"""Scripts and style sheets are removed, with and without their elements."""

import re

import pytest

from amzest.datasets._cleaning._pasted_code import SCRIPT_RULES, remove_code


@pytest.mark.parametrize(
    ("rule", "matching", "other"),
    [
        ("variable", ["var a = new ", "var a=b||", "var $a = {"], ["var. 2 = 3"]),
        ("Amazon's loader", ["P.when(", "P.when ("], ["P.whenever", "when("]),
        ("assignment to the window", ["window.a = b"], ["window.a == b", "window ="]),
        ("test of a type", ["if (typeof a"], ["if (type of", "if typeof a"]),
        ("call of the document", ["document.write("], ["document.written", "write("]),
    ],
)
def test_script_rule(rule, matching, other):
    assert all(re.match(SCRIPT_RULES[rule], text) for text in matching)
    assert not any(re.match(SCRIPT_RULES[rule], text) for text in other)


def test_every_script_rule_is_tested():
    assert len(SCRIPT_RULES) == 5


def test_functions_that_call_themselves_are_removed():
    assert remove_code("Mug(function(a){b=1})()") == "Mug"
    assert remove_code("Mug (a function) = {b}") == "Mug (a function) = {b}"


SHEET = (
    ".a-box-inner{background-color:#fff}#alohaBuyBoxWidget .selected{border-color:"
    "#e77600;box-shadow:0 0 3px rgba(228,121,17,.5)}#aloha-cart li:last-child{x:0}"
    "td:nth-child(2n),#aloha a{background-image:url(https://m.com/a.png);margin:0}"
)


@pytest.mark.parametrize(
    "text",
    [
        SHEET,
        SHEET + ".popover-tab",
        SHEET + "#aloha-cart .de{float:le",
        "body{margin:0} p { color : red; }",
        "@media (max-width: 9px) {.a{color:red} .b{x:y}}",
        "<style type='text/css'>\n/* \n a { b } */ .c a:hover {d: e}</style>",
        '<script type="text/javascript">P.when("A").execute(function(A){})</script>',
        "var aPageStart = (new Date()).getTime(); var ue_t0=ue_t0||+new Date();",
    ],
)
def test_remove_code(text):
    assert not remove_code(text).strip()
    assert remove_code(f"Steel mug {text}").strip() == "Steel mug"


@pytest.mark.parametrize(
    "text",
    [
        "Rolling Stone June 19 2014{the Country Issue}",
        "NEW 2018 Garden Hose {IMPROVED} Expandable",
        "Table {Color: Brown; Size: L}",
        "function drink() { beer(); }",
        "Mug @ home (var. 2) = good; #1 {best}",
    ],
)
def test_remove_code_keeps_other_braces(text):
    assert remove_code(text) == text


@pytest.mark.parametrize("piece", ["<", "{", ".a ", "@media", "/*{", "<!--"])
def test_remove_code_takes_linear_time(piece):
    # Quadratic time would need minutes.
    remove_code(piece * 100_000 + "{")
