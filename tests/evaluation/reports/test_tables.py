import pandas as pd

from amzest.evaluation._reports._tables import (
    Table,
    cut,
    html_table,
    percent,
    text_table,
    write_differences,
    write_number,
    write_p,
    write_scores,
)


def test_numbers_are_written():
    assert percent(0.95) == "95%"
    assert percent(0.995) == "99.5%"
    scores = pd.DataFrame({"a": [0.9123], "a_low": [0.8871], "a_high": [0.94]})
    assert write_scores(scores, "a").tolist() == ["0.912 (0.887–0.940)"]
    gains = pd.DataFrame({"a": [0.0123], "a_low": [-0.004], "a_high": [0.02]})
    assert write_differences(gains, "a").tolist() == ["+0.012 (-0.004 to +0.020)"]
    assert write_p(0.0004) == "<0.001"
    assert write_p(0.0312) == "0.031"
    assert write_number(12345.6, ",.3g") == "12,300"
    assert write_number(float("nan")) == "–"


def test_long_texts_are_cut():
    assert cut("two\nlines", 20) == "two lines"
    assert cut("abcdefgh", 5) == "abcd…"


def table_of(names, **columns):
    cells = pd.DataFrame(columns, index=pd.Index(names, name="name"))
    return Table("A & B", "What <it> shows", cells)


def test_text_shortens_names_before_columns():
    table = table_of(
        ["a name " * 9, "b"], first=["x" * 20, "1"], second=["y" * 20, "2"]
    )
    text = text_table(table)
    assert text.splitlines()[0].split() == ["name", "first", "second"]
    assert max(map(len, text.splitlines())) <= 88
    assert "…" in text
    wide = table_of(["a"], first=["x" * 60], second=["y" * 60])
    assert text_table(wide).splitlines()[0].split() == ["name", "first"]


def test_html_is_folded_below_its_title():
    table = table_of(["one"], **{"$a$": ["1 <b>"], "b": ["x" * 200]})
    html = html_table(table, folded=True)
    assert html.startswith("<details")
    assert "A &amp; B</summary>" in html
    assert "What &lt;it&gt; shows</caption>" in html
    assert "1 &lt;b&gt;" in html
    assert "x" * 200 in html
    assert html.count('scope="col"') == 3
    assert html.count('scope="row"') == 1
    assert "<details" not in html_table(table, folded=False)
