"""Files of other programs: separators, encodings, JSON and Parquet."""

import codecs
import csv
import datetime as dt
import decimal
import gzip
import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from amzest.datasets import load_products
from amzest.datasets._product_tables._read_table import read_table

BIG = 2**53 + 1
ROWS = [("Mug, blue", "A"), ("Cup; 2 | 3", "A"), ('Pipe 5"', "B"), ("Two\nlines", "B")]
TITLES = [title for title, _ in ROWS]
CATEGORIES = list("AABB")


def written(separator, rows=ROWS, header=("title", "category")):
    """Return rows as spreadsheet programs write them: quotes only where needed."""
    lines = []
    for row in (header, *rows):
        cells = [
            '"' + cell.replace('"', '""') + '"'
            if any(char in cell for char in (separator, '"', "\n"))
            else cell
            for cell in row
        ]
        lines.append(separator.join(cells))
    return "\r\n".join(lines) + "\r\n"


def load(folder, content, name="p.csv", **arguments):
    path = folder / name
    if isinstance(content, str):
        content = content.encode()
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return load_products(path, **arguments).frame


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("given", [True, False])
def test_separators_are_detected(tmp_path, separator, given):
    frame = load(tmp_path, written(separator), separator=separator if given else None)
    assert frame["title"].tolist() == TITLES
    assert frame["category"].tolist() == CATEGORIES


@pytest.mark.parametrize(
    "separator", ["||", "::", ".*", "\\t", "^", " - ", "\x1f\x1f", "é"]
)
def test_separators_are_not_regular_expressions(tmp_path, separator):
    rows = [(f"{title} a|b:c.d", category) for title, category in ROWS]
    frame = load(tmp_path, written(separator, rows), separator=separator)
    assert frame["title"].tolist() == [title for title, _ in rows]


@pytest.mark.parametrize(
    ("separator", "error", "match"),
    [
        ("", ValueError, "`separator` is ''"),
        ('"', ValueError, "without quotes and line breaks"),
        ("\n", ValueError, "without quotes and line breaks"),
        (3, TypeError, "'separator' parameter .* Got 3"),
    ],
)
def test_invalid_separators(tmp_path, separator, error, match):
    with pytest.raises(error, match=match):
        load(tmp_path, written(","), separator=separator)


@pytest.mark.parametrize("line", ["sep=;", '"sep=;"', "SEP=;"])
def test_first_line_of_a_spreadsheet_sets_the_separator(tmp_path, line):
    text = line + "\r\n" + written(";")
    for separator in (None, ";"):
        assert load(tmp_path, text, separator=separator)["title"].tolist() == TITLES
    assert load(tmp_path, codecs.BOM_UTF8 + text.encode())["title"].tolist() == TITLES
    with pytest.raises(
        ValueError, match="states the separator ';', but `separator` is ','"
    ):
        load(tmp_path, text, separator=",")


def test_ambiguous_separator(tmp_path):
    text = "title;category,sub\nMug;A,x\nCup;A,y\nLamp;B,x\nLight;B,y\n"
    with pytest.raises(ValueError, match=r"ambiguous.*','.*2 columns.*';'.*2 columns"):
        load(tmp_path, text)
    frame = load(
        tmp_path,
        text,
        separator=";",
        category_column="category,sub",
        min_per_category=1,
    )
    assert frame["title"].tolist() == ["Mug", "Cup", "Lamp", "Light"]


def test_separator_of_the_first_line_that_rows_confirm(tmp_path):
    text = "title;size, cm;category\nMug;1,5;A\nCup;2;A\nLamp;3,5;B\nLight;4;B\n"
    assert list(load(tmp_path, text)) == ["title", "size, cm", "category"]


def test_a_table_of_one_column(tmp_path):
    frame = load(tmp_path, "title\nMug\nCup\n", category_column=None)
    assert frame["title"].tolist() == ["Mug", "Cup"]


@pytest.mark.parametrize(
    ("text", "match"),
    [
        (
            "title,category\nMug,A\nCup\nLamp,B\n",
            "line 3 has 1 cell, .* names 2 columns",
        ),
        ("title,category\nMug,A\n\nCup, A, B\n", "line 4 has 3 cells"),
        ('title,category\n"a\nb",A\nCup,A,B\n', "line 4 has 3 cells"),
        ('title,category\nMug,A\n"The "best" cup",A\n', "line 3 cannot be read as CSV"),
        ('title,category\nMug,A\n"Cup,A\nLamp,B\n', "line 3 cannot be read as CSV"),
        ("title,category\n", "has no rows"),
        ("sep=;\n", "is empty"),
        ("\n\n", "is empty"),
        ("title, title ,category\na,b,A\n", "not unique: 'title'"),
        ("title,,category\na,b,A\n", "column 2 has no name"),
    ],
)
def test_invalid_lines(tmp_path, text, match):
    with pytest.raises(ValueError, match=f"p.csv: {match}|p.csv: .*{match}"):
        load(tmp_path, text)


def test_cells_longer_than_the_limit_of_the_csv_module(tmp_path):
    limit = csv.field_size_limit()
    rows = [("x" * 200_000, "A"), ("b", "A"), ("c", "B"), ("d", "B")]
    assert len(load(tmp_path, written(",", rows))["title"][0]) == 200_000
    assert csv.field_size_limit() == limit


def test_long_cells_are_shortened_in_messages(tmp_path):
    with pytest.raises(ValueError, match="line 2 has 3 cells") as caught:
        load(tmp_path, "title,category\n" + "x" * 10_000_000 + ",a,b\n")
    assert len(str(caught.value)) < 700


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_and_blank_lines(tmp_path, end):
    text = end.join(
        ["title, category ", "", "Mug,A", "  ", "Cup,A", "Lamp,B", "Light,B", ""]
    )
    assert load(tmp_path, text)["title"].tolist() == ["Mug", "Cup", "Lamp", "Light"]


@pytest.mark.parametrize("name", ["p.tsv", "p.tsv.gz"])
def test_tab_separated_files(tmp_path, name):
    assert load(tmp_path, written("\t"), name)["title"].tolist() == TITLES


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf8", "UTF-8", "utf_8", "U8", "utf-8-sig"]
)
@pytest.mark.parametrize("name", ["p.csv", "p.jsonl", "p.json", "p.tsv.gz"])
def test_byte_order_mark_under_every_spelling(tmp_path, encoding, name):
    rows = [("Café", category) for category in CATEGORIES]
    text = written("\t" if "tsv" in name else ";", rows)
    if "json" in name:
        text = "\n".join(json.dumps({"title": t, "category": c}) for t, c in rows)
    for content in (text.encode(), text.encode("utf-8-sig")):
        frame = load(tmp_path, content, name, encoding=encoding)
        assert list(frame) == ["title", "category"]
        assert frame["title"].tolist() == ["Café"] * 4


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_utf_16_and_32(tmp_path, encoding):
    mark = "" if encoding in ("utf-16", "utf-32") else "\ufeff"
    rows = [("Café", category) for category in CATEGORIES]
    content = (mark + written(";", rows)).encode(encoding)
    for given in (encoding, "utf-8"):
        assert load(tmp_path, content, encoding=given)["title"].tolist() == ["Café"] * 4
    with pytest.raises(ValueError, match="starts with the byte order mark of utf-"):
        load(tmp_path, content, encoding="latin-1")


def test_utf_16_without_byte_order_mark(tmp_path):
    content = written(";").encode("utf-16-le")
    assert load(tmp_path, content, encoding="utf-16-le")["title"].tolist() == TITLES
    with pytest.raises(ValueError, match=r"contains NUL characters.*utf-16-le"):
        load(tmp_path, content)


@pytest.mark.parametrize("name", ["p.csv", "p.csv.gz", "p.jsonl", "p.json"])
def test_other_encodings_are_reported_with_the_line(tmp_path, name):
    rows = [("Mug", "A"), ("Cup", "A"), ("Café au lait", "B"), ("Lamp", "B")]
    text = written(",", rows)
    if "json" in name:
        text = "\n".join(
            json.dumps({"title": t, "category": c}, ensure_ascii=False) for t, c in rows
        )
    line = 3 if "json" in name else 4
    with pytest.raises(
        ValueError,
        match=f"{name}: line {line} is not utf-8 text .*0xe9 after.*Caf.*cp1252",
    ):
        load(tmp_path, text.encode("cp1252"), name)
    frame = load(tmp_path, text.encode("cp1252"), name, encoding="cp1252")
    assert frame["title"][2] == "Café au lait"


@pytest.mark.parametrize(
    "encoding", ["utf-99", "", "base64", "rot13", "a\0b", "x" * 10**6]
)
def test_unknown_encodings(tmp_path, encoding):
    with pytest.raises(
        ValueError, match=r"`encoding` '.*is not known to Python.*cp1252"
    ) as e:
        load(tmp_path, written(","), encoding=encoding)
    assert len(str(e.value)) < 400
    with pytest.raises(TypeError, match="'encoding' parameter"):
        load(tmp_path, written(","), encoding=None)


@pytest.mark.parametrize("encoding", ["unicode_escape", "raw_unicode_escape", "utf-7"])
def test_encodings_with_lone_surrogates(tmp_path, encoding):
    text = "title,category\nMug \\ud83d +2D0-,A\nCup,A\nLamp,B\nLight,B\n"
    with pytest.raises(ValueError, match=r"p\.csv: "):
        load(tmp_path, text, encoding=encoding)


RECORDS = [
    {"title": t, "n": n, "category": c}
    for t, n, c in zip("abcd", range(4), "AABB", strict=True)
]


@pytest.mark.parametrize(
    "document",
    [
        json.dumps(RECORDS),
        json.dumps(RECORDS, indent=2),
        json.dumps({"data": RECORDS}),
        json.dumps({"products": RECORDS}, indent=1),
        json.dumps({"schema": {"fields": []}, "data": RECORDS}),
        "\n".join(map(json.dumps, RECORDS)),
        "\n\n".join(map(json.dumps, RECORDS)) + "\n",
        "\ufeff" + json.dumps(RECORDS),
    ],
)
@pytest.mark.parametrize("name", ["p.json", "p.json.gz"])
def test_json_documents(tmp_path, document, name):
    frame = load(tmp_path, document, name)
    assert frame["title"].tolist() == list("abcd")
    assert frame["n"].tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("name", "document", "match"),
    [
        ("p.json", '[{"title": "a"}, 3]', "record 2 is a JSON int"),
        ("p.json", '[{"title": "a"}', "is not JSON"),
        ("p.json", "[]", "has no rows"),
        ("p.json", "", "has no rows"),
        ("p.json", "3", "record 1 is a JSON int"),
        ("p.json", '{"title": "a"}\n[1]', "line 2 is a JSON list"),
        (
            "p.json",
            '{\n"title": ["a"],\n "category": ["A"]}',
            "one JSON object with the keys",
        ),
        ("p.jsonl", '[{"title": "a"}]', "line 1 is a JSON list"),
        ("p.jsonl", '{"title": "a"}\n\n{"title": ', "line 3 is not JSON"),
        ("p.jsonl", '{"title": "a", "title": "b"}', "line 1 .*'title' occurs twice"),
        ("p.jsonl", "[" * 100_000, "line 1 is not JSON .*nested too deeply"),
        ("p.json", "[" * 100_000, "is not JSON .*nested too deeply"),
        ("p.jsonl", '{"n": ' + "9" * 5000 + "}", "line 1 is not JSON .*digits"),
    ],
)
def test_invalid_json(tmp_path, name, document, match):
    with pytest.raises(ValueError, match=f"{name}: .*{match}|{name}: {match}"):
        load(tmp_path, document, name, category_column=None)


@pytest.mark.parametrize(
    ("cell", "column"),
    [
        ({"title": "mug \ud83d"}, "title"),
        ({"title": "\udc00mug"}, "title"),
        ({"tags": ["new", "\ud83d"]}, "tags"),
        ({"info": {"\ud83d": 1}}, "info"),
        ({"info": {"a": [{"b": "\udfff"}]}}, "info"),
        ({"na\ud83dme": 1}, "na"),
        ({"title": "\ude00\ud83d"}, "title"),
    ],
)
@pytest.mark.parametrize("name", ["p.jsonl", "p.json"])
def test_lone_surrogates_are_reported_with_their_position(tmp_path, cell, column, name):
    records = [*RECORDS, {**RECORDS[0], **cell}]
    document = (
        json.dumps(records) if name == "p.json" else "\n".join(map(json.dumps, records))
    )
    place = "record 5" if name == "p.json" else "line 5"
    with pytest.raises(
        ValueError, match=f"{name}: {place}, column '{column}.*half a char"
    ):
        load(tmp_path, document, name)


def test_whole_characters_written_as_two_escapes(tmp_path):
    records = [{**record, "title": "mug 😀 \\ud83d"} for record in RECORDS]
    frame = load(tmp_path, "\n".join(map(json.dumps, records)), "p.jsonl")
    assert frame["title"].tolist() == ["mug 😀 \\ud83d"] * 4


def test_integers_of_json_keep_their_digits(tmp_path):
    numbers = {"id": [BIG, BIG + 1, BIG + 2, 10**30], "n": [BIG, None, 3, 4]}
    numbers |= {"large": [2**64 - 1, 1, 2, 3], "huge": [10**30, None, 1, 2]}
    numbers |= {"mixed": [BIG, 0.5, 1, 2], "float": [1.5, None, 2, 3]}
    rows = pd.DataFrame(numbers, dtype=object).to_dict("records")
    records = [{**record, **row} for record, row in zip(RECORDS, rows, strict=True)]
    for name, text in (
        ("p.jsonl", "\n".join(map(json.dumps, records))),
        ("p.json", json.dumps(records)),
    ):
        frame = load(tmp_path, text, name)
        assert frame["id"].tolist() == [str(n) for n in numbers["id"]]
        assert frame["n"].tolist() == [BIG, pd.NA, 3, 4]
        assert frame["large"].tolist() == numbers["large"]
        assert [cell for cell in frame["huge"] if cell == cell] == [10**30, None, 1, 2]
        assert frame["mixed"].tolist() == numbers["mixed"]
        assert frame["float"].dtype == np.float64


def parquet(folder, **arguments):
    """Write and load a table with columns of Arrow."""
    columns = {name: cells for name, cells in arguments.items()}
    n_rows = len(next(iter(columns.values())))
    columns.setdefault("category", pa.array((["A", "B"] * n_rows)[:n_rows]))
    pq.write_table(pa.table(columns), folder / "p.parquet")
    return load_products(folder / "p.parquet", min_per_category=1).frame


@pytest.mark.parametrize(
    ("cells", "texts"),
    [
        (pa.array([BIG, None, BIG + 1, 7]), [str(BIG), None, str(BIG + 1), "7"]),
        (
            pa.array([2**64 - 1, 1, 2, None], pa.uint64()),
            [str(2**64 - 1), "1", "2", None],
        ),
        (
            pa.array([10**30, 1, None, 2], pa.decimal128(38)),
            [str(10**30), "1", None, "2"],
        ),
        (
            pa.array([decimal.Decimal("1.50"), None, decimal.Decimal("2.00")]),
            ["1.50", None, "2"],
        ),
        (pa.array([7.0, None, 8.0]), ["7", None, "8"]),
        (pa.array(["007", None, "008"]), ["007", None, "008"]),
        (pa.array(["007", None, "008"]).dictionary_encode(), ["007", None, "008"]),
        (pa.array(["007", "", "008"], pa.large_string()), ["007", None, "008"]),
    ],
)
def test_ids_of_parquet_keep_their_digits(tmp_path, cells, texts):
    found = parquet(tmp_path, id=cells)["id"]
    assert [None if pd.isna(cell) else cell for cell in found] == texts


@pytest.mark.parametrize("cell", [7.5, 2.0**60, float("inf")])
def test_ids_with_uncertain_digits(tmp_path, cell):
    with pytest.raises(
        TypeError, match=r"`id` is not a string in 1 row: row 1 \('float'\)"
    ):
        parquet(tmp_path, id=pa.array([1.0, cell]))


def test_cells_of_parquet_keep_their_types(tmp_path):
    time = dt.datetime(2024, 2, 29, 1, 2, 3)
    frame = parquet(
        tmp_path,
        title=pa.array(["a", "b", None]),
        n=pa.array([BIG, None, 1]),
        small=pa.array([1, 2, 3], pa.int8()),
        flag=pa.array([True, None, False]),
        time=pa.array([time, None, time]),
        tags=pa.array([["new", "red"], None, []]),
        info=pa.array(
            [{"bytes": b"\0", "path": None}, None, {"bytes": None, "path": "x"}]
        ),
    )
    assert frame["n"].tolist() == [BIG, pd.NA, 1]
    assert frame["small"].dtype == np.int8
    assert frame["flag"].tolist() == [True, pd.NA, False]
    assert frame["time"][0] == time
    assert frame["tags"].tolist() == [["new", "red"], None, []]
    assert frame["info"][0] == {"bytes": b"\0", "path": None}


def test_index_of_a_pandas_table_in_parquet(tmp_path):
    frame = pd.DataFrame({"title": ["a", "b"], "category": ["A", "B"]})
    path = tmp_path / "p.parquet"
    for index, names in (
        (pd.Index([7, 5]), ["title", "category"]),
        (pd.Index([7, 5], name="id"), ["id", "title", "category"]),
        (pd.RangeIndex(1, 5, 2, name="id"), ["id", "title", "category"]),
    ):
        frame.set_axis(index).to_parquet(path)
        loaded = load_products(path, min_per_category=1).frame
        assert list(loaded) == names
        if "id" in names:
            assert loaded["id"].tolist() == [str(label) for label in index]


def test_parquet_with_text_that_is_not_utf_8(tmp_path):
    cells = pa.array([b"Caf\xe9", b"b"]).view(pa.string())
    with pytest.raises(ValueError, match=r"p.parquet: (cannot be read|contains text)"):
        parquet(tmp_path, title=cells)


@pytest.mark.parametrize("cell", [["A"], {"a": 1}, ["A", "B"]])
@pytest.mark.parametrize("column", ["category", "id"])
@pytest.mark.parametrize("name", ["p.jsonl", "p.json", "p.parquet"])
def test_lists_and_dicts_as_category_or_id(tmp_path, cell, column, name):
    records = [{**record, "id": i} for i, record in enumerate(RECORDS)]
    records = [{**record, column: cell} for record in records]
    path = tmp_path / name
    if name == "p.parquet":
        pq.write_table(pa.Table.from_pylist(records), path)
    else:
        lines = "\n".join(map(json.dumps, records))
        path.write_text(lines if name == "p.jsonl" else json.dumps(records))
    with pytest.raises(TypeError, match=rf"`{column}` is not .* in 4 rows: row 0"):
        load_products(path)


def test_image_column_is_found_by_its_name(tmp_path):
    rows = "title,{},category\nMug,,A\nCup,,A\nLamp,,B\nLight,no.png,B\n"
    assert list(load(tmp_path, rows.format("file"))) == [
        "title",
        "file",
        "category",
    ]
    with pytest.raises(ValueError, match="`image` is a file that does not exist"):
        load(tmp_path, rows.format("image"))
    assert (
        load(tmp_path, rows.format("image"), image_column=None)["image"][3] == "no.png"
    )
    with pytest.raises(ValueError, match=r"no column 'image' .image_column."):
        load(tmp_path, rows.format("file"), image_column="image")


KINDS = ["csv", "tsv", "jsonl", "json", "parquet", "csv.gz", "jsonl.gz"]


@pytest.mark.parametrize("kind", KINDS)
def test_errors_of_random_bytes_contain_the_file_name(tmp_path, kind):
    """Any bytes are read as a table, or raise a ValueError with the file name."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"title": ["Café", None, "c"], "n": [BIG, 1, 2]})
    path = tmp_path / f"p.{kind}"
    opener = gzip.open if kind.endswith(".gz") else open
    if kind == "parquet":
        frame.to_parquet(path)
    else:
        text = (
            frame.to_csv(index=False, sep="\t" if kind == "tsv" else ",")
            if "sv" in kind
            else frame.to_json(orient="records", lines="jsonl" in kind)
        )
        with opener(path, "wb") as file:
            file.write(text.encode())
    good, messages = path.read_bytes(), []
    for _ in range(150):
        data = bytearray(good)
        for place in rng.integers(len(data), size=rng.integers(1, 6)):
            data[place] = rng.choice(
                [0, 9, 10, 34, 44, 92, 123, 255, rng.integers(256)]
            )
        path.write_bytes(data[: rng.integers(1, len(data) + 40)])
        try:
            read_table(path, encoding="utf-8", separator=None)
        except ValueError as error:
            messages.append(str(error))
    assert all(path.name in message for message in messages)
