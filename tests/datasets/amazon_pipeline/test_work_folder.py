"""Nothing is lost that a call did not make, and one call works at a time."""

import json
import os
import threading

import pandas as pd
import pytest
from killing import kill, start

from amzest.datasets import prepare_products
from amzest.datasets._amazon_pipeline import _prepare_products
from amzest.datasets._amazon_pipeline._work_folder import WorkFolder

LINES = [
    {"asin": f"A{i}", "title": f"product {i * i}", "category": [f"{'AB'[i % 2]}"]}
    for i in range(40)
]


def state(folder):
    """Everything below a folder: files with their content, folders, links."""
    return {
        path.relative_to(folder).as_posix(): (
            os.readlink(path)
            if path.is_symlink()
            else path.read_bytes()
            if path.is_file()
            else None
        )
        for path in folder.rglob("*")
    }


@pytest.fixture
def raw(tmp_path):
    path = tmp_path / "meta.json"
    path.write_text("\n".join(map(json.dumps, LINES)))
    return path


@pytest.fixture
def out(tmp_path):
    return tmp_path / "products.parquet"


def stopped(raw, out, monkeypatch):
    """Stop a call after the parts are made."""

    def stop(*arguments, **options):
        raise OSError("stopped")

    monkeypatch.setattr(_prepare_products, "write_table", stop)
    with pytest.raises(OSError, match="stopped"):
        prepare_products(raw, out)
    monkeypatch.undo()


# The raw file -------------------------------------------------------------------------


def same(raw):
    return raw


def relative(raw):
    return os.path.relpath(raw)


def roundabout(raw):
    return raw.parent / "new" / ".." / raw.name


def symlink(raw):
    (raw.parent / "link").symlink_to(raw)
    return raw.parent / "link"


def symlink_to_its_folder(raw):
    (raw.parent / "folder").symlink_to(raw.parent)
    return raw.parent / "folder" / raw.name


def hard_link(raw):
    (raw.parent / "link").hardlink_to(raw)
    return raw.parent / "link"


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize(
    "spell", [same, relative, roundabout, symlink, symlink_to_its_folder, hard_link]
)
def test_raw_file_is_never_written_to(raw, spell, overwrite):
    (raw.parent / "new").mkdir()
    out = spell(raw)
    before = state(raw.parent)
    with pytest.raises(ValueError, match=r"is the raw file .*Pass another file"):
        prepare_products([raw], out, overwrite=overwrite)
    with pytest.raises(ValueError, match=r"is the raw file .*Pass another file"):
        prepare_products([out], raw, overwrite=overwrite)
    assert state(raw.parent) == before


def test_raw_file_in_the_folder_of_parts_is_refused(raw, out):
    folder = out.with_name(f"{out.name}.parts")
    folder.mkdir()
    moved = raw.rename(folder / "00000.json")
    with pytest.raises(ValueError, match="the folder of unfinished work"):
        prepare_products(moved, out)
    assert moved.exists()


# The table ----------------------------------------------------------------------------


def users_table(path):
    pd.DataFrame({"title": ["mine"]}).to_parquet(path)


def users_text(path):
    path.write_text("mine")


def empty_file(path):
    path.touch()


@pytest.mark.parametrize("make", [users_table, users_text, empty_file])
def test_file_that_was_not_made_here_is_kept(raw, out, make):
    make(out)
    before = state(raw.parent)
    with pytest.raises(FileExistsError, match=r"was not written by .*overwrite=True"):
        prepare_products(raw, out)
    assert state(raw.parent) == before
    prepare_products(raw, out, overwrite=True)
    assert len(pd.read_parquet(out)) == 40
    prepare_products(raw, out, test_size=None)  # a table of an earlier call
    assert "split" not in pd.read_parquet(out)


def test_file_that_appears_during_the_work_is_kept(raw, out, monkeypatch):
    split = _prepare_products.split_rows

    def split_slowly(*arguments):
        out.write_text("mine")
        return split(*arguments)

    monkeypatch.setattr(_prepare_products, "split_rows", split_slowly)
    with pytest.raises(FileExistsError, match="was not written by prepare_products"):
        prepare_products(raw, out)
    assert out.read_text() == "mine"


def test_symbolic_link_is_written_through(raw, out):
    real = raw.parent / "real.parquet"
    out.symlink_to(real)
    prepare_products(raw, out)
    assert out.is_symlink()
    assert len(pd.read_parquet(real)) == 40
    real.write_text("mine")
    with pytest.raises(FileExistsError, match="was not written by prepare_products"):
        prepare_products(raw, out)
    assert real.read_text() == "mine"


@pytest.mark.parametrize("name", ["", ".parts", "/../products.parquet"])
def test_images_at_the_path_of_the_table_raise(raw, out, name):
    with pytest.raises(ValueError, match="would write to the same path"):
        prepare_products(raw, out, images=os.path.normpath(f"{out}{name}"))
    with pytest.raises(ValueError, match="would write to the same path"):
        prepare_products(
            raw,
            raw.parent / "images" / "manifest.parquet",
            images=raw.parent / "images",
        )
    assert list(raw.parent.iterdir()) == [raw]


# The folder of unfinished work --------------------------------------------------------


@pytest.mark.parametrize("name", ["notes.txt", "00000.parquet", "00000.json", "a/b"])
def test_folder_of_the_user_is_refused_and_kept(raw, out, name):
    theirs = out.with_name(f"{out.name}.parts") / name
    theirs.parent.mkdir(parents=True)
    theirs.write_text("mine")
    before = state(raw.parent)
    with pytest.raises(FileExistsError, match=r"\.parts' for unfinished work.*Move it"):
        prepare_products(raw, out)
    assert state(raw.parent) == before


def test_file_in_the_place_of_the_folder_is_refused_and_kept(raw, out):
    out.with_name(f"{out.name}.parts").write_text("mine")
    before = state(raw.parent)
    with pytest.raises(FileExistsError, match="but it is a file"):
        prepare_products(raw, out)
    assert state(raw.parent) == before


def test_files_beside_the_table_are_kept(raw, out):
    names = [".notes.unfinished", ".1.unfinished", ".part", ".bak", ".parts.txt"]
    for name in names:
        out.with_name(out.name + name).write_text("mine")
    prepare_products(raw, out)
    for name in names:
        assert out.with_name(out.name + name).read_text() == "mine"
    assert len(list(raw.parent.iterdir())) == len(names) + 2


def test_empty_folder_of_the_user_is_used_and_kept(raw, out, monkeypatch):
    folder = out.with_name(f"{out.name}.parts")
    folder.mkdir()
    stopped(raw, out, monkeypatch)
    prepare_products(raw, out)
    assert list(folder.iterdir()) == []


def test_file_of_the_user_in_our_folder_is_kept(raw, out, monkeypatch):
    stopped(raw, out, monkeypatch)
    folder = out.with_name(f"{out.name}.parts")
    (folder / "notes.unfinished").write_text("mine")
    prepare_products(raw, out)
    assert (folder / "notes.unfinished").read_text() == "mine"
    assert len(list(folder.iterdir())) == 2
    prepare_products(raw, out)  # goes on working
    assert (folder / "notes.unfinished").read_text() == "mine"


@pytest.mark.parametrize(
    "content", [b"\0" * 60, b"[]", b'{"made by": "me"}', b"{" * 9999]
)
def test_damaged_marker_names_itself(raw, out, monkeypatch, content):
    stopped(raw, out, monkeypatch)
    folder = out.with_name(f"{out.name}.parts")
    (folder / "made-by-amzest.json").write_bytes(content)
    before = state(folder)
    with pytest.raises(FileExistsError, match=r"made-by-amzest\.json' is damaged"):
        prepare_products(raw, out)
    assert state(folder) == before


def test_call_stopped_before_it_signed_is_no_hindrance(raw, out):
    folder = out.with_name(f"{out.name}.parts")
    folder.mkdir()
    (folder / "made-by-amzest.json").touch()
    prepare_products(raw, out)
    assert out.exists()


def damages(name):
    def cut(data):
        return data[: len(data) // 2]

    def flipped(data):
        middle = len(data) // 2
        return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]

    def last_flipped(data):
        return data[:-9] + bytes([data[-9] ^ 1]) + data[-8:]

    def empty(data):
        return b""

    def zeros(data):
        return bytes(len(data))

    def foreign(data):
        return b'{"source": "x", "part": null, "summary": {}}'

    def nested(data):
        return b"[" * 100_000

    every = (cut, flipped, last_flipped, empty, zeros, foreign, nested)
    return [
        pytest.param(name, change, id=f"{name} {change.__name__}") for change in every
    ]


@pytest.mark.parametrize(
    ("name", "damage"), [*damages("00000.json"), *damages("00000.parquet")]
)
def test_damaged_part_or_note_is_made_again(raw, out, monkeypatch, name, damage):
    stopped(raw, out, monkeypatch)
    path = out.with_name(f"{out.name}.parts") / name
    path.write_bytes(damage(path.read_bytes()))
    report = prepare_products(raw, out)
    assert report.n_products == 40
    assert len(pd.read_parquet(out)) == 40
    assert sorted(raw.parent.iterdir()) == [raw, out]


# Two calls at a time ------------------------------------------------------------------


def test_second_call_is_told_to_wait(raw, out, monkeypatch):
    inside, go_on = threading.Event(), threading.Event()
    split = _prepare_products.split_rows

    def split_slowly(*arguments):
        inside.set()
        go_on.wait(60)
        return split(*arguments)

    monkeypatch.setattr(_prepare_products, "split_rows", split_slowly)
    first = threading.Thread(target=prepare_products, args=(raw, out))
    first.start()
    assert inside.wait(60)
    before = state(raw.parent)
    with pytest.raises(BlockingIOError, match=r"Another call is writing .*Wait"):
        prepare_products(raw, out)
    prepare_products(raw, raw.parent / "other.parquet", test_size=None)
    go_on.set()
    first.join()
    assert set(before) - set(state(raw.parent)) == set(
        name for name in before if ".parts" in name
    )
    assert len(pd.read_parquet(out)) == 40
    prepare_products(raw, out)


CHILD = """
    import sys, time
    from pathlib import Path
    from amzest.datasets._amazon_pipeline._work_folder import WorkFolder

    with WorkFolder(Path(sys.argv[1])):
        print("ready", flush=True)
        time.sleep(60)
"""


def test_lock_ends_with_a_killed_process(raw, out):
    child = start(CHILD, out)
    with pytest.raises(BlockingIOError, match="Another call is writing"):
        prepare_products(raw, out)
    assert kill(child)
    prepare_products(raw, out)
    assert sorted(raw.parent.iterdir()) == [raw, out]


def test_folder_removed_between_two_calls_is_made_again(out, monkeypatch):
    first = WorkFolder(out)
    first.__enter__()
    make, second = WorkFolder._check_owner, WorkFolder(out)

    def end_first(folder):
        if first.path.exists() and folder is second and not second_checks:
            second_checks.append(1)
            result = make(folder)
            first.remove()
            first.__exit__(None, None, None)
            first.path.mkdir(exist_ok=True)
            return result
        return make(folder)

    second_checks = []
    monkeypatch.setattr(WorkFolder, "_check_owner", end_first)
    with second:
        assert (second.path / "made-by-amzest.json").exists()
