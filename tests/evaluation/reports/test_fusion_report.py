from product_designs import draw_labels, draw_proba

from amzest.evaluation._reports._compare_classifiers import compare_classifiers

Y, CODES = draw_labels(200)
REPORT = compare_classifiers(
    Y,
    {
        "text": draw_proba(CODES, 2.0, seed=1),
        "image <i>&</i> " + "a very long name " * 4: draw_proba(CODES, 1.0, seed=2),
    },
).fusion()


def test_text_fits_and_has_all_tables():
    text = repr(REPORT)
    assert max(map(len, text.splitlines())) <= 88
    assert text.startswith("FusionReport: 2 members, at least one is correct for 0.")
    for part in ("only correct", "equal-weight average", "shared errors", "Yule's Q"):
        assert part in text


def test_html_is_escaped_and_has_scopes():
    html = REPORT._repr_html_()
    assert "image &lt;i&gt;&amp;&lt;/i&gt;" in html
    assert "<i>" not in html
    assert html.count("<caption") == html.count("<table") == 4
    assert html.count("<th ") == html.count('scope="')
    assert "<details" not in html
