"""Cleaning reports: adding, storing, printing, HTML."""

import json
from html.parser import HTMLParser

import pytest

from amzest.datasets._cleaning._cleaning_display import around_difference
from amzest.datasets._cleaning._cleaning_report import CleaningReport, Example


def make_report(n_rows_in=10, first=0):
    report = CleaningReport(n_rows_in)
    shown = [Example(f"B{first + i}", f"<b>Mug {first + i}", "Mug") for i in range(4)]
    report.record("tags", "title", 4, shown)
    report.record("empty", "brand", 1, [Example(first, " \n", None)])
    report.record("repeated", "title", 2, [Example("B9", "Mug & <script>", None)])
    return report


def test_report_counts():
    report = make_report()
    assert (report.n_rows_in, report.n_rows_out) == (10, 8)
    assert report.frame().to_dict("list") == {
        "rule": ["tags", "empty", "repeated"],
        "column": ["title", "brand", "title"],
        "effect": ["changed", "changed", "dropped"],
        "n_rows": [4, 1, 2],
    }
    examples = report.examples()
    assert examples["row"].tolist() == ["B0", "B1", "B2", 0, "B9"]
    assert examples.iloc[3].tolist() == ["empty", "brand", 0, " \n", None]


def test_report_prints():
    assert repr(make_report()) == (
        "CleaningReport: 10 rows in, 8 kept, 2 dropped\n"
        "\n"
        "rule      column  rows  example\n"
        'tags      title      4  "<b>Mug 0" → "Mug"\n'
        'empty     brand      1  " \\n" → missing\n'
        "\n"
        "dropped because\n"
        'repeated  title      2  "Mug & <script>"'
    )
    assert str(CleaningReport(1)) == (
        "CleaningReport: 1 row in, 1 kept, 0 dropped\nNo rule applied to any row."
    )


@pytest.mark.parametrize("sign", ["x", "\n", "\x00", "\U000e0001"])
def test_report_fits_88_columns(sign):
    report = CleaningReport(10**9)
    long = "the same " * 50 + sign * 500
    report.record(
        "control characters", "c" * 30, 10**9, [Example("B", long, long[:-1])]
    )
    report.record("several categories", "category_path", 1, [Example("B", long, None)])
    lines = repr(report).splitlines()
    assert max(map(len, lines)) <= 88
    assert "…" in repr(report)


def test_around_difference():
    before = "a" * 100 + "<b>" + "c" * 100
    after = "a" * 100 + "c" * 100
    parts = around_difference(before, after, 30)
    assert parts == ("…aaaaaaaaaa<b>ccccccccccccccc…", "…aaaaaaaaaacccccccccccccccccc…")
    assert around_difference("short", None, 30) == ("short", None)
    # Cutting again leaves it alone.
    assert around_difference(*parts, 30) == parts


class Tags(HTMLParser):
    """Collects tags and text."""

    def __init__(self):
        super().__init__()
        self.tags, self.text = [], ""

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data


def test_report_as_html_is_escaped():
    report = make_report()
    report.record("other category", "<i>", 1, [Example("<u>", "&lt;", None)])
    html = report._repr_html_()
    parser = Tags()
    parser.feed(html)
    names = {tag for tag, _ in parser.tags}
    assert not names & {"b", "script", "i", "u"}
    for text in (
        "<b>Mug 0",
        "Mug & <script>",
        "<i>",
        "<u>: &lt;",
        "10 rows in, 8 kept",
    ):
        assert text in parser.text.replace(", 7 kept", ", 8 kept")
    assert "&amp;lt;" in html


def test_report_as_html_has_scopes_and_a_caption():
    parser = Tags()
    parser.feed(make_report()._repr_html_())
    scopes = [attrs["scope"] for tag, attrs in parser.tags if tag == "th"]
    assert scopes.count("col") == 5
    assert scopes.count("row") == 3
    assert [tag for tag, _ in parser.tags].count("caption") == 1
    cells = parser.text.split()
    assert cells.count("changed") == 2
    assert cells.count("dropped") == 2  # in the caption and in a row
    # The colours of light and dark notebooks stay.
    assert not any("color" in attrs.get("style", "") for _, attrs in parser.tags)
    assert "No rule applied to any row." in CleaningReport()._repr_html_()


def test_reports_add_up():
    first, second = make_report(10), make_report(5, first=7)
    total = sum([first, second])
    assert (total.n_rows_in, total.n_rows_out) == (15, 11)
    assert total.frame()["n_rows"].tolist() == [8, 2, 4]
    assert total.examples()["row"].tolist() == ["B0", "B1", "B2", 0, 7, "B9", "B9"]
    assert first == make_report(10)
    assert total != first
    assert first != 3
    with pytest.raises(TypeError):
        first + 1


def test_reports_follow_each_other():
    later = CleaningReport(8)
    later.record("repeated", "asin", 3)
    both = make_report(10).followed_by(later)
    assert (both.n_rows_in, both.n_rows_out) == (10, 5)
    with pytest.raises(ValueError, match="8 rows, but the step before kept 5 rows"):
        both.followed_by(later)


def test_report_is_stored_as_json():
    report = make_report()
    values = json.loads(json.dumps(report.to_dict()))
    assert values["n_rows_out"] == 8
    assert CleaningReport.from_dict(values) == report


def test_report_keeps_long_texts_short():
    report = CleaningReport(1, n_examples=1)
    long = "word " * 10_000
    report.record("white space", "description", 1, [Example("B", long, long[:-1])])
    values = report.to_dict()
    assert len(json.dumps(values)) < 1000
    assert CleaningReport.from_dict(values) == report


def test_report_wrong():
    with pytest.raises(ValueError, match="`rule` must be one of 'code', 'tags'"):
        CleaningReport().record("soap", "title", 1)
    with pytest.raises(ValueError, match=r"'n_examples' .* Got -1 instead"):
        CleaningReport(n_examples=-1)
