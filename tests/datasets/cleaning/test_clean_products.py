"""Cleaning a table."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amzest.datasets._amazon_metadata._read_amazon_metadata import read_amazon_metadata
from amzest.datasets._cleaning._clean_products import clean_products
from amzest.datasets._cleaning._clean_rows import clean_rows
from amzest.datasets._cleaning._repeated_rows import find_repeated_rows
from amzest.datasets._shared._title_key import normalise_titles

NO_IMAGE = "http://g-ecx.images-amazon.com/images/G/01/x-site/icons/no-img-sm._CB1_.gif"
IMAGE_URL = "http://ecx.images-amazon.com/images/I/51MKP0T4DBL.jpg"


@pytest.fixture
def frame():
    return pd.DataFrame(
        {
            "asin": ["A0", "A1", "A2", "A3", "A4", "A5", "A6", "A7"],
            "title": [
                "The Crucible: Jerome Dempsey &amp; Cast",
                '<span class="a-size-medium a-color-secondary"',
                ' Magazines" />',
                "Girls Tutu",
                "CafÃ© Mug",
                "café mug!",
                None,
                "Cup",
            ],
            "description": ["<p>One</p><p>Two", "a\nb", "", None, "x", "x", "x", "x"],
            "category": [
                *("Books", "AMAZON FASHION", "Gift Cards", "Clothing, Shoes & Jewelry"),
                *("Toys &amp; Games", "Toys & Games", None, None),
            ],
            "category_path": [
                "Books",
                None,
                "Gift Cards > </span></span></span> > Made with thick stock",
                "Clothing, Shoes & Jewelry > Girls\nSports & Outdoors > Dance",
                "Toys &amp; Games > A\nToys & Games > B",
                None,
                "Kindle Store > B\nBooks > C",
                None,
            ],
            "brand": ["by\n    \n    Apple", "Unknown", "", None, "x", "x", "x", "x"],
            "price": [1.0, np.nan, 2, 3, 4, 5, 6, 7],
            "image_url": [
                IMAGE_URL,
                NO_IMAGE,
                "",
                None,
                IMAGE_URL,
                IMAGE_URL,
                IMAGE_URL,
                IMAGE_URL,
            ],
        },
        index=list("abcdefgh"),
    )


def counts(report):
    return {(rule, column): f.n_rows for rule, column, f in report.findings()}


def test_clean_products_by_default(frame):
    before = frame.copy(deep=True)
    table, report = clean_products(frame)
    pd.testing.assert_frame_equal(frame, before)
    assert table.index.tolist() == ["a", "b", "c", "e"]
    assert table.columns.tolist() == frame.columns.tolist()
    assert (table.dtypes == frame.dtypes).all()
    filled = table.astype(object).where(table.notna(), None)
    assert filled["title"].tolist() == [
        "The Crucible: Jerome Dempsey & Cast",
        None,
        "Magazines",
        "Café Mug",
    ]
    assert filled["description"].tolist() == ["One\nTwo", "a\nb", None, "x"]
    assert filled["category"].tolist() == [
        *("Books", "AMAZON FASHION", "Gift Cards", "Toys & Games")
    ]
    assert filled["category_path"].tolist() == [
        *("Books", None, "Gift Cards", "Toys & Games > A\nToys & Games > B")
    ]
    assert filled["brand"].tolist() == ["Apple", None, None, "x"]
    assert filled["price"].tolist() == [1, None, 2, 4]
    assert filled["image_url"].tolist() == [IMAGE_URL, None, None, IMAGE_URL]
    assert counts(report) == {
        ("tags", "description"): 1,
        ("tags", "title"): 2,
        ("entities", "category"): 1,
        ("entities", "category_path"): 1,
        ("entities", "title"): 1,
        ("mojibake", "title"): 1,
        ("byline", "brand"): 1,
        ("white space", "title"): 1,
        ("bullet points", "category_path"): 1,
        ("placeholder", "brand"): 1,
        ("placeholder", "image_url"): 1,
        ("empty", "brand"): 1,
        ("empty", "description"): 1,
        ("empty", "image_url"): 1,
        ("empty", "title"): 1,
        ("several categories", "category_path"): 2,
        ("missing", "category"): 1,
        ("repeated", "title"): 1,
    }
    assert (report.n_rows_in, report.n_rows_out) == (8, 4)
    last = report.examples().iloc[-1].tolist()
    assert last == ["repeated", "title", "A5", "café mug!", None]


def test_clean_products_of_the_published_categories(frame):
    table, report = clean_products(frame, categories="published")
    assert table["category"].to_dict() == {
        "a": "books",
        "b": "clothing, shoes & jewelry",
        "e": "toys & games",
        "g": "books",
    }
    found = counts(report)
    assert found["filled", "category"] == 1
    assert found["renamed", "category"] == 4
    assert found["other category", "category"] == 1
    assert found["several categories", "category_path"] == 1
    assert found["missing", "category"] == 1


def test_clean_products_keeps_several_categories(frame):
    table, _ = clean_products(
        frame, categories="published", several_categories="keep", duplicates=[]
    )
    assert table.index.tolist() == ["a", "b", "d", "e", "f", "g"]
    assert table.loc["d", "category"] == "clothing, shoes & jewelry"


def test_clean_products_by_a_mapping(frame):
    mapping = {"books": "Media", "Gift Cards": "Media"}
    table, _ = clean_products(frame, categories=mapping)
    assert table["category"].tolist() == ["Media"] * 3
    again, report = clean_products(table, categories=mapping)
    pd.testing.assert_frame_equal(again, table)
    assert not counts(report)


def test_clean_products_by_asin():
    frame = pd.DataFrame(
        {
            "asin": ["A", "B", "A", "C", "B", None, None],
            "title": list("abcdefg"),
            "category": ["x", "x", "y", "x", "x", "x", "y"],
        }
    )
    table, report = clean_products(frame)
    assert table.index.tolist() == [1, 3, 5, 6]
    assert counts(report) == {
        ("several categories", "asin"): 2,
        ("repeated", "asin"): 1,
    }
    table, report = clean_products(frame, several_categories="keep")
    assert table.index.tolist() == [0, 1, 3, 5, 6]
    assert counts(report) == {("repeated", "asin"): 2}
    table, _ = clean_products(frame, several_categories="keep", duplicates=())
    pd.testing.assert_frame_equal(table, frame)


def test_clean_products_required(frame):
    table, report = clean_products(frame, required=["title", "price"])
    assert table.index.tolist() == ["a", "c", "e", "h"]
    assert counts(report)["missing", "title"] == 1
    assert ("missing", "price") not in counts(report)


def test_clean_products_with_other_names():
    frame = pd.DataFrame(
        {"id": [7, 7, 8], "name": ["A<br>", "B", "C"], "department": ["Books"] * 3}
    )
    names = {"asin": "id", "title": "name", "category": "department"}
    table, report = clean_products(frame, columns=names, categories="published")
    assert table.to_dict("list") == {
        "id": [7, 8],
        "name": ["A", "C"],
        "department": ["books", "books"],
    }
    assert report.examples()["row"].tolist() == [7, 7, 7, 8, 7]
    assert counts(report) == {
        ("tags", "name"): 1,
        ("renamed", "department"): 3,
        ("repeated", "id"): 1,
    }


@pytest.mark.parametrize("dtype", ["str", object, "string", "category"])
def test_clean_products_of_titles_alone(dtype):
    frame = pd.DataFrame({"title": pd.Series(["a&amp;b", None, "c", "C"], dtype=dtype)})
    table, _ = clean_products(frame, duplicates=[])
    assert table["title"].dropna().tolist() == ["a&b", "c", "C"]
    assert table["title"].isna().tolist() == [False, True, False, False]
    if dtype != "category":
        assert table["title"].dtype == frame["title"].dtype
    pd.testing.assert_frame_equal(clean_products(table, duplicates=[])[0], table)


def test_clean_products_without_rows():
    frame = pd.DataFrame({"asin": [], "title": [], "category": []}, dtype="str")
    table, report = clean_products(frame)
    pd.testing.assert_frame_equal(table, frame)
    assert report.n_rows_out == 0


@pytest.mark.parametrize("n_rows", [1, 2, 3, 8])
def test_clean_products_in_pieces(frame, n_rows):
    whole, report = clean_products(frame, categories="published")
    pieces = [
        clean_rows(frame.iloc[start : start + n_rows], categories="published")
        for start in range(0, len(frame), n_rows)
    ]
    rows = pd.concat([piece for piece, _ in pieces])
    total = sum(report for _, report in pieces)
    assert total == clean_rows(frame, categories="published")[1]
    titles = [None if pd.isna(title) else title for title in rows["title"]]
    found = find_repeated_rows(
        asins=rows["asin"].tolist(),
        categories=rows["category"].tolist(),
        title_keys=normalise_titles(titles),
    )
    pd.testing.assert_frame_equal(rows[found.keep], whole)
    assert total.n_rows_out - sum(found.n_dropped.values()) == report.n_rows_out


CELLS = st.one_of(
    st.none(),
    st.text(max_size=5),
    st.lists(
        st.sampled_from(
            [*"<>&;ab \n", "&amp;", "&lt;b&gt;", "<br>", " > ", "Books", "Toys"]
        ),
        max_size=6,
    ).map("".join),
)
NAMES = ("asin", "title", "description", "category", "category_path", "brand")


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(*[CELLS] * len(NAMES)), max_size=5),
    st.sampled_from([None, "published", {"a": "b", "Books": "b"}]),
    st.sampled_from(["drop", "keep"]),
    st.sampled_from([(), ("asin", "title")]),
)
def test_clean_products_is_idempotent(rows, categories, several, duplicates):
    frame = pd.DataFrame(rows, columns=NAMES, dtype=object)
    before = frame.copy(deep=True)
    arguments = {
        "categories": categories,
        "several_categories": several,
        "duplicates": duplicates,
    }
    table, report = clean_products(frame, **arguments)
    again, nothing = clean_products(table, **arguments)
    pd.testing.assert_frame_equal(again, table)
    assert not nothing.findings()
    assert report.n_rows_out == len(table)
    pd.testing.assert_frame_equal(frame, before)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"several_categories": "first"}, ValueError, "'several_categories' param"),
        ({"duplicates": "asin"}, TypeError, "`duplicates` must be a list of 'asin'"),
        ({"duplicates": ["brand"]}, ValueError, "`duplicates` must be a list of"),
        ({"required": "title"}, TypeError, "`required` must be a list of column names"),
        ({"required": ["ean"]}, ValueError, "`required` has 'ean', which is not"),
        ({"columns": ["title"]}, TypeError, "`columns` must be a mapping"),
        ({"columns": {"name": "title"}}, ValueError, "`columns` has 'name', which"),
        (
            {"columns": {"title": "name"}},
            ValueError,
            "`columns` has 'name', which is",
        ),
        ({"columns": {"brand": "title", "title": "title"}}, ValueError, "twice"),
        ({"categories": "published"}, ValueError, "`categories` is given, but the"),
        ({"n_examples": -1}, ValueError, "'n_examples' .* Got -1 instead"),
    ],
)
def test_clean_products_wrong_arguments(arguments, error, message):
    with pytest.raises(error, match=message):
        clean_products(pd.DataFrame({"title": ["Mug"]}), **arguments)


def test_clean_products_wrong_tables():
    with pytest.raises(TypeError, match=r"`frame` must be a table .*, got list"):
        clean_products([])
    with pytest.raises(ValueError, match="none of the columns that clean_products"):
        clean_products(pd.DataFrame({"name": ["Mug"]}))
    with pytest.raises(ValueError, match="The table has two columns 'title'"):
        clean_products(pd.DataFrame([["a", "b"]], columns=["title", "title"]))
    wrong = pd.DataFrame({"description": ["Mug", ["a", "b"], 3.5, None]})
    with pytest.raises(
        TypeError,
        match=r"`description` is not a string in 2 rows: row 1 \('list'\), row 2",
    ):
        clean_products(wrong)


@pytest.mark.data
def test_clean_products_of_published_metadata(real_data):
    files = sorted((real_data / "mcauley").glob("meta_*"))
    frame = pd.concat(list(read_amazon_metadata(files)))
    table, report = clean_products(frame, duplicates=())
    assert len(table) == len(frame) == 4942
    found = counts(report)
    assert found["tags", "title"] == 3163
    assert found["empty", "title"] == 3153
    assert found["byline", "brand"] == 3
    assert found["placeholder", "image_url"] == 1
    assert found["bullet points", "category_path"] == 515
    for name in ("title", "description", "brand", "category", "category_path"):
        texts = table[name].dropna()
        assert not texts.str.contains(r"</?[a-zA-Z]+[^<]*>|&\w+;|&#|  |\t|/>").any()
        assert (texts == texts.str.strip()).all()
    assert set(table["category_path"].dropna().str.split(" > ").str[0]) >= {"Books"}
    again, nothing = clean_products(table, duplicates=())
    pd.testing.assert_frame_equal(again, table)
    assert not nothing.findings()
    assert json.loads(json.dumps(report.to_dict()))["n_rows_in"] == 4942


@pytest.mark.data
def test_clean_products_of_the_departments_of_the_experiment(real_data):
    frame = pd.read_csv(real_data / "amazon10" / "products.csv")
    table, _ = clean_products(
        frame, categories="published", columns={"asin": "id", "category": "department"}
    )
    assert table["department"].tolist() == frame["category"].tolist()
