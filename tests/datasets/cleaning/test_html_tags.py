"""Tags are removed, other uses of their signs are kept."""

import re

import pytest

from amzest.datasets._cleaning._html_tags import (
    START_TAG_FORMS,
    TAG_RULES,
    remove_tags,
)


def matches(pattern, text):
    return re.fullmatch(pattern, text, re.VERBOSE | re.IGNORECASE | re.DOTALL)


@pytest.mark.parametrize(
    ("rule", "matching", "other"),
    [
        ("comment", ["<!-- a > b -->", "<!-- not closed"], ["<! a -->"]),
        (
            "declaration",
            ["<!DOCTYPE html>", "<![CDATA[a", "]]>", "<?xml?>"],
            ["<?php>"],
        ),
        ("office namespace", ["<o:p>", "</st1:place>", "<w:a b>"], ["<x y>", "<oo:p>"]),
        ("end tag", ["</p>", "</p", "</P >", "</p a='b'>"], ["</3", "</p b>"]),
        (
            "start tag",
            ["<p>", '<a href="b" c=d>', "<br/>", "<p a=", "<p a='b'"],
            ["<p"],
        ),
        ("name without an end", ["<br", "<br /"], ["<b", "<br>"]),
        ("name that is not a word", ["<span ", "<td/"], ["<center", "<p"]),
    ],
)
def test_tag_rule(rule, matching, other):
    # What follows a tag that is cut off is not part of it.
    for text in matching:
        assert re.match(
            f"(?:{TAG_RULES[rule]})", text, re.VERBOSE | re.IGNORECASE | re.DOTALL
        ), text
    for text in other:
        assert not matches(TAG_RULES[rule], text), text


@pytest.mark.parametrize(
    ("form", "matching", "other"),
    [
        ("complete", [">", " a=b>", " nowrap />"], [" of gravity>", " a=b"]),
        ("unbalanced quotes", [' href="a b>', " a='b>"], [" a>", " a=b"]),
        (
            "no end after an attribute",
            [' a="b"', " a=b c", " a=b c='d"],
            [" a", " a=b>"],
        ),
        ("no end within an attribute", [' a="b', " a="], [" a", ' a="b">']),
    ],
)
def test_start_tag_form(form, matching, other):
    assert all(matches(START_TAG_FORMS[form], text) for text in matching)
    assert not any(matches(START_TAG_FORMS[form], text) for text in other)


def test_every_rule_is_tested():
    assert len(TAG_RULES) == 7
    assert len(START_TAG_FORMS) == 4


@pytest.mark.parametrize(
    "text",
    [
        "I <3 mugs",
        "a < b",
        "if a<b",
        "Size <M>",
        "Size <S>",
        "5 < 6 and 7 > 6",
        "<center of gravity>",
        "a <b and c> d",
        'Mug 12" x 5" > 4"',
        "Scope < 5mw",
    ],
)
def test_remove_tags_keeps_other_uses_of_the_signs(text):
    assert remove_tags(text, " ") == text


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ("H<sub>2</sub>O", "H2O"),
        ("one<br>two<BR/>three", "one|two|three"),
        ("<p>One</p><p class='x'>Two", "|One||Two"),
        ("<td nowrap>a</td><td>b</td>", " a  b "),
        ("<font size=+1>Big</font>", "Big"),
        ('<a href="/s?a=1&k=Jane Doe&x=0>Mind</a> and', "Mind and"),
        ("<s>old</s> new", "old new"),
        ("Mug<!-- sold <b>out</b> -->", "Mug"),
        ("<o:p></o:p>Word", "Word"),
        ("practise.</br>", "practise.|"),
        # Cut off at their end, or at their start.
        ('<span class="a-size-medium a-color-secondary"', ""),
        ('<div class="a"Great mug', "|Great mug"),
        ('<a href="http://shop', ""),
        ("Mug <br", "Mug |"),
        (' Magazines" />', " Magazines "),
        (' class="k" role="presentation">\n Weight', "\n Weight"),
        ('Mug">', "Mug "),
    ],
)
def test_remove_tags(text, content):
    assert remove_tags(text, "|") == content


def test_remove_tags_replaces_an_image_alone_by_its_alt_text():
    image = '<img src="nav._CB5_.png" class="nav-categ-image" alt="AMAZON FASHION"/>'
    assert remove_tags(image, " ") == "AMAZON FASHION"
    assert remove_tags(f"Mug {image}", " ") == "Mug  "


@pytest.mark.parametrize("piece", ["<", "<a ", "<a b=", "<!--", '" '])
def test_remove_tags_takes_linear_time(piece):
    # Quadratic time would need minutes.
    remove_tags(piece * 100_000 + "{", " ")
