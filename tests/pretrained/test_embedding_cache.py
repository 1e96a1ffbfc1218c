"""Each distinct cell is encoded once, and its vector found by its content."""

import json
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import amzest
from amzest.pretrained._embedding_cache import embed_cells, open_cache, text_digest
from amzest.pretrained._embedding_file import FILE_NAME

WIDTH = 5
KINDS = ("memory", "folder")


class Encoder:
    """A model whose vectors have all bits of a text's digest; it counts the cells."""

    def __init__(self, width=WIDTH, fail_after=None):
        self.width, self.fail_after = width, fail_after
        self.parts = []

    def __call__(self, cells):
        if self.fail_after is not None and len(self.parts) >= self.fail_after:
            raise RuntimeError("the model fails")
        self.parts.append(list(cells))
        return np.stack([vector(cell, self.width) for cell in cells])

    @property
    def cells(self):
        return [cell for part in self.parts for cell in part]


def vector(cell, width=WIDTH):
    seed = int.from_bytes(text_digest(cell)[:8])
    return np.random.default_rng(seed).standard_normal(width, dtype=np.float32)


def never(cells):
    pytest.fail(f"{len(cells)} cells are encoded")


def embed(texts, encode, cache, namespace="model", width=WIDTH, **settings):
    digests = [text_digest(text) for text in texts]
    return embed_cells(texts, digests, namespace, encode, width, cache, **settings)


@pytest.fixture(autouse=True)
def empty_cache():
    limit = amzest.cache_info().max_bytes
    amzest.clear_cache()
    yield
    amzest.set_cache_limit(limit)
    amzest.clear_cache()


@pytest.fixture(params=KINDS)
def cache(request, tmp_path):
    return open_cache(True if request.param == "memory" else tmp_path / "a" / "cache")


TEXTS = [f"mug {i}" for i in range(30)]


@pytest.mark.parametrize("kind", [*KINDS, "none"])
def test_rows_are_those_of_the_model(kind, tmp_path):
    cache = open_cache({"memory": True, "none": False}.get(kind, tmp_path))
    texts = [*TEXTS, *TEXTS[::-2], "", "x\ud800"]
    encode = Encoder()
    for _ in range(2):
        rows = embed(texts, encode, cache, part_size=7)
        assert rows.dtype == np.float32
        np.testing.assert_array_equal(rows, [vector(text) for text in texts])
    assert len(encode.cells) == len(set(texts)) * (2 if kind == "none" else 1)
    assert max(map(len, encode.parts)) == 7


def test_known_cells_are_not_encoded(cache):
    expected = embed(TEXTS, Encoder(), cache)
    rng = np.random.default_rng(0)
    order = rng.permutation(len(TEXTS))
    shuffled = [TEXTS[i] for i in order]
    np.testing.assert_array_equal(embed(shuffled, never, cache), expected[order])
    encode = Encoder()
    embed([*shuffled[:5], "new", *shuffled, "new"], encode, cache)
    assert encode.cells == ["new"]


def test_parts_do_not_depend_on_the_order_of_rows():
    first, second = Encoder(), Encoder()
    embed(TEXTS, first, open_cache(False), part_size=8)
    embed(TEXTS[::-1] + TEXTS[:3], second, open_cache(False), part_size=8)
    assert first.parts == second.parts


def test_models_do_not_share_vectors(cache):
    embed(TEXTS, Encoder(), cache)
    encode = Encoder(width=3)
    rows = embed(TEXTS, encode, cache, namespace="another model", width=3)
    assert sorted(encode.cells) == sorted(TEXTS)
    assert rows.shape == (30, 3)


def test_a_folder_is_found_by_another_object_of_another_name(tmp_path):
    expected = embed(TEXTS, Encoder(), open_cache(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == [FILE_NAME]
    amzest.clear_cache()
    os.rename(tmp_path / FILE_NAME, tmp_path / "copy")
    (tmp_path / "folder").mkdir()
    os.rename(tmp_path / "copy", tmp_path / "folder" / FILE_NAME)
    rows = embed(TEXTS, never, open_cache(str(tmp_path / "folder")))
    np.testing.assert_array_equal(rows, expected)


@pytest.mark.parametrize("kind", KINDS)
def test_vectors_are_bit_identical(kind, tmp_path):
    cache = open_cache(True if kind == "memory" else tmp_path)
    info = np.finfo(np.float32)
    special = [0.0, -0.0, info.max, info.min, info.tiny, info.smallest_subnormal, 0.1]
    expected = np.array([special, special[::-1]], np.float32)
    embed("ab", lambda cells: expected[["ab".index(c) for c in cells]], cache, width=7)
    if kind == "folder":
        amzest.clear_cache()  # read from the file
    rows = embed("ab", never, cache, width=7)
    assert rows.tobytes() == expected.tobytes()


def test_parts_before_an_error_are_kept(cache):
    with pytest.raises(RuntimeError, match="the model fails"):
        embed(TEXTS, Encoder(fail_after=2), cache, part_size=10)
    encode = Encoder()
    start = time.monotonic()
    embed(TEXTS, encode, cache, part_size=10)
    assert len(encode.cells) == 10
    assert time.monotonic() - start < 30  # it does not wait for the first call


@pytest.mark.parametrize(
    ("computed", "message"),
    [
        (np.zeros((3, 4)), r"shape \(3, 4\) for 3 cells; expected \(3, 5\)"),
        (np.full((3, 5), np.nan), "not finite"),
        (np.full((3, 5), np.inf), 'precision="float32"'),
    ],
)
def test_wrong_vectors_are_not_kept(cache, computed, message):
    with pytest.raises(ValueError, match=message):
        embed("abc", lambda _: computed, cache)
    assert len(embed("abc", Encoder(), cache)) == 3


def test_vectors_of_another_width_are_an_error(cache):
    embed(TEXTS, Encoder(), cache)
    with pytest.raises(ValueError, match=r"holds 5 features of a cell, but .* 6"):
        embed(TEXTS, never, cache, width=6)


def test_cells_that_cannot_be_encoded_are_not_kept(cache):
    def encode(cells):
        return [
            np.full(WIDTH, np.nan) if cell == "b" else vector(cell) for cell in cells
        ]

    for _ in range(2):
        rows = embed("abca", encode, cache, may_fail=True)
        assert np.isnan(rows).all(axis=1).tolist() == [False, True, False, False]
    encode = Encoder()
    embed("abc", encode, cache)
    assert encode.cells == ["b"]
    with pytest.raises(ValueError, match="not finite"):
        embed("d", lambda _: [[np.nan, 0, 0, 0, 0]], cache, may_fail=True)


def test_no_rows(cache):
    assert embed([], never, cache).shape == (0, WIDTH)


def test_vectors_in_memory_are_bounded_and_counted():
    cache = open_cache(True)
    embed(TEXTS, Encoder(width=1000), cache, width=1000)
    info = amzest.cache_info()
    assert info.n_entries == 30
    assert info.n_bytes >= 30 * 4000
    amzest.set_cache_limit(10 * 4400)
    encode = Encoder(width=1000)
    rows = embed(TEXTS, encode, cache, width=1000)
    np.testing.assert_array_equal(rows, [vector(text, 1000) for text in TEXTS])
    assert len(encode.cells) == 20
    assert amzest.cache_info().n_bytes <= 10 * 4400


def test_a_vector_in_memory_does_not_keep_its_part():
    cache = open_cache(True)
    embed(TEXTS, Encoder(), cache)
    digest = text_digest(TEXTS[0])
    row = cache.get_many("model", [digest])[digest]
    assert row.base is None
    with pytest.raises(ValueError, match="read-only"):
        row[0] = 1


def test_feature_maps_are_kept_in_the_file_alone(tmp_path):
    cache, width = open_cache(tmp_path), 7 * 7 * 640  # 125 KB
    expected = embed(TEXTS, Encoder(width=width), cache, width=width)
    assert amzest.cache_info().n_bytes == 0
    np.testing.assert_array_equal(embed(TEXTS, never, cache, width=width), expected)
    assert os.path.getsize(tmp_path / FILE_NAME) < 1.2 * expected.nbytes


def test_threads_encode_a_cell_once(cache):
    encode = Encoder()

    def slow(cells):
        time.sleep(0.01)
        return encode(cells)

    rng = np.random.default_rng(0)
    tables = [list(rng.permutation(TEXTS)[:20]) for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        results = list(pool.map(lambda t: embed(t, slow, cache, part_size=3), tables))
    for table, rows in zip(tables, results, strict=True):
        np.testing.assert_array_equal(rows, [vector(text) for text in table])
    assert sorted(encode.cells) == sorted({text for t in tables for text in t})


ENCODE_SLOWLY = """
import os, sys, time
import numpy as np
from amzest.pretrained._embedding_cache import embed_cells, open_cache, text_digest

def encode(cells):
    time.sleep(0.02)
    with open(sys.argv[2], "a") as log:
        log.write("".join(cell + "\\n" for cell in cells))
    return np.array([[int(cell), os.getpid()] for cell in cells], np.float32)

def embed(start, stop):
    cells = [str(i) for i in range(start, stop)]
    digests = [text_digest(cell) for cell in cells]
    cache = open_cache(sys.argv[1])
    rows = embed_cells(cells, digests, "n", encode, 2, cache, part_size=5)
    assert rows[:, 0].tolist() == [int(cell) for cell in cells]
    return len(set(rows[:, 1].tolist()))

children = []
for i in (0, 20, 40):
    children.append(os.fork())
    if children[-1] == 0:
        os._exit(embed(i, 80 + i))
print([os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children])
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no processes are forked here")
def test_processes_encode_a_cell_once(tmp_path):
    log = tmp_path / "log"
    call = [sys.executable, "-c", ENCODE_SLOWLY, str(tmp_path / "new"), str(log)]
    output = subprocess.run(call, check=True, capture_output=True, text=True).stdout
    encoded = log.read_text().split()
    assert sorted(encoded, key=int) == [str(i) for i in range(120)]
    # The number of processes that encoded the cells of each: they share their work.
    assert max(json.loads(output)) in (2, 3)


def test_other_cells_are_encoded_while_another_process_works(tmp_path):
    """Cells that are claimed elsewhere come last."""
    here, elsewhere = open_cache(tmp_path), open_cache(tmp_path)
    taken = sorted(map(text_digest, TEXTS))[:10]
    encode = Encoder()
    waiting = threading.Event()
    claim = here.claim

    def claim_as_two_processes(namespace, digests):
        mine = [digest for digest in digests if digest not in taken]
        if not mine:
            waiting.set()
        return claim(namespace, mine)

    here.claim = claim_as_two_processes
    with ThreadPoolExecutor(1) as pool:
        result = pool.submit(embed, TEXTS, encode, here, part_size=5)
        assert waiting.wait(30)
        assert not result.done()
        by_digest = {text_digest(text): vector(text) for text in TEXTS}
        elsewhere.put_many("model", {digest: by_digest[digest] for digest in taken})
        rows = result.result(timeout=30)
    np.testing.assert_array_equal(rows, [vector(text) for text in TEXTS])
    assert len(encode.cells) == 20
    assert [len(part) for part in encode.parts] == [5] * 4


def test_nothing_is_written_by_a_look_up(tmp_path):
    assert open_cache(tmp_path / "new").get_many("model", [b"a"]) == {}
    assert list(tmp_path.iterdir()) == []


def test_a_home_folder_is_expanded(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    embed(TEXTS, Encoder(), open_cache("~/cache"))
    assert (tmp_path / "cache" / FILE_NAME).exists()


def test_a_cache_is_a_folder(tmp_path):
    path = tmp_path / "embeddings.db"
    path.write_bytes(b"")
    for wrong in (path, str(path), ""):
        with pytest.raises(ValueError, match=r"`cache`: '.*' is not a folder"):
            open_cache(wrong)
