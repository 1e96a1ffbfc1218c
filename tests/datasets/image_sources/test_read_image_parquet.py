"""Images in Parquet files are read row by row, in bounded memory."""

import os
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from image_tars import png

from amzest.datasets import load_products, read_image_parquet
from amzest.datasets._image_sources import _parquet_images
from amzest.image import _decoded_images
from amzest.image._decoded_images import decode_column
from amzest.pretrained import _image_reading
from amzest.pretrained._embedding_cache import open_cache
from amzest.pretrained._image_reading import ImageColumn, ImageReading
from amzest.utils import ImageNotFound, UnreadableImage

N = 40


def write(path, images, n_per_group=7, **columns):
    table = pa.table({"id": range(len(images)), "image": images, **columns})
    pq.write_table(table, path, row_group_size=n_per_group, write_statistics=True)
    return path


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    images = [png(6 * i) if i % 13 else None for i in range(N)]
    path = tmp_path_factory.mktemp("parquet") / "a.parquet"
    return write(path, pa.array(images), category=["a", "b"] * 20)


@pytest.fixture
def small_pieces(monkeypatch):
    """Pieces of three rows, of which two are kept, read by one thread."""
    monkeypatch.setattr(_parquet_images, "_MAX_ROWS_PER_PIECE", 3)
    monkeypatch.setattr(_parquet_images, "_KEPT_BYTES", 600)
    monkeypatch.setattr(_parquet_images, "_readers", _parquet_images.OrderedDict())
    for module in (_decoded_images, _image_reading):
        monkeypatch.setattr(module, "_MAX_THREADS", 1)


def decoded(cells):
    return decode_column(
        np.array(list(cells), dtype=object),
        name="image",
        size=8,
        root=None,
        on_error="raise",
        max_memory=2**20,
        augmentation=False,
        reader="ImageCNNClassifier",
        cache=False,
    )


@pytest.mark.usefixtures("small_pieces")
def test_the_same_images_as_with_all_bytes_in_memory(path):
    frame = read_image_parquet(path)
    loaded = load_products(path, category_column="category").frame
    assert list(frame.columns) == list(loaded.columns) == ["id", "image", "category"]
    assert frame["category"].tolist() == loaded["category"].tolist()
    order = np.random.default_rng(0).permutation(N)
    lazy, eager = decoded(frame["image"][order]), decoded(loaded["image"][order])
    assert (lazy.present == eager.present).all()
    rows = np.flatnonzero(lazy.present)
    assert len(rows) == N - 4
    np.testing.assert_array_equal(lazy.batch(rows), eager.batch(rows))


@pytest.mark.usefixtures("small_pieces")
def test_any_order_in_threads(path):
    images = read_image_parquet(path)["image"]
    rows = np.flatnonzero(images.notna())
    order = np.random.default_rng(1).choice(rows, 200)
    with ThreadPoolExecutor(4) as pool:
        read = list(pool.map(lambda row: images[row].read(), order))
    assert read == [png(6 * row) for row in order]


@pytest.mark.usefixtures("small_pieces")
def test_a_row_group_is_read_once_and_little_is_kept(path, monkeypatch):
    started, pieces = [], _parquet_images.ParquetColumn.pieces

    def count(self, group):
        started.append(group)
        return pieces(self, group)

    images = read_image_parquet(path)["image"]
    monkeypatch.setattr(_parquet_images.ParquetColumn, "pieces", count)
    decoded(images.sample(frac=1, random_state=0))
    assert started == list(range(6))
    (reader,) = _parquet_images._readers.values()
    assert 0 < sum(map(len, reader._kept.values())) <= 6


@pytest.mark.usefixtures("small_pieces")
def test_pretrained_encoders_read_in_the_order_of_the_file(path, monkeypatch):
    started, pieces = [], _parquet_images.ParquetColumn.pieces

    def count(self, group):
        started.append(group)
        return pieces(self, group)

    images = read_image_parquet(path)["image"].sample(frac=1, random_state=0)
    monkeypatch.setattr(_parquet_images.ParquetColumn, "pieces", count)
    reading = ImageReading("image", None, "raise", 1000, "x")
    column = ImageColumn(images.to_numpy(dtype=object), reading)
    vectors = column.vectors(
        lambda pixels: pixels[:, 0, 0, :1].astype(np.float32),
        8,
        1,
        "n",
        open_cache(False),
        part_size=9,
    )
    present = images.notna().to_numpy()
    assert vectors[present, 0].tolist() == [6 * row for row in images.index[present]]
    assert started == 2 * list(range(6))  # for the digests, and to decode


def test_structs_of_bytes_and_path(tmp_path):
    cells = [
        {"bytes": png(1), "path": "1.png"},
        {"bytes": None, "path": "2.png"},
        {"bytes": b"", "path": None},
        None,
    ]
    path = write(tmp_path / "a.parquet", pa.array(cells))
    images = read_image_parquet(path)["image"]
    assert images[0].read() == png(1)
    assert images[1:].tolist() == ["2.png", None, None]


def test_an_empty_image_that_no_statistic_shows_is_missing(tmp_path):
    path = write(tmp_path / "a.parquet", pa.array([png(1), b"", png(2)]))
    images = read_image_parquet(path)["image"]
    with pytest.raises(ImageNotFound, match="is empty"):
        images[1].read()
    with pytest.warns(UserWarning, match="1 of 3 images"):
        assert decoded(images).present.tolist() == [True, False, True]


def test_several_files_and_some_columns(path, tmp_path):
    write(tmp_path / "b.parquet", pa.array([png(9)]), category=["c"])
    paths = [path, tmp_path / "b.parquet"]
    frame = read_image_parquet(paths, columns=["category"])
    assert frame.columns.tolist() == ["image", "category"]
    assert frame.index.tolist() == list(range(N + 1))
    assert frame["image"][N].read() == png(9)
    only = read_image_parquet(path, columns=[])
    assert only.columns.tolist() == ["image"]
    assert len(only) == N


def test_references_are_pickled_without_images(path):
    images = read_image_parquet(path)["image"]
    again = pickle.loads(pickle.dumps(images))
    assert again[1] == images[1] != images[2]
    assert again[1].read() == png(6)


def test_wrong_columns_are_named(path, tmp_path):
    with pytest.raises(ValueError, match=r"has no column 'file'\. Available: 'id'"):
        read_image_parquet(path, image_column="file")
    with pytest.raises(ValueError, match=r"'category' is of type string.*load_prod"):
        read_image_parquet(path, image_column="category")
    write(tmp_path / "b.parquet", pa.array([png(9)]), extra=["c"])
    with pytest.raises(ValueError, match="different columns"):
        read_image_parquet([path, tmp_path / "b.parquet"])
    (tmp_path / "c.parquet").write_bytes(b"PAR1 no PAR1")
    with pytest.raises(ValueError, match=r"c\.parquet: cannot be read as Parquet"):
        read_image_parquet(tmp_path / "c.parquet")


def test_a_file_that_has_changed_is_noticed(tmp_path):
    path = write(tmp_path / "a.parquet", pa.array([png(1)] * 3))
    images = read_image_parquet(path)["image"]
    write(path, pa.array([png(2)] * 4))
    with pytest.raises(UnreadableImage, match="has changed since") as error:
        images[0].read()
    assert str(path) in str(error.value)


def test_damaged_pages_are_an_error_of_the_row(tmp_path):
    path = write(tmp_path / "a.parquet", pa.array([png(1)] * 3))
    state, content = os.stat(path), bytearray(path.read_bytes())
    content[100:200] = b"\xff" * 100
    path.write_bytes(content)
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    with pytest.raises(ValueError, match=r"`image` row 0|cannot be read"):
        decoded(read_image_parquet(path)["image"])


def test_a_frame_of_pandas_keeps_its_index(tmp_path):
    frame = pd.DataFrame({"image": [png(1)]}, index=pd.Index([7], name="key"))
    frame.to_parquet(tmp_path / "a.parquet")
    assert read_image_parquet(tmp_path)["key"].tolist() == [7]
