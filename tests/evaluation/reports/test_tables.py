from amzest.evaluation._reports._tables import (
    cut,
    html_table,
    interval,
    percent,
    write_p,
)


def test_numbers_are_written():
    assert percent(0.95) == "95%"
    assert percent(0.995) == "99.5%"
    assert interval(0.0123, -0.004, 0.02) == ("+0.012", "-0.004 to +0.020")
    assert write_p(0.0004) == "<0.001"
    assert write_p(0.0312) == "0.031"


def test_long_texts_are_cut():
    assert cut("two\nlines", 20) == "two lines"
    assert cut("abcdefgh", 5) == "abcd…"


def test_table_is_folded_under_its_title():
    rows = [("one", ["1", ("2", "1 to 3")])]
    html = html_table("What <it> shows", ["name", "a", "b"], rows, title="A & B")
    assert html.startswith("<details")
    assert "<summary" in html
    assert "A &amp; B</summary>" in html
    assert "What &lt;it&gt; shows" in html
    assert "2<br><span" in html
    assert "<details" not in html_table("caption", ["name", "a", "b"], rows)
