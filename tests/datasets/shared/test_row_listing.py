"""list_rows: rows and values in messages."""

from amzest.datasets._shared._row_listing import list_rows


def test_list_rows_shortens_values():
    assert list_rows([3]) == "row 3"
    assert list_rows([3, 8], ["a.jpg", None]) == "row 3 ('a.jpg'), row 8 (None)"
    assert list_rows(range(9)) == "row 0, row 1, row 2 and 6 more"
    assert len(list_rows([1], ["x" * 10_000_000])) < 200
