"""Tar files in the layout of WebDataset become a table of references."""

import contextlib
import io
import os
import pickle
import tarfile

import numpy as np
import pandas as pd
import pytest
from image_tars import png, write_shards, write_tar

from amzest.datasets import group_products, read_image_shards
from amzest.evaluation._summaries._column_kinds import find_kind
from amzest.evaluation._summaries._image_column import summarize_images
from amzest.image._decoded_images import decode_column
from amzest.pretrained._cell_digests import image_digest
from amzest.utils import UnreadableImage, file_states


@pytest.fixture(scope="module")
def shards(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shards")
    write_shards(folder)
    return folder


def greys(cells):
    column = np.array(list(cells), dtype=object)
    images = decode_column(
        column,
        name="image",
        size=8,
        root=None,
        on_error="raise",
        max_memory=2**20,
        augmentation=False,
        reader="ImageCNNClassifier",
    )
    return images.batch(np.arange(len(column)))[:, 0, 0, 0].tolist()


def test_a_row_for_each_key(shards):
    frame = read_image_shards(shards)
    assert frame["key"].tolist() == ["000", "001", "002", "003", "004", "005"]
    assert frame["category"].tolist() == ["dark"] * 2 + ["light"] * 4
    assert frame["title"].tolist() == [f"A title of {i}" for i in range(6)]
    assert frame["price"].tolist() == [0, 1, 2, 3, 4, 5]
    assert greys(frame["image"]) == [0, 10, 20, 30, 40, 50]


@pytest.mark.parametrize("kind", ["range", "list", "paths"])
def test_the_same_rows_for_a_range_and_a_list(shards, kind):
    paths = [shards / f"train-00{i}.tar" for i in range(2)]
    given = {
        "range": str(shards / "train-{000..001}.tar"),
        "list": [str(path) for path in paths],
        "paths": paths,
    }[kind]
    pd.testing.assert_frame_equal(read_image_shards(given), read_image_shards(shards))


def test_references_are_small_and_equal_after_pickling(shards):
    images = read_image_shards(shards)["image"]
    pickled = pickle.dumps(images)
    assert len(pickled) < 2000
    again = pickle.loads(pickled)
    assert again.tolist() == images.tolist()
    assert len({*again, *images}) == 6
    assert greys(again[::-1]) == [50, 40, 30, 20, 10, 0]


def test_the_digest_is_that_of_the_bytes(shards):
    assert image_digest(read_image_shards(shards)["image"][2], None) == image_digest(
        png(20), None
    )


def test_missing_cells_and_other_members(tmp_path):
    link = tarfile.TarInfo("2.png")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    path = write_tar(
        tmp_path / "a.tar",
        [
            ("a/1.PNG", png(1)),
            ("a/1.cls", b"7"),
            ("__meta.json", b"{}"),
            (".hidden", b""),
            (link, b""),
            ("2.txt", "Schöne Töpfe ".encode()),
            ("2.mask.png", png(3)),
            ("../../3.cls", b"8"),
            ("../../3.png", b""),
            ("\udcfc.cls", b"9"),  # Latin-1
        ],
    )
    frame = read_image_shards(path, columns={"cls": "number"})
    assert frame["key"].tolist() == ["a/1", "2", "../../3", r"\xfc"]
    assert frame["number"].dropna().tolist() == [7, 8, 9]
    assert frame["txt"].tolist()[1] == "Schöne Töpfe"
    assert frame["image"].notna().tolist() == [True, False, False, False]


def test_titles_of_digits_stay_text(tmp_path):
    path = write_tar(tmp_path / "a.tar", [("1.txt", b"1984"), ("2.txt", b"007")])
    assert read_image_shards(path)["title"].tolist() == ["1984", "007"]


def damaged_header(path):
    content = bytearray(path.read_bytes())
    content[1024:1100] = b"x" * 76  # the header of the second member
    path.write_bytes(content)


def joined(path):
    path.write_bytes(path.read_bytes() * 2)


def cut_short(path):
    os.truncate(path, 600)


def compressed(path):
    path.write_bytes(b"\x1f\x8b\x08" + bytes(2000))


def negative_size(path):
    """A size in binary notation that leads back to the first header."""
    content = bytearray(path.read_bytes())
    content[124:136] = (-512).to_bytes(12, "big", signed=True)
    content[148:156] = b" " * 8
    content[148:156] = b"%06o\0 " % sum(content[:512])
    path.write_bytes(content)


def long_name(path):
    info = tarfile.TarInfo("x" * 3 * 2**20 + ".txt")
    path.write_bytes(info.tobuf(tarfile.GNU_FORMAT) + bytes(1024))


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (damaged_header, "contains no header at byte 1024"),
        (joined, "contains data after its end at byte"),
        (cut_short, "ends within '1.txt'"),
        (compressed, "uncompressed tar file"),
        (negative_size, "ends within|leads back|cannot be read"),
        (long_name, "header of 3146"),
        (lambda path: path.write_bytes(b"notes of mine"), "uncompressed tar file"),
    ],
    ids=lambda value: getattr(value, "__name__", "text"),
)
def test_a_damaged_file_is_named(tmp_path, damage, reason):
    path = write_tar(tmp_path / "a.tar", [("1.txt", b"a" * 512), ("2.txt", b"b")])
    damage(path)
    with pytest.raises(ValueError, match=reason) as error:
        read_image_shards(path)
    assert str(path) in str(error.value)


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ([("1.png", b"x"), ("1.jpg", b"y")], "'1.jpg' is a second cell of .*'image'"),
        ([("1.json", b"{")], "'1.json' is not JSON"),
        ([("1.json", b"[" * 100_000)], "'1.json' is not JSON"),
        ([("1.json", b'{"a": "\\ud800"}')], "'1.json' is not JSON .*surrogate"),
        ([("1.json", b'{"image": "x"}'), ("1.jpg", b"y")], "second cell"),
        ([("1.txt", b"\xff")], "'1.txt' is not UTF-8"),
        ([("1.txt", bytes(2**20 + 1))], "'1.txt' has 1048577 bytes"),
        ([("1.npy", b"x")], "contain no images, labels or texts"),
    ],
)
def test_a_member_that_cannot_be_read_is_named(tmp_path, members, reason):
    path = write_tar(tmp_path / "a.tar", members)
    with pytest.raises(ValueError, match=reason):
        read_image_shards(path)


def test_paths_that_lead_to_no_shards(tmp_path, shards):
    with pytest.raises(FileNotFoundError, match=r"train-002\.tar', and 3"):
        read_image_shards(str(shards / "train-{000..005}.tar"))
    with pytest.raises(FileNotFoundError, match="contains no tar file"):
        read_image_shards(tmp_path)
    with pytest.raises(ValueError, match="more than once"):
        read_image_shards([shards, shards / "train-000.tar"])
    with pytest.raises(ValueError, match="not a valid range"):
        read_image_shards("train-{9..1}.tar")
    with pytest.raises(TypeError, match="expected paths of tar files"):
        read_image_shards([7])


def test_a_shard_that_has_changed_is_noticed(tmp_path):
    path = write_tar(tmp_path / "a.tar", [("1.png", png(1)), ("2.png", png(2))])
    image = read_image_shards(path)["image"][1]
    write_tar(path, [("1.png", png(2)), ("3.png", png(3)), ("2.png", png(1))])
    with pytest.raises(UnreadableImage, match="has changed since") as error:
        image.read()
    assert str(path) in str(error.value)
    with pytest.raises(ValueError, match=r"`image` row 0 .*has changed since"):
        greys([image])
    path.unlink()
    with pytest.raises(UnreadableImage, match="no such file"):
        image.read()


def test_random_damage_raises_or_is_read(tmp_path):
    """Whatever a tar file contains: a table, or a ValueError."""
    original = write_tar(
        tmp_path / "a.tar",
        [("1.txt", b"a"), ("1.json", b'{"b": 1}'), ("é" * 200 + ".txt", b"c")],
        format=tarfile.PAX_FORMAT,
    ).read_bytes()
    rng = np.random.default_rng(0)
    path = tmp_path / "b.tar"
    for _ in range(60):
        content = bytearray(original)
        for place in rng.integers(0, 4096, rng.integers(1, 6)):
            content[place] = rng.choice([0, 0x30, 0x37, 0x80, 0xFF])
        # Right checksums, so that the damage gets beyond them.
        for start in range(0, 4096, 512):
            if content[start + 257 : start + 262] == b"ustar":
                content[start + 148 : start + 156] = b" " * 8
                total = sum(content[start : start + 512])
                content[start + 148 : start + 156] = b"%06o\0 " % total
        path.write_bytes(content)
        with contextlib.suppress(ValueError):
            read_image_shards(path)


def test_the_tarfile_module_lists_the_same_members(shards):
    """References are checked against an independent reader."""
    for image in read_image_shards(shards)["image"]:
        with tarfile.open(image.path) as tar:
            contents = [tar.extractfile(m).read() for m in tar if "png" in m.name]
        assert image.read() in contents
        assert io.BytesIO(image.read()).read(4) == b"\x89PNG"


def test_references_are_recognised_and_grouped_like_bytes(shards):
    frame = read_image_shards(shards)
    twice = pd.concat([frame, frame[:2]], ignore_index=True)
    groups = group_products(twice, title_column=None)
    assert groups[6] == groups[0] != groups[1] == groups[7]
    assert find_kind(frame["image"]) == "image"
    assert summarize_images(twice["image"], None, np.random.default_rng(0)).size[0] == 8
    assert [path for path, _, _ in file_states(twice)] == [
        str(shards / f"train-00{i}.tar") for i in range(2)
    ]
