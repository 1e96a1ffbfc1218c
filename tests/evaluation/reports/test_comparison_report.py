import xml.etree.ElementTree as ElementTree

import pytest
from product_designs import draw_labels, draw_proba

from amzest.evaluation._reports._compare_classifiers import compare_classifiers

Y, CODES = draw_labels(300)
LONG = "image <script>alert(1)</script> & " + "a very long name " * 4


def compare(n_designs=3, top_k=(3,)):
    names = ["text", LONG, *(f"design {i}" for i in range(2, n_designs))]
    probas = {
        name: draw_proba(CODES, 2.0 - 0.2 * place, seed=place)
        for place, name in enumerate(names[:n_designs])
    }
    costs = {"text": {"fit_seconds": 12345.6, "n_parameters": 1_234_567}}
    return compare_classifiers(Y, probas, top_k=top_k, costs=costs, n_bootstrap=2000)


@pytest.mark.parametrize("n_designs", [1, 2, 9])
@pytest.mark.parametrize("top_k", [(), (2, 3)])
def test_text_fits(n_designs, top_k):
    text = repr(compare(n_designs, top_k))
    assert max(map(len, text.splitlines())) <= 88
    first = text.splitlines()[0]
    plural = "" if n_designs == 1 else "s"
    assert first == (
        f"ClassifierComparison: {n_designs} design{plural}, 300 rows, 4 categories"
    )


def test_text_describes_the_tests():
    text = repr(compare())
    lines = text.splitlines()
    assert lines[2].split() == [
        *("design", "accuracy", "group", "macro-F1"),
        *("top-3", "log-loss", "Brier", "ECE"),
    ]
    assert lines[3].startswith("text ")
    assert "95% confidence intervals from 2,000 bootstrap resamples." in text
    test = "(McNemar’s exact test, Holm’s correction for 3 pairs, p < 0.05)."
    assert test in " ".join(text.split())
    assert "Fusion: equal-weight average 0." in text


def test_text_of_one_design_has_no_tests():
    text = repr(compare(1))
    assert "differ significantly" not in text
    assert "Fusion" not in text


def test_html_is_well_formed_and_escaped():
    html = compare()._repr_html_()
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    tree = ElementTree.fromstring(html)
    tables = list(tree.iter("table"))
    assert len(tables) == 7
    for table in tables:
        assert table.find("caption") is not None
        assert all(head.get("scope") in ("col", "row") for head in table.iter("th"))


def test_html_has_costs_and_a_dash_for_unknown_ones():
    html = compare()._repr_html_()
    assert "1,234,567" in html
    assert ">12,300<" in html
    assert ">–<" in html


def test_html_of_one_design_has_scores_and_categories():
    html = compare(1)._repr_html_()
    assert html.count("<table") == 2


def test_html_shows_the_hardest_of_many_categories():
    classes = [f"category {i:03}" for i in range(120)]
    labels, codes = draw_labels(600, classes)
    probas = {"one": draw_proba(codes, 3.0, seed=0, n_classes=120)}
    html = compare_classifiers(labels, probas, classes=classes)._repr_html_()
    assert "F1 in the 50 hardest of 120 categories." in html
    assert html.count(">category ") == 50
