"""load_products: columns, types and images; errors for invalid tables."""

from __future__ import annotations

import base64
import errno
import gzip
import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from amzest.datasets import load_products

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108020000009077"
    "53de0000000c4944415478da63f8ffff3f0005fe02fe0def46b80000000049454e44ae426082"
)
ROWS = [
    {"id": "007", "title": "Blue mug", "price": "7.5", "image": "images/a.png"},
    {"id": "008", "title": "NA", "price": "", "image": "images/b.png"},
    {"id": "009", "title": "1984", "price": "12", "image": ""},
    {"id": "010", "title": "", "price": "3e1", "image": "images/a.png"},
]
CATEGORIES = ["Mugs", "null", "null", "Mugs"]


def write(folder, rows=None, name="products.csv", **columns):
    """Write a table and two images; `columns` replace or add whole columns."""
    frame = pd.DataFrame(ROWS if rows is None else rows).assign(category=CATEGORIES)
    frame = frame.assign(**columns)
    (folder / "images").mkdir(exist_ok=True)
    for image in ("a.png", "b.png"):
        (folder / "images" / image).write_bytes(PNG)
    frame.to_csv(folder / name, index=False)
    return folder / name


@pytest.mark.parametrize("name", ["products.csv", "products.csv.gz"])
def test_csv(tmp_path, name):
    path = write(tmp_path, name=name)
    products = load_products(path)
    assert list(products.frame) == ["id", "title", "price", "image", "category"]
    assert products.data["id"].tolist() == ["007", "008", "009", "010"]
    assert products.data["title"].tolist()[:3] == ["Blue mug", "NA", "1984"]
    assert products.data["title"].isna().tolist() == [False, False, False, True]
    np.testing.assert_array_equal(products.data["price"], [7.5, np.nan, 12, 30])
    assert products.target.tolist() == CATEGORIES
    assert products.target_names == ["Mugs", "null"]
    assert products.data["image"][0] == str(tmp_path / "images" / "a.png")
    assert products.data["image"].isna().tolist() == [False, False, True, False]
    assert products.image_root == str(tmp_path)
    assert products.filename == str(path)
    assert products.feature_names == ["id", "title", "price", "image"]
    assert "- title: " in products.DESCR
    assert "- Mugs: 2" in products.DESCR


def test_folder_and_return_X_y(tmp_path):
    write(tmp_path)
    X, y = load_products(str(tmp_path), return_X_y=True)
    assert list(X) == ["id", "title", "price", "image"]
    assert y.tolist() == CATEGORIES


def test_relative_images(tmp_path):
    write(tmp_path)
    products = load_products(tmp_path, absolute_images=False)
    assert products.data["image"][0] == "images/a.png"
    assert os.path.isfile(os.path.join(products.image_root, products.data["image"][0]))


def test_image_root_elsewhere(tmp_path):
    write(tmp_path)
    (tmp_path / "tables").mkdir()
    (tmp_path / "products.csv").rename(tmp_path / "tables" / "products.csv")
    products = load_products(tmp_path / "tables", image_root=tmp_path)
    assert products.data["image"][0] == str(tmp_path / "images" / "a.png")
    with pytest.raises(ValueError, match=r"`image_root` .*no-folder' is not a folder"):
        load_products(tmp_path / "tables", image_root=tmp_path / "no-folder")


def test_column_arguments(tmp_path):
    path = tmp_path / "shop.csv"
    pd.DataFrame(
        {
            "sku": ["1", "2", "3", "4"],
            "name": ["10", "20", "30", "40"],
            "kind": ["a", "b", "b", "a"],
        }
    ).to_csv(path, index=False)
    products = load_products(
        path,
        category_column="kind",
        image_column=None,
        id_column="sku",
        text_columns=["name"],
    )
    assert products.data["sku"].tolist() == ["1", "2", "3", "4"]
    assert products.data["name"].tolist() == ["10", "20", "30", "40"]
    assert products.target.name == "kind"
    X, y = load_products(path, category_column=None, image_column=None, return_X_y=True)
    assert y is None
    assert X["name"].tolist() == [10, 20, 30, 40]


@pytest.mark.parametrize(
    ("cells", "is_number"),
    [
        (["1", "-2.5", ".5", "6.02e23"], True),
        (["1", "", "", "2"], True),
        (["01", "2", "3", "4"], False),
        (["1", "2", "3", "n/a"], False),
        (["1", "2", "3", "nan"], False),
        (["1,5", "2", "3", "4"], False),
        (["1234567890123456", "2", "3", "4"], False),
        (["", "", "", ""], False),
    ],
)
def test_numbers_only_where_all_cells_are(tmp_path, cells, is_number):
    write(tmp_path, weight=cells)
    column = load_products(tmp_path).data["weight"]
    assert pd.api.types.is_numeric_dtype(column) == is_number
    if not is_number:
        assert column.fillna("").tolist() == cells


@pytest.mark.parametrize("name", ["asin", "EAN", "product_id", "parentId", "SKU"])
def test_codes_stay_text(tmp_path, name):
    write(tmp_path, **{name: ["1", "2", "3", "4"]})
    assert load_products(tmp_path).data[name].tolist() == ["1", "2", "3", "4"]


def test_index_column_is_left_out(tmp_path):
    path = write(tmp_path)
    pd.read_csv(path, dtype=str, keep_default_na=False).to_csv(path)
    assert list(load_products(path).data) == ["id", "title", "price", "image"]


def test_byte_order_mark_and_separator(tmp_path):
    path = write(tmp_path)
    text = path.read_text().replace(",", ";")
    path.write_text(text, encoding="utf-8-sig")
    assert load_products(path, separator=";").data["id"][0] == "007"
    assert load_products(path).data["id"][0] == "007"
    with pytest.raises(ValueError, match="pass separator=';', or None"):
        load_products(path, separator=",")


def test_encoding(tmp_path):
    path = write(tmp_path, title=["Café", "b", "c", "d"])
    path.write_bytes(path.read_text(encoding="utf-8").encode("cp1252"))
    with pytest.raises(
        ValueError, match=r'line 2 is not utf-8 text .*encoding="cp1252"'
    ):
        load_products(path)
    assert load_products(path, encoding="cp1252").data["title"][0] == "Café"


def test_parquet_equals_csv(tmp_path):
    pytest.importorskip("pyarrow", reason="Parquet needs pyarrow")
    frame = load_products(write(tmp_path), absolute_images=False).frame
    (tmp_path / "products.csv").unlink()
    frame.to_parquet(tmp_path / "products.parquet")
    again = load_products(tmp_path, absolute_images=False).frame
    assert_frame_equal(again, frame)


def test_parquet_with_bytes_and_whole_number_ids(tmp_path):
    pytest.importorskip("pyarrow", reason="Parquet needs pyarrow")
    pd.DataFrame(
        {
            "id": [1, 2, 3, 4],
            "title": ["a", "", "c", None],
            "image": [PNG, None, PNG, PNG],
            "category": pd.Categorical(["x", "y", "x", "y"]),
            "features": [["soft", "red"], [], ["new"], None],
        }
    ).set_index("id").to_parquet(tmp_path / "products.parquet")
    products = load_products(tmp_path, check_images="decode")
    assert products.data["id"].tolist() == ["1", "2", "3", "4"]
    assert products.data["title"].isna().tolist() == [False, True, False, True]
    assert products.data["image"][0] == PNG
    assert products.target_names == ["x", "y"]
    assert list(products.data["features"][0]) == ["soft", "red"]


@pytest.mark.parametrize("name", ["products.jsonl", "products.ndjson.gz", "p.json.gz"])
def test_json_lines(tmp_path, name):
    write(tmp_path).unlink()
    records = [
        {**row, "id": int(row["id"]), "stock": i, "category": category}
        for i, (row, category) in enumerate(zip(ROWS, CATEGORIES, strict=True))
    ]
    del records[3]["image"], records[3]["stock"]
    text = "\n\n".join(map(json.dumps, records))
    opener = gzip.open if name.endswith(".gz") else open
    with opener(tmp_path / name, "wt") as file:
        file.write(text)
    data = load_products(tmp_path / name).data
    assert data["id"].tolist() == ["7", "8", "9", "10"]
    assert data["title"].isna().tolist() == [False, False, False, True]
    assert data["image"].isna().tolist() == [False, False, True, True]
    np.testing.assert_array_equal(data["price"], [7.5, np.nan, 12, 30])
    np.testing.assert_array_equal(data["stock"], [0, 1, 2, np.nan])


def test_invalid_json_lines(tmp_path):
    path = tmp_path / "products.jsonl"
    path.write_text("{\"id\": 1}\n{'id': 2}\n")
    with pytest.raises(ValueError, match="line 2 is not JSON"):
        load_products(path)
    path.write_text('[{"id": 1}]')
    with pytest.raises(ValueError, match="line 1 is a JSON list"):
        load_products(path)


def test_json_cell_that_is_not_a_string(tmp_path):
    path = tmp_path / "products.jsonl"
    cells = ["a", ["b", "c"], "d", ["e"]]
    pd.DataFrame({"description": cells, "category": CATEGORIES}).to_json(
        path, orient="records", lines=True
    )
    with pytest.raises(
        TypeError, match=r"`description` is not a string in 2 rows: row 1"
    ):
        load_products(path, image_column=None)


@pytest.mark.parametrize("path", [pd.DataFrame({"title": ["a"]}), b"p.csv", None, 3])
def test_invalid_path(path):
    with pytest.raises(TypeError, match="'path' parameter of load_products"):
        load_products(path)


def test_path_missing_or_unknown(tmp_path):
    with pytest.raises(FileNotFoundError, match="does not exist"):
        load_products(tmp_path / "products.csv")
    with pytest.raises(FileNotFoundError, match="folder without a product table"):
        load_products(tmp_path)
    (tmp_path / "products.xlsx").write_bytes(b"")
    with pytest.raises(ValueError, match="unknown suffix"):
        load_products(tmp_path / "products.xlsx")
    (tmp_path / "products.csv").write_text("")
    (tmp_path / "products.jsonl").write_text("")
    with pytest.raises(ValueError, match=r"several .*products.csv, products.jsonl"):
        load_products(tmp_path)


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"", "is empty"),
        (b"id,title,category\n", "has no rows. Columns: 'id', 'title', 'category'"),
        (b"id,title,title\n1,a,b\n", "not unique: 'title'"),
        (b"id,,category\n1,a,b\n", "column 2 has no name"),
        (
            b"id,category\n1,a\n2,b,c\n",
            "line 3 has 3 cells, but the first line names 2",
        ),
    ],
)
def test_invalid_csv(tmp_path, content, match):
    (tmp_path / "products.csv").write_bytes(content)
    with pytest.raises(ValueError, match=match):
        load_products(tmp_path)


@pytest.mark.parametrize("name", ["p.csv.gz", "p.jsonl.gz"])
def test_damaged_gzip(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(b"id,title\n1,a\n")
    with pytest.raises(ValueError, match="not a complete gzip file"):
        load_products(path)
    path.write_bytes(gzip.compress(b'{"id": 1}\n' * 99)[:-9])
    with pytest.raises(ValueError, match="not a complete gzip file"):
        load_products(path)


def test_invalid_parquet(tmp_path):
    pytest.importorskip("pyarrow", reason="Parquet needs pyarrow")
    (tmp_path / "products.parquet").write_bytes(b"PAR1 but no more")
    with pytest.raises(ValueError, match="cannot be read as Parquet"):
        load_products(tmp_path)


def test_absent_columns_are_listed_with_available_ones(tmp_path):
    (tmp_path / "products.csv").write_text("id,name\n1,a\n2,b\n")
    with pytest.raises(ValueError, match="has no column") as error:
        load_products(tmp_path, text_columns=["brand"], image_column="image")
    message = str(error.value)
    for part in (
        "'category' (category_column) and 'image' (image_column)",
        "'brand' (text_columns)",
        "Available: 'id', 'name'",
        "image_column=None for a table without images",
    ):
        assert part in message


def test_categories_and_ids_are_checked(tmp_path):
    write(tmp_path, category=["a", "", " ", "b"])
    with pytest.raises(ValueError, match="is missing in 2 rows: row 1, row 2"):
        load_products(tmp_path)
    write(tmp_path, category=["a", "a", "a", "b"])
    with pytest.raises(ValueError, match="fewer than 2 products: 'b'"):
        load_products(tmp_path)
    assert len(load_products(tmp_path, min_per_category=1).data) == 4
    write(tmp_path, id=["1", "2", "1", "2"])
    with pytest.raises(ValueError, match=r"2 rows: row 2 \('1'\), row 3 \('2'\)"):
        load_products(tmp_path)
    assert len(load_products(tmp_path, id_column=None).data) == 4


def test_image_that_does_not_exist(tmp_path):
    write(tmp_path, image=["images/a.png", "images/c.png", "images/", "d.png"])
    with pytest.raises(ValueError, match="does not exist") as error:
        load_products(tmp_path)
    assert str(error.value) == (
        f"`image` is a file that does not exist below {str(tmp_path)!r} in 2 rows: "
        "row 1 ('images/c.png'), row 3 ('d.png'). Pass image_root= the folder that "
        'these paths are relative to, or pass on_missing_image="missing" to treat such '
        "rows as having no image."
    )
    with pytest.warns(UserWarning, match="`image`") as caught:
        products = load_products(tmp_path, on_missing_image="missing")
    assert len(caught) == 2
    assert (
        "`image` is not an image file in 1 row: row 2 ('images/': it is a folder"
        in str(caught[1].message)
    )
    assert [warning.filename for warning in caught] == [__file__] * 2
    assert products.data["image"].isna().tolist() == [False, True, True, True]


def test_missing_images_are_counted(tmp_path):
    write(tmp_path, image=[f"{i}.png" for i in range(4)])
    with pytest.raises(ValueError, match=r"row 2 \('2.png'\) and 1 more"):
        load_products(tmp_path)
    unchecked = load_products(tmp_path, check_images=None)
    assert unchecked.data["image"][3] == str(tmp_path / "3.png")


@pytest.mark.parametrize("outside", ["../a.png", "/etc/hostname", "images/../../x"])
@pytest.mark.parametrize("check_images", ["exists", None])
def test_image_outside_of_the_folder(tmp_path, outside, check_images):
    write(tmp_path, image=["images/a.png", outside, "", ""])
    with pytest.raises(ValueError, match=r"is outside of .* in 1 row: row 1"):
        load_products(tmp_path, check_images=check_images, on_missing_image="missing")


def test_absolute_image_paths(tmp_path):
    write(tmp_path, image=[str(tmp_path / "images" / "a.png")] * 4)
    assert load_products(tmp_path, image_root="/").data["image"].notna().all()
    assert load_products(tmp_path).data["image"].notna().all()


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("data:image/png;base64,iVBORw0KGgo=", "data: URL"),
        (base64.b64encode(b"\xff\xd8\xff" + bytes(99)).decode(), "base64"),  # "/9j/"
        (base64.b64encode(PNG * 999).decode(), "base64"),
        ('["images/a.png"]', "list or dict"),
        ("x" * 300, "longer than a file name"),
        ("pipe.png", "named pipe"),
        ("images", "a folder"),
        ("empty.png", "empty"),
    ],
)
def test_reasons_why_a_cell_is_not_an_image_file(tmp_path, cell, reason):
    write(tmp_path, image=["images/a.png", cell, "", ""])
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "empty.png").touch()
    with pytest.raises(
        ValueError, match=rf"not an image file in 1 row: row 1 .*{reason}"
    ):
        load_products(tmp_path)
    with pytest.warns(UserWarning, match=reason) as caught:
        products = load_products(tmp_path, on_missing_image="missing")
    assert len(str(caught[0].message)) < 500
    assert products.data["image"].notna().tolist() == [True, False, False, False]


def test_without_checks_cells_that_are_not_paths_are_kept(tmp_path):
    cells = ["data:,x", base64.b64encode(PNG * 9).decode(), "images/a.png", ""]
    write(tmp_path, image=cells)
    images = load_products(tmp_path, check_images=None).data["image"]
    assert images[:3].tolist() == [*cells[:2], str(tmp_path / "images" / "a.png")]


def test_errors_of_the_file_system_are_missing_images(tmp_path, monkeypatch):
    def fail(path, *args, **kwargs):
        if str(path).endswith("b.png"):
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return look(path, *args, **kwargs)

    look = os.stat
    write(tmp_path)
    monkeypatch.setattr(os, "stat", fail)
    with pytest.warns(UserWarning, match="no permission to read it"):
        products = load_products(tmp_path, on_missing_image="missing")
    assert products.data["image"].notna().tolist() == [True, False, False, True]


def test_errors_of_a_decoder_are_missing_images(tmp_path, monkeypatch):
    def fail(self):
        raise RuntimeError("decoding of frame 0 failed")

    png = pytest.importorskip("PIL.PngImagePlugin", reason="decoding needs Pillow")
    write(tmp_path)
    monkeypatch.setattr(png.PngImageFile, "load_prepare", fail)
    with pytest.raises(ValueError, match="RuntimeError: decoding of frame 0"):
        load_products(tmp_path, check_images="decode")
    with pytest.warns(UserWarning, match="cannot be decoded as an image in 3 rows"):
        products = load_products(
            tmp_path, check_images="decode", on_missing_image="missing"
        )
    assert products.data["image"].isna().all()


def test_pixel_limit(tmp_path):
    image = pytest.importorskip("PIL.Image", reason="decoding needs Pillow")
    write(tmp_path)
    image.new("L", (30, 20)).save(tmp_path / "images" / "b.png")
    assert load_products(tmp_path, check_images="decode", max_pixels=600) is not None
    message = r"row 1 \('images/b.png': it has 30 x 20 pixels; `max_pixels` is 599\)"
    with pytest.raises(ValueError, match=message):
        load_products(tmp_path, check_images="decode", max_pixels=599)
    with pytest.raises(ValueError, match="'max_pixels' parameter"):
        load_products(tmp_path, max_pixels=0)


def test_dicts_of_bytes_and_path(tmp_path):
    """Columns of images as in datasets of Hugging Face."""
    write(tmp_path)
    frame = pd.DataFrame(
        {
            "image": [
                {"bytes": PNG, "path": "x.png"},
                {"bytes": None, "path": "images/a.png"},
                {"bytes": None, "path": None},
                {"bytes": b"", "path": "images/b.png"},
            ],
            "category": ["A", "A", "B", "B"],
        }
    )
    (tmp_path / "products.csv").unlink()
    frame.to_parquet(tmp_path / "products.parquet")
    images = load_products(tmp_path).data["image"]
    assert images[0] == PNG
    assert images[1] == str(tmp_path / "images" / "a.png")
    assert images.isna().tolist() == [False, False, True, False]
    frame["image"] = [{"url": "a.png", "height": 3}] * 4
    frame.to_parquet(tmp_path / "products.parquet")
    with pytest.raises(TypeError, match=r'in 4 rows: .*\{"bytes": ..., "path": ...\}'):
        load_products(tmp_path)


def test_image_that_is_a_url(tmp_path):
    write(tmp_path, image=["https://shop.example/a.png", "", "", "images/b.png"])
    with pytest.raises(ValueError, match=r"is a URL in 1 row: .*Download"):
        load_products(tmp_path)
    with pytest.warns(UserWarning, match="is a URL"):
        products = load_products(tmp_path, on_missing_image="missing")
    assert products.data["image"].isna().tolist() == [True, True, True, False]
    kept = load_products(tmp_path, check_images=None)
    assert kept.data["image"][0] == "https://shop.example/a.png"


def test_placeholder_is_missing(tmp_path):
    url = "http://g-ecx.images-amazon.com/x-locale/no-img-sm._V192198896_.gif"
    write(tmp_path, image=[url, "no-img.png", " ", "images/a.png"])
    missing = load_products(tmp_path).data["image"].isna()
    assert missing.tolist() == [True, True, True, False]


def test_image_that_cannot_be_decoded(tmp_path):
    pytest.importorskip("PIL.Image", reason="decoding needs Pillow")
    write(tmp_path)
    (tmp_path / "images" / "b.png").write_bytes(b"not an image")
    (tmp_path / "images" / "a.png").write_bytes(PNG[:40])
    assert load_products(tmp_path).data["image"].notna().sum() == 3
    with pytest.raises(ValueError, match=r"cannot be decoded as an image in 3 rows"):
        load_products(tmp_path, check_images="decode")
    with pytest.warns(UserWarning, match="b.png': not an image file") as caught:
        products = load_products(
            tmp_path, check_images="decode", on_missing_image="missing"
        )
    assert products.data["image"].isna().all()
    assert caught[0].filename == __file__


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        ({"encoding": 8}, TypeError, "'encoding' parameter .* Got 8"),
        ({"check_images": "all"}, ValueError, "'check_images' parameter .* Got 'all'"),
        ({"on_missing_image": "drop"}, ValueError, "'on_missing_image' parameter"),
        ({"text_columns": "title"}, TypeError, "'text_columns' parameter .*array-like"),
        ({"min_per_category": 2.0}, TypeError, "'min_per_category' parameter .*an int"),
        ({"max_pixels": True}, TypeError, "'max_pixels' parameter .*an int"),
        ({"return_X_y": "yes"}, TypeError, "'return_X_y' parameter"),
    ],
)
def test_invalid_parameters(tmp_path, arguments, error, match):
    write(tmp_path)
    with pytest.raises(error, match=match):
        load_products(tmp_path, **arguments)


def real_data(name):
    root = os.environ.get("AMZEST_DATA")
    if not root:
        pytest.skip("AMZEST_DATA is not set: no real product data")
    folder = Path(root, name)
    if not folder.is_dir():
        pytest.skip(f"AMZEST_DATA has no folder {name}")
    return folder


@pytest.mark.parametrize(
    ("name", "n_rows", "n_categories", "n_images"),
    [("flipkart", 785, 7, 783), ("fashion", 8856, 23, 8856)],
)
def test_real_shop_with_images(name, n_rows, n_categories, n_images):
    products = load_products(real_data(name))
    assert len(products.data) == n_rows
    assert len(products.target_names) == n_categories
    images = products.data["image"].dropna()
    assert len(images) == n_images
    assert os.path.isabs(images.iloc[0])
    assert all(isinstance(title, str) for title in products.data["title"])


def test_real_shop_without_images():
    folder = real_data("amazon10")
    with pytest.raises(ValueError, match="image_column=None"):
        load_products(folder, image_column="image")
    products = load_products(folder)
    assert products.data.shape == (12600, 4)
    assert len(products.target_names) == 10
    assert all(isinstance(cell, str) for cell in products.data["id"])
