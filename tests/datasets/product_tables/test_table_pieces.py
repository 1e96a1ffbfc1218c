import json

import pandas as pd
import pytest

from amzest.datasets._product_tables._read_table import read_table
from amzest.datasets._product_tables._table_pieces import TablePieces


def write(path, frame):
    if path.suffix == ".parquet":
        frame.to_parquet(path)
    elif path.suffix == ".jsonl":
        frame.to_json(path, orient="records", lines=True)
    elif path.suffix == ".json":
        frame.to_json(path, orient="records")
    else:
        frame.to_csv(path, index=False, sep="\t" if path.suffix == ".tsv" else ",")


@pytest.fixture(params=["csv", "tsv", "jsonl", "json", "parquet"])
def path(request, tmp_path):
    titles = ["a,b", 'say "x"', "line\nbreak", None, "ü", "", "z" * 200_000]
    frame = pd.DataFrame(
        {"id": range(7), "title": titles, "price": [1, None] * 3 + [2]}
    )
    write(tmp_path / f"in.{request.param}", frame)
    return tmp_path / f"in.{request.param}"


@pytest.mark.parametrize("n_rows", [1, 3, 7, 100])
def test_pieces_are_the_table(path, n_rows):
    table = TablePieces(path)
    pieces = list(table.read(n_rows))
    whole = read_table(path, encoding="utf-8", separator=None)
    assert table.columns == list(whole)
    assert max(map(len, pieces)) <= n_rows
    assert [len(piece) for piece in pieces[:-1]] == [n_rows] * (len(pieces) - 1)
    found = pd.concat([piece.astype(object) for piece in pieces])
    assert found.index.tolist() == list(range(7))
    plain = whole.astype(object)
    assert found.where(found.notna(), None).to_dict("records") == (
        plain.where(plain.notna(), None).to_dict("records")
    )
    some = next(table.read(n_rows, ["price", "title"]))
    assert list(some) == ["price", "title"]


def test_only_a_piece_is_read(tmp_path):
    path = tmp_path / "in.csv"
    path.write_text("a,b\n" + "1,2\n" * 200_000 + "1,2,3\n")
    pieces = TablePieces(path).read(1000)
    assert len(next(pieces)) == 1000
    with pytest.raises(ValueError, match="line 200002 has 3 cells"):
        list(pieces)


def test_parquet_knows_rows_and_types(tmp_path):
    path = tmp_path / "in.parquet"
    pd.DataFrame({"a": [1, 2, 3]}, index=pd.RangeIndex(5, 8, name="key")).to_parquet(
        path
    )
    table = TablePieces(path)
    assert (table.n_rows, table.columns) == (3, ["key", "a"])
    found = pd.concat(table.read(2))
    assert found["key"].tolist() == [5, 6, 7]


def test_json_lines_have_the_names_of_the_first_records(tmp_path, monkeypatch):
    path = tmp_path / "in.jsonl"
    records = [{"a": 1}, {"a": 2, "b": "x"}, {"b": "y"}, {"c": 3}]
    path.write_text("\n".join(map(json.dumps, records)))
    assert TablePieces(path).columns == ["a", "b", "c"]
    module = "amzest.datasets._product_tables._table_pieces"
    monkeypatch.setattr(f"{module}._N_LOOKED_AT", 3)
    table = TablePieces(path)
    with pytest.raises(ValueError, match="'c' does not occur in the first 3 records"):
        list(table.read(2))
    # Names that are not asked for do no harm.
    assert len(pd.concat(table.read(2, ["b"]))) == 4


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("in.csv", "a,b\n", "has no rows. Columns: 'a', 'b'"),
        ("in.csv", "", "is empty"),
        ("in.csv", "a,a\n1,2\n", "column names are not unique"),
        ("in.jsonl", "", "has no rows"),
        ("in.jsonl", "{", "line 1 is not JSON"),
        ("in.parquet", "PAR1", "cannot be read as Parquet"),
    ],
)
def test_errors(tmp_path, name, content, message):
    (tmp_path / name).write_text(content)
    with pytest.raises(ValueError, match=message):
        TablePieces(tmp_path / name)


def test_absent_columns_are_named(path):
    table = TablePieces(path)
    table.check_columns(["title"], "--keep")
    with pytest.raises(
        ValueError, match=r"no column 'sku' \(--keep\). Available: 'id'"
    ):
        table.check_columns(["title", "sku"], "--keep")
