"""Raw files become the table that the single steps would give, in spite of kills."""

import gzip
import json
import os
import random
import time
from itertools import pairwise

import joblib
import numpy as np
import pandas as pd
import pytest
from amazon_lines import write_lines
from image_server import ImageServer
from killing import Starter, files, finish, kill, wait_for_change
from pandas.testing import assert_frame_equal

from amzest.datasets import (
    balance_products,
    clean_products,
    group_products,
    prepare_products,
    read_amazon_metadata,
    split_products,
)
from amzest.datasets._amazon_metadata import _file_spans
from amzest.datasets._amazon_metadata._file_spans import FileSpan
from amzest.datasets._amazon_pipeline import _prepared_parts
from amzest.datasets._shared._schema import SCHEMA

N_KILLS = 20


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    """Three files, one of each release."""
    folder = tmp_path_factory.mktemp("raw")
    paths = []
    for seed, release in enumerate(("2014", "2018", "2023")):
        paths.append(folder / f"meta_{release}.json")
        write_lines(paths[-1], 600, release, seed)
    return paths


def by_hand(paths, n_per_category=None, **cleaning):
    """Do what prepare_products does, with everything in memory."""
    table, report = clean_products(pd.concat(read_amazon_metadata(paths)), **cleaning)
    if n_per_category is not None:
        table = balance_products(table, n_per_category, 0, on_few="keep")
    _, test = split_products(table, 0.25, 0)
    split = pd.Series("train", table.index).mask(table.index.isin(test.index), "test")
    return table.assign(split=split.astype("str")).reset_index(drop=True), report


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_result_is_that_of_the_single_steps(raw, tmp_path, n_jobs, monkeypatch):
    monkeypatch.setattr(_prepared_parts, "_CHUNK_SIZE", 250)
    out = tmp_path / "new" / "products.parquet"
    report = prepare_products(
        raw, out, categories="published", n_per_category=90, n_jobs=n_jobs
    )
    expected, cleaning = by_hand(raw, 90, categories="published")
    frame = pd.read_parquet(out)
    assert_frame_equal(frame, expected)
    assert report.cleaning == cleaning
    assert report.n_products == cleaning.n_rows_in == 1800
    assert sum(report.counts.values()) == len(frame)
    assert report.n_not_drawn == cleaning.n_rows_out - len(frame) > 0
    assert report.unreadable["price"] > 0
    assert list(out.parent.iterdir()) == [out]


def test_table_loads_and_all_products_are_kept_by_default(raw, tmp_path):
    out = tmp_path / "products.parquet"
    report = prepare_products(raw, out, min_per_category=0)
    expected, _ = by_hand(raw)
    assert_frame_equal(pd.read_parquet(out), expected)
    assert report.frame().to_numpy().sum() == len(expected)
    assert report.rare == {}


def test_groups_are_counted(raw, tmp_path):
    out = tmp_path / "products.parquet"
    report = prepare_products(raw, out)
    groups = group_products(pd.read_parquet(out))
    assert (report.n_groups, report.largest_group) == (
        len(set(groups)),
        np.bincount(groups).max(),
    )
    assert f"groups of near-duplicates {report.n_groups:>14,}  the largest" in str(
        report
    )
    without = prepare_products(raw, out, description_similarity=None)
    assert without.n_groups >= report.n_groups
    assert prepare_products(raw, out, test_size=None).n_groups == 0


def test_bytes_are_the_same_for_every_number_of_processes(raw, tmp_path):
    outs = [tmp_path / f"{n}.parquet" for n in (1, 2)]
    for n_jobs, out in enumerate(outs, start=1):
        prepare_products(raw, out, n_jobs=n_jobs)
    in_threads = tmp_path / "threads.parquet"
    with joblib.parallel_config("threading", n_jobs=2):
        prepare_products(raw, in_threads)
    content = outs[0].read_bytes()
    assert content == outs[1].read_bytes() == in_threads.read_bytes()


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_spans_of_one_file_are_prepared_in_parallel(raw, tmp_path, monkeypatch, pack):
    monkeypatch.setattr(_file_spans, "SPAN_BYTES", 100_000)
    monkeypatch.setattr(_file_spans, "PACKED_BYTES", 10_000)
    path = tmp_path / "meta"
    path.write_bytes(pack(raw[0].read_bytes() + b"{}\n"))
    tables, reports = [], []
    for n_jobs in (1, 2):
        out = tmp_path / f"{n_jobs}.parquet"
        with joblib.parallel_config("threading"):
            reports.append(prepare_products(path, out, n_jobs=n_jobs, on_error="skip"))
        tables.append(out.read_bytes())
        assert not out.with_name(f"{out.name}.parts").exists()
    assert tables[0] == tables[1]
    assert reports[0].skipped == reports[1].skipped
    assert reports[0].skipped[0].startswith(f"{path}: line 601 does not contain")
    assert_frame_equal(pd.read_parquet(out), by_hand(raw[:1])[0])
    with joblib.parallel_config("threading"), pytest.raises(ValueError, match="601"):
        prepare_products(path, out, n_jobs=2)


def test_hashes_that_collide_change_nothing(raw, tmp_path, monkeypatch):
    hashes = _prepared_parts.hash_texts

    def hash_weakly(texts):
        found = hashes(texts)
        return np.where(found == 0, found, found % np.uint64(50) + np.uint64(1))

    monkeypatch.setattr(_prepared_parts, "hash_texts", hash_weakly)
    prepare_products(raw, tmp_path / "out.parquet")
    assert_frame_equal(pd.read_parquet(tmp_path / "out.parquet"), by_hand(raw)[0])


def test_rare_categories_are_dropped_and_reported(tmp_path):
    path = tmp_path / "meta"
    lines = [{"asin": f"A{i}", "title": f"a{i}", "category": ["A"]} for i in range(9)]
    lines += [{"asin": f"B{i}", "title": f"b{i}", "category": ["B"]} for i in range(3)]
    path.write_text("\n".join(map(json.dumps, lines)))
    out = tmp_path / "out.parquet"
    report = prepare_products(path, out, min_per_category=4)
    assert report.rare == {"B": 3}
    assert pd.read_parquet(out)["category"].unique().tolist() == ["A"]
    report = prepare_products(path, out, min_per_category=3, test_size=None)
    assert report.counts == {("A", "all"): 9, ("B", "all"): 3}
    assert list(pd.read_parquet(out)) == list(SCHEMA)


def test_finished_parts_are_not_made_again(raw, tmp_path, monkeypatch):
    out, folder = tmp_path / "out.parquet", tmp_path / "out.parquet.parts"
    monkeypatch.setattr(_prepared_parts.os, "replace", _failing_at(raw, 5))
    with pytest.raises(OSError, match="no space left"):
        prepare_products(raw, out)
    assert sorted(path.name for path in folder.glob("0*.json")) == [
        "00000.json",
        "00001.json",
    ]
    monkeypatch.undo()
    made = []
    write = _prepared_parts._write_part

    def write_and_tell(text, part, *options):
        made.append(part.name)
        return write(text, part, *options)

    monkeypatch.setattr(_prepared_parts, "_write_part", write_and_tell)
    report = prepare_products(raw, out)
    assert made == ["00002.parquet"]
    assert report.n_products == 1800
    assert_frame_equal(pd.read_parquet(out), by_hand(raw)[0])


def _failing_at(raw, n):
    """Return an `os.replace` that fails at its n-th call."""
    replace, calls = os.replace, []

    def replace_until(*paths):
        calls.append(paths)
        if len(calls) == n:
            raise OSError("no space left")
        return replace(*paths)

    return replace_until


def test_changed_input_or_arguments_make_new_parts(raw, tmp_path, monkeypatch):
    path = tmp_path / "meta.json"
    path.write_bytes(raw[0].read_bytes())
    out = tmp_path / "out.parquet"

    def stop(*arguments, **options):
        raise OSError("stopped")

    module = "amzest.datasets._amazon_pipeline._prepare_products"
    monkeypatch.setattr(f"{module}.write_table", stop)
    with pytest.raises(OSError, match="stopped"):
        prepare_products(path, out)
    monkeypatch.undo()
    write_lines(path, 400, "2014", seed=7)
    assert prepare_products(path, out).n_products == 400

    module = "amzest.datasets._amazon_pipeline._prepare_products"
    monkeypatch.setattr(f"{module}.write_table", stop)
    with pytest.raises(OSError, match="stopped"):
        prepare_products(path, out)
    monkeypatch.undo()
    prepare_products(path, out, categories="published")
    assert "books" in set(pd.read_parquet(out)["category"])


def write_with_images(path, server, n=240):
    """Write lines with images of a server, some of them broken or missing."""
    faults = {5: "/missing", 17: "/page.jpg", 29: "/truncated.jpg", 31: "/fail"}
    with open(path, "w") as file:
        for i in range(n):
            # Every third product has the image of the one before it.
            url = server.url(faults.get(i, f"/image/{i - i % 3 // 2}.jpg"))
            line = {
                "asin": f"A{i:03d}",
                "title": f"product {i} {i * i} {'&amp;' if i % 7 else ''}",
                "categories": [["Books" if i % 2 else "Toys & Games"]],
                "imUrl": url,
            }
            file.write(f"{line!r}\n")


def test_images_are_downloaded_and_equal_ones_stay_together(tmp_path):
    path, out = tmp_path / "meta", tmp_path / "out.parquet"
    with ImageServer() as server:
        write_with_images(path, server)
        report = prepare_products(
            path,
            out,
            images=tmp_path / "images",
            download_options={"allow_private": True, "max_attempts": 1},
        )
    frame = pd.read_parquet(out)
    assert list(frame) == [*SCHEMA, "image", "split"]
    assert report.images["ok"] == frame["image"].nunique()
    assert sum(report.images.values()) == frame["image_url"].nunique()
    missing = frame["image"].isna()
    assert frame["asin"][missing].tolist() == ["A005", "A017", "A029", "A031"]
    assert all((tmp_path / "images" / p).is_file() for p in frame["image"][~missing])
    sides = frame[~missing].groupby("image")["split"].nunique()
    assert sides.max() == 1
    assert "images: ok" in str(report)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"categories": "mine"}, ValueError, "`categories`"),
        ({"duplicates": "asin"}, TypeError, "`duplicates`"),
        ({"min_per_category": -1}, ValueError, "'min_per_category' parameter"),
        ({"on_error": "warn"}, ValueError, "'on_error' parameter"),
        ({"several_categories": "x"}, ValueError, "'several_categories' parameter"),
        ({"test_size": 2.0}, ValueError, "'test_size' parameter of prepare_products"),
        ({"n_per_category": 0}, ValueError, "'n_per_category' parameter of prepare"),
        ({"similarity": 2}, ValueError, "'similarity' parameter"),
        ({"description_similarity": 2}, ValueError, "'description_similarity' param"),
        ({"categories": {"Nothing": "n"}}, ValueError, "No product is left to write"),
        ({"min_per_category": 9999}, ValueError, "No product is left to write"),
    ],
)
def test_wrong_arguments_are_named_and_no_table_is_left(
    raw, tmp_path, arguments, error, message
):
    out = tmp_path / "out.parquet"
    with pytest.raises(error, match=message):
        prepare_products(raw[:1], out, **arguments)
    assert not out.exists()


def test_category_on_one_side_only_raises_with_a_remedy(tmp_path):
    path = tmp_path / "meta"
    lines = [{"asin": f"A{i}", "title": f"a{i}", "category": ["A"]} for i in range(9)]
    lines += [{"asin": "B", "title": "b", "category": ["B"]}]
    path.write_text("\n".join(map(json.dumps, lines)))
    with pytest.raises(ValueError, match=r"'B' \(1 row\).*Raising min_per_category"):
        prepare_products(path, tmp_path / "out", min_per_category=1)


def test_categories_that_the_files_do_not_have_are_named(tmp_path):
    path = tmp_path / "meta"
    lines = [
        {"asin": f"A{i}", "title": f"a{i}", "category": ["Mugs"]} for i in range(9)
    ]
    path.write_text("\n".join(map(json.dumps, lines)))
    out = tmp_path / "out"
    for n_per_category in (None, 100):
        with pytest.raises(ValueError, match="No product is left") as error:
            prepare_products(
                path, out, categories="published", n_per_category=n_per_category
            )
        assert "9 products of other categories were dropped, such as 'Mugs'" in str(
            error.value
        )
        assert "categories=None (no --categories)" in str(error.value)
    with pytest.raises(ValueError, match=r"'Mugs' with 9 products; lower min_per_cat"):
        prepare_products(path, out, min_per_category=10, n_per_category=100)


def test_out_that_is_a_folder_raises(raw, tmp_path):
    with pytest.raises(IsADirectoryError, match=r"`out` .* is a folder"):
        prepare_products(raw, tmp_path)


def test_empty_file_raises_that_no_product_is_left(tmp_path):
    (tmp_path / "meta").write_bytes(b"")
    with pytest.raises(ValueError, match="No product is left"):
        prepare_products(tmp_path / "meta", tmp_path / "out.parquet")


CHILD = """
    import os
    import sys
    import time
    from amzest.datasets import prepare_products
    from amzest.datasets._image_downloads import _image_plan, _image_queue
    from amzest.datasets._amazon_pipeline import _prepared_parts

    # So that kills also fall between the steps of writing a file.
    replace = os.replace
    os.replace = lambda *paths: (time.sleep(0.01), replace(*paths))
    _prepared_parts._CHUNK_SIZE = 50
    _image_plan._SAVE_EVERY = 0.02
    _image_queue.FIRST_PAUSE = 0.02
    print("ready", flush=True)
    folder, *paths = sys.argv[1:]
    prepare_products(
        paths,
        f"{folder}/products.parquet",
        images=f"{folder}/images",
        download_options=dict(allow_private=True, max_attempts=2, n_connections=4),
    )
"""


@pytest.mark.slow
def test_killed_20_times_ends_in_the_same_bytes(tmp_path):
    killed, undisturbed = tmp_path / "killed", tmp_path / "undisturbed"
    generator = random.Random(0)
    with ImageServer(delay=0.01) as server, Starter(CHILD) as process:
        paths = [tmp_path / f"meta-{i}" for i in range(4)]
        for i, path in enumerate(paths):
            write_with_images(path, server, n=200 + i)
        begin = time.monotonic()
        finish(process.start(undisturbed, *paths))
        duration = time.monotonic() - begin
        expected = files(undisturbed)
        assert len(expected) > 100

        def names():
            return {path.name for path in killed.rglob("*")}

        states = [set()]
        for _ in range(N_KILLS):
            child = process.start(killed, *paths)
            # On a busy machine the time until the first file is not known.
            wait_for_change(child, names, states[-1], timeout=2 * duration)
            time.sleep(generator.uniform(0, duration / N_KILLS))
            kill(child)
            states.append(names())
        finish(process.start(killed, *paths))
    assert files(killed) == expected
    # The kills did fall into the middle of the work.
    assert sum(a != b for a, b in pairwise(states)) >= N_KILLS // 4


@pytest.mark.slow
def test_worker_whose_parent_was_killed_gives_up(tmp_path):
    path, part = tmp_path / "meta", tmp_path / "part.parquet"
    write_lines(path, 50)
    options = _prepared_parts.PartOptions(None, "drop", ("category",), "raise")
    span = FileSpan(path)

    def make_part(parent):
        text = span.chunks("a test")
        return _prepared_parts.make_part(span, text, part, options, parent=parent)

    with pytest.raises(SystemExit):
        make_part(parent=-1)
    assert not part.exists()
    assert make_part(parent=os.getppid()).summary.n_products == 50
