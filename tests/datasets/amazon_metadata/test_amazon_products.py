"""Lines of every release become the same product; quirks are what the files hold."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amzest.datasets._amazon_metadata._amazon_products import (
    _KEYS,
    _OTHER_RECORDS,
    BrokenLine,
    LineParser,
)
from amzest.datasets._shared._schema import SCHEMA


def read(line, columns=tuple(SCHEMA)):
    """Read one line, given as text or as what is to be written as JSON."""
    parser = LineParser(columns)
    text = line if isinstance(line, str) else json.dumps(line)
    parser.read(text.encode("utf-8", "surrogatepass"))
    product = {name: values[0] for name, values in parser.values.items()}
    product["unreadable"] = dict(parser.unreadable)
    return product


def value(line, name):
    return read({"asin": "A", **line} if isinstance(line, dict) else line)[name]


# Keys that mean something to the reader: no line may hold one by chance.
known = {key for keys in _KEYS.values() for key in keys} | {
    key for sets in _OTHER_RECORDS.values() for keys in sets for key in keys
}
# A product as the three releases can all hold it: one text for each cell, one path.
word = st.text(
    st.characters(
        exclude_categories=["Cs", "Zs", "Zl", "Zp", "Cc"], exclude_characters=">"
    ),
    min_size=1,
)
text = st.none() | st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(
    lambda text: not text.isspace()
)
products = st.fixed_dictionaries(
    {
        "asin": word,
        "title": text,
        "description": text,
        "path": st.lists(st.lists(word, min_size=1).map(" ".join), max_size=4),
        "brand": text,
        "price": st.none() | st.floats(0, 1e9) | st.integers(0, 10**12),
        "image_url": text,
        "more": st.dictionaries(
            st.text(st.characters(exclude_categories=["Cs"])).filter(
                lambda key: key not in known
            ),
            text,
        ),
    }
)


def written(product, release):
    """Write a product as a release has it: keys, shapes, what stands for nothing."""
    path, url = product["path"], product["image_url"]
    if release == "2014":
        line = {
            "asin": product["asin"],
            "related": {"also_bought": [product["asin"]]},
            "title": product["title"],
            "price": product["price"],
            "imUrl": url,
            "brand": product["brand"],
            "categories": [path],
            "description": product["description"],
        }
        return {key: cell for key, cell in line.items() if cell is not None}
    description = [product["description"]] if product["description"] else []
    if release == "2018":
        return {
            "category": path,
            "description": description,
            "title": product["title"] or "",
            "brand": product["brand"] or "",
            "price": "" if product["price"] is None else product["price"],
            "asin": product["asin"],
            "imageURLHighRes": [url] if url else [],
        }
    return {
        "title": product["title"],
        "description": description,
        "price": product["price"],
        "images": [{"thumb": "t", "large": None, "hi_res": url, "variant": "MAIN"}]
        if url
        else [],
        "store": product["brand"],
        "categories": path,
        "parent_asin": product["asin"],
    }


@settings(max_examples=300, deadline=None)
@given(products, st.sampled_from(["2014", "2018", "2023"]))
def test_product_written_in_any_format_is_read_back_equal(product, release):
    line = {**product["more"], **written(product, release)}
    path = product["path"]
    expected = {
        **{name: product[name] for name in ("asin", "title", "description", "brand")},
        "category": path[0] if path else None,
        "category_path": " > ".join(path) or None,
        "price": product["price"],
        "image_url": product["image_url"],
        "unreadable": {},
    }
    writers = [ascii, repr] if release == "2014" else [json.dumps, _dump_unicode]
    for write in writers:
        assert read(write(line)) == expected


def _dump_unicode(line):
    return json.dumps(line, ensure_ascii=False)


# Quirks of 2014 -----------------------------------------------------------------------


def test_2014_keys_in_any_order_and_optional():
    assert read("{'title': 'b', 'asin': '0001'}") == {
        **dict.fromkeys(SCHEMA),
        "asin": "0001",
        "title": "b",
        "unreadable": {},
    }


def test_2014_several_paths_stand_on_lines_of_their_own():
    line = "{'asin': 'a', 'categories': [['Clothing & Co', 'Girls'], ['Toys', 'More']]}"
    assert value(line, "category_path") == "Clothing & Co > Girls\nToys > More"
    assert value(line, "category") == "Clothing & Co"


@pytest.mark.parametrize(
    ("literal", "title"),
    [
        ("'Jerome Dempsey &amp; Cast'", "Jerome Dempsey &amp; Cast"),
        ('"Why Don\'t They"', "Why Don't They"),
        (r"""'12\' by 9" or "x"'""", '12\' by 9" or "x"'),
        (r"'Caf\xc3\xa9'", "Caf\xc3\xa9"),
        (r"'a \\ b'", "a \\ b"),
        (r"u'\U0001f600'", "\U0001f600"),
        ("'   '", None),
        ("1984", "1984"),
        ("None", None),
    ],
)
def test_2014_texts_are_as_published(literal, title):
    assert value(f"{{'asin': 'a', 'title': {literal}}}", "title") == title


# Quirks of 2018 -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("price", "amount", "unreadable"),
    [
        ("$1,250.00", 1250.0, {}),
        ("$25.00", 25.0, {}),
        (" $7.99 - $12.50 ", 7.99, {}),
        ("from 12", 12.0, {}),
        (".99", 0.99, {}),
        ("", None, {}),
        ("\n\t\t   ", None, {}),
        (None, None, {}),
        (3, 3.0, {}),
        (".a-box-inner{background-color:#fff}#alohaBuyBoxWidget", None, {"price": 1}),
        ("\n\n<script type=", None, {"price": 1}),
        ("$1,25.00", None, {"price": 1}),
        (-1, None, {"price": 1}),
        (float("nan"), None, {}),
        (" " * 300_000 + "x", None, {"price": 1}),
        (10**400, None, {"price": 1}),
        ("9" * 400, None, {"price": 1}),
    ],
)
def test_price_is_an_amount_or_missing_and_counted(price, amount, unreadable):
    product = read({"asin": "a", "price": price})
    assert product["price"] == amount
    assert product["unreadable"] == unreadable


def test_2018_empty_path_takes_the_main_category():
    line = {"category": [], "main_cat": '<img alt="AMAZON FASHION"/>'}
    assert value(line, "category") == '<img alt="AMAZON FASHION"/>'
    assert value(line, "category_path") is None
    assert value({"category": [], "main_cat": ""}, "category") is None


def test_levels_are_kept_on_one_line_and_apart():
    line = {"category": [" Gift\n Cards", "", "a > b", None, "</span>\u00a0x"]}
    assert value(line, "category_path") == "Gift Cards > a>b > </span> x"


def test_2018_rank_may_be_a_list_or_a_text():
    for rank in ([">#1 in Toys"], "1,786 in Gift Cards (", {"odd": 1}):
        assert value({"rank": rank, "title": "t"}, "title") == "t"


@pytest.mark.parametrize(
    ("line", "url"),
    [
        ({"image": ["a.jpg", "b.jpg"]}, "a.jpg"),
        ({"image": []}, None),
        ({"image": "a.jpg"}, "a.jpg"),
        ({"imageURL": ["s.jpg"], "imageURLHighRes": ["l.jpg"]}, "l.jpg"),
        ({"imageURL": ["s.jpg"], "imageURLHighRes": []}, "s.jpg"),
        ({"imageURL": [None, "", "s.jpg"]}, "s.jpg"),
        (
            {"imUrl": "http://x/no-img-sm._CB192198896_.gif"},
            "http://x/no-img-sm._CB192198896_.gif",
        ),
    ],
)
def test_image_under_any_of_its_names(line, url):
    assert value(line, "image_url") == url


def test_description_paragraphs_are_lines():
    assert value({"description": ["a", "", " ", "b", None]}, "description") == "a\nb"
    assert value({"description": []}, "description") is None


# Quirks of 2023 -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("images", "url"),
    [
        ([{"thumb": "t", "large": "l", "hi_res": "h", "variant": "MAIN"}], "h"),
        ([{"thumb": "t", "large": "l", "hi_res": None, "variant": "MAIN"}], "l"),
        ([{"large": "p", "variant": "PT01"}, {"large": "m", "variant": "MAIN"}], "m"),
        ([{"hi_res": None, "large": None, "variant": "MAIN"}, {"large": "p"}], "p"),
        ([None, {"thumb": "t"}], "t"),
        ([], None),
        ([None], None),
        (None, None),
        (
            {"hi_res": [None, "h"], "large": ["l", "m"], "variant": ["MAIN", "PT01"]},
            "l",
        ),
        ({"hi_res": ["h"], "large": [], "thumb": None}, "h"),
        ({"hi_res": [], "large": []}, None),
        ({}, None),
    ],
)
def test_2023_images_in_either_form(images, url):
    assert value({"images": images}, "image_url") == url


def test_2023_main_category_store_and_missing_values():
    line = {
        "main_category": "All Beauty",
        "title": None,
        "store": "Howard",
        "categories": [],
        "features": ["x"],
        "description": [],
        "price": None,
        "parent_asin": "B01CUPMQZE",
        "details": "{}",
    }
    assert read(line) == {
        **dict.fromkeys(SCHEMA),
        "asin": "B01CUPMQZE",
        "category": "All Beauty",
        "brand": "Howard",
        "unreadable": {},
    }


# A number that is none ---------------------------------------------------------------


@pytest.mark.parametrize("nan", ["NaN", "Infinity", "-Infinity", "nan", "-inf"])
@pytest.mark.parametrize("quote", ["'", '"'])
@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("title", "title"),
        ("description", "description"),
        ("brand", "brand"),
        ("store", "brand"),
        ("category", "category"),
        ("categories", "category_path"),
        ("main_cat", "category"),
        ("main_category", "category"),
        ("imUrl", "image_url"),
        ("imageURL", "image_url"),
        ("imageURLHighRes", "image_url"),
        ("image", "image_url"),
        ("images", "image_url"),
        ("price", "price"),
    ],
)
def test_nan_is_missing_in_every_field(key, name, quote, nan):
    line = f"{{'asin': 'a', '{key}': {nan}}}".replace("'", quote)
    assert read(line) == {**dict.fromkeys(SCHEMA), "asin": "a", "unreadable": {}}


@pytest.mark.parametrize(
    ("line", "name", "expected"),
    [
        ('{"asin": "a", "description": [NaN, "b"]}', "description", "b"),
        ('{"asin": "a", "description": [NaN]}', "description", None),
        ('{"asin": "a", "categories": [NaN]}', "category_path", None),
        ('{"asin": "a", "categories": [NaN, "b"]}', "category_path", "b"),
        ('{"asin": "a", "categories": [["b", NaN], NaN]}', "category_path", "b"),
        ('{"asin": "a", "images": [NaN, {"large": "b"}]}', "image_url", "b"),
        ('{"asin": "a", "images": [{"hi_res": NaN, "large": "b"}]}', "image_url", "b"),
        ('{"asin": NaN, "parent_asin": "a", "title": 1}', "asin", "a"),
        ('{"asin": "a", "title": 1e999}', "title", None),
        ('{"asin": "a", "title": "NaN"}', "title", "NaN"),
    ],
)
def test_nan_within_lists_is_missing(line, name, expected):
    assert read(line)[name] == expected


# Values of other shapes ---------------------------------------------------------------

SHAPES = [
    *(None, True, False, 0, -1, 10**30, 1.5, -0.0, 1e300, float("nan"), float("inf")),
    *("", " ", "text", "\x00", "\ud7ff", "a > b\nc", "<b", [], {}, [[]], [{}], [None]),
    *([1], [1.5], [True], ["a", ["b"]], [["a"], "b"], [None, ["a"]], [["a", ["b"]]]),
    *([["a"], None, "b"], {"a": 1}, {"large": "x"}, {"large": ["x", {}]}, {"": None}),
    *([{"large": 1}], [{"large": ["x"]}], [[{"large": "x"}]], [["a", None], ["b"]]),
    *([{"variant": []}, {"hi_res": {}, "thumb": "x"}], ["a", 1], [["a", 1]]),
]
KEYS = [
    *("asin", "parent_asin", "title", "description", "categories", "category"),
    *("main_cat", "main_category", "brand", "store", "price", "imUrl", "image"),
    *("imageURL", "imageURLHighRes", "images", "overall", "user_id", "rating", "text"),
    *("reviewText", "question", "other"),
]


@pytest.mark.parametrize("key", KEYS)
def test_any_shape_of_any_field_is_read_or_a_broken_line(key):
    n_read = 0
    for shape in SHAPES:
        for line in ({"asin": "a", key: shape}, {key: shape, "parent_asin": "b"}):
            texts = [json.dumps(line)]
            if repr(shape).isascii() and "nan" not in repr(shape):
                texts.append(repr(line))
            products = []
            for text in texts:
                try:
                    products.append(read(text))
                except BrokenLine:
                    products.append(None)
            assert all(product == products[0] for product in products)
            if products[0]:
                n_read += 1
                cells = [products[0][name] for name in SCHEMA if name != "price"]
                assert all(cell is None or isinstance(cell, str) for cell in cells)
    assert n_read >= 6


@pytest.mark.parametrize(
    ("categories", "path"),
    [
        (["a", ["b"]], "a\nb"),
        ([["a"], "b"], "a\nb"),
        ([None, ["a", "b"]], "a > b"),
        ([None, "a", "b"], "a > b"),
        ([["a", None]], "a"),
    ],
)
def test_paths_and_levels_may_be_mixed(categories, path):
    assert value({"category": categories}, "category_path") == path


# Other records ------------------------------------------------------------------------

REVIEWS = [
    {
        "reviewerID": "A2SUAM1J3GNN3B",
        "asin": "0000013714",
        "reviewerName": "J. McDonald",
        "helpful": [2, 3],
        "reviewText": "I bought this for my husband.",
        "overall": 5.0,
        "summary": "Heavenly Highway Hymns",
        "unixReviewTime": 1252800000,
        "reviewTime": "09 13, 2009",
    },
    {
        "image": ["https://a/b.jpg"],
        "overall": 5.0,
        "vote": "2",
        "verified": True,
        "reviewTime": "01 1, 2018",
        "reviewerID": "AUI6WTTT0QZYS",
        "asin": "5120053084",
        "style": {"Size:": "Large"},
        "reviewText": "I now have 4",
        "summary": "Comfy",
    },
    {
        "rating": 5.0,
        "title": "Such a lovely scent",
        "text": "This spray is really nice.",
        "images": [],
        "asin": "B00YQ6X8EO",
        "parent_asin": "B00YQ6X8EO",
        "user_id": "AGKHLEW2SOWHNMFQIJGBECAF7INQ",
        "timestamp": 1588687728923,
        "helpful_vote": 0,
        "verified_purchase": True,
    },
    {"asin": "a", "title": "Nice", "rating": 4, "text": "It is."},
    {"asin": "a", "overall": 4},
]


@pytest.mark.parametrize("review", REVIEWS)
@pytest.mark.parametrize("write", [repr, json.dumps])
def test_reviews_are_no_products(review, write):
    with pytest.raises(BrokenLine, match=r"it is a review \(.*with the metadata, such"):
        read(write(review))
    with pytest.raises(BrokenLine, match="it is a review"):
        read(write(review), ["title"])


def test_questions_are_no_products():
    question = {"questionType": "yes/no", "asin": "1", "question": "Is it?"}
    with pytest.raises(BrokenLine, match="it is a question"):
        read(repr(question))


@pytest.mark.parametrize("review", REVIEWS)
def test_products_joined_with_reviews_are_products(review):
    product = {"asin": "a", "title": "Mug", "categories": [["Home"]]}
    assert value({**review, **product}, "title") == "Mug"
    assert value({"price": 2, "rating": 4, "title": "Mug"}, "title") == "Mug"


def test_rating_alone_makes_no_review():
    assert value({"rating": 4.5, "title": "Mug"}, "title") == "Mug"


def test_other_records_are_told_by_their_keys():
    with pytest.raises(BrokenLine, match=r"its keys are 'id', 'name'$"):
        read({"id": 1, "name": "Mug"})
    many = {f"{'key' * 100}{i}": i for i in range(1000)}
    with pytest.raises(BrokenLine, match=r"'keykey.* and 988 more$") as error:
        read(many)
    assert len(str(error.value)) < 1000


# Lines that hold no product -----------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"asin": "a"', "neither JSON nor a Python literal"),
        ("{'asin': 'a', 'title': 'b}", "column 24: unterminated string"),
        ('{"asin": "a"} {"asin": "b"}', "neither JSON nor a Python literal"),
        ("asin,title", "the name 'asin' is not a literal"),
        ("[]", "Expected `object`"),
        ("{}", "neither an `asin` nor a `parent_asin`; it is empty"),
        ('{"title": "b"}', "neither an `asin` nor a `parent_asin`"),
        ('{"asin": ""}', "neither an `asin` nor a `parent_asin`"),
        ('{"asin": "a", "title": {"b": 1}}', r"got `object` - at `\$.title`"),
        ("{'asin': 'a', 'title': [['b']]}", r"at `\$.title"),
        ('{"asin": "a", "title": "\\ud800"}', "an unpaired surrogate"),
        ('{"asin": "a", "title": "\ud800"}', "not UTF-8 text"),
        (
            "{'asin': __import__('os').getcwd()}",
            "column 10: the expression is not a literal",
        ),
        ("{'asin': 'a', 'more': " + "[" * 100_000, "nested deeper than"),
        ('{"asin": "a", "more": ' + "[" * 100_000, "nested deeper than"),
    ],
)
def test_line_without_a_product_raises_with_the_reason(line, message):
    with pytest.raises(BrokenLine, match=message):
        read(line)


def test_a_broken_line_leaves_the_columns_as_they_were():
    parser = LineParser(["asin", "title"])
    parser.read(b"{'asin': 'a'}")
    with pytest.raises(BrokenLine):
        parser.read(b"{'title': 'b'}")
    assert parser.values == {"asin": ["a"], "title": [None]}


def test_only_requested_columns_are_read():
    product = read({"asin": "a", "title": "t", "price": "odd"}, ["title"])
    assert product == {"title": "t", "unreadable": {}}
