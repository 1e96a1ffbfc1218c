"""Code, tags and entities in one text."""

import pytest

from amzest.datasets._cleaning._markup import decode_entities, remove_code, remove_tags


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
def test_remove_tags_leaves_what_is_no_tag(text):
    assert remove_tags(text, " ") == text


@pytest.mark.parametrize(
    ("text", "shown"),
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
        # Without an end, without a start.
        ('<span class="a-size-medium a-color-secondary"', ""),
        ('<div class="a"Great mug', "|Great mug"),
        ('<a href="http://shop', ""),
        ("Mug <br", "Mug |"),
        (' Magazines" />', " Magazines "),
        (' class="k" role="presentation">\n Weight', "\n Weight"),
        ('Mug">', "Mug "),
    ],
)
def test_remove_tags(text, shown):
    assert remove_tags(text, "|") == shown


def test_remove_tags_of_a_lone_image_gives_its_alt_text():
    image = '<img src="nav._CB5_.png" class="nav-categ-image" alt="AMAZON FASHION"/>'
    assert remove_tags(image, " ") == "AMAZON FASHION"
    assert remove_tags(f"Mug {image}", " ") == "Mug  "


@pytest.mark.parametrize(
    ("text", "decoded"),
    [
        ("Tom &amp; Jerry", "Tom & Jerry"),
        ("Maggiano&#39;s &#x2019; &#x92;", "Maggiano's ’ ’"),
        ("&amp;amp;lt;", "<"),
        ("a&nbsp;b &copy 2014", "a\xa0b © 2014"),
        ("NESTL&EACUTE;", "NESTLÉ"),
        ("rock&reggae", "rock&reggae"),
        ("R&D; AT&T; F&W", "R&D; AT&T; F&W"),
        ("?a=1&copy=2", "?a=1&copy=2"),
        ("&#99999999999; &#;", "&#99999999999; &#;"),
    ],
)
def test_decode_entities(text, decoded):
    assert decode_entities(text) == decoded


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
def test_remove_code_leaves_braces(text):
    assert remove_code(text) == text


@pytest.mark.parametrize(
    "piece", ["<", "<a ", "<a b=", "&amp;", "{", ".a ", "@media", "/*{", "<!--", '" ']
)
def test_takes_linear_time(piece):
    # Quadratic time would need minutes.
    text = piece * 100_000 + "{"
    remove_code(text)
    remove_tags(text, " ")
    decode_entities(text)
