"""Predictions of tables: folders of parts, resumed calls, workers, errors."""

import gzip
import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
import textwrap
from concurrent.futures.process import BrokenProcessPool

import joblib
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from killing import files

import amzest
from amzest.distributed import _prediction_run, predict_table
from amzest.distributed._model_reference import ModelReference
from amzest.distributed._source_tables import read_parquet_rows

N_ROWS = 50
COLUMNS = ["predicted_category", "predicted_confidence", "predicted_missing"]


@pytest.fixture(scope="module")
def frame():
    words = ["red running shoe", "leather boot", "garden hose", "steel spade", None]
    titles = [words[i % 5] and f"{words[i % 5]} {i}" for i in range(N_ROWS)]
    return pd.DataFrame(
        {
            "id": np.arange(N_ROWS) + 2**53,
            "title": titles,
            "description": ["soft", None] * (N_ROWS // 2),
        }
    )


@pytest.fixture(scope="module")
def source(frame, tmp_path_factory):
    path = tmp_path_factory.mktemp("shop") / "products.parquet"
    # Row groups are neither multiples of parts nor of chunks.
    pq.write_table(pa.Table.from_pandas(frame), path, row_group_size=11)
    return path


@pytest.fixture(scope="module")
def saved(text_model, tmp_path_factory):
    return amzest.save(text_model, tmp_path_factory.mktemp("models") / "model.amz")


SIZES = {"rows_per_part": 16, "chunk_size": 6}


@pytest.fixture(scope="module")
def undisturbed(text_model, source, tmp_path_factory):
    out = tmp_path_factory.mktemp("whole") / "out"
    assert predict_table(text_model, source, out, **SIZES) == N_ROWS
    return out


def test_folder_has_the_predictions(undisturbed, text_model, frame):
    found = pd.read_parquet(undisturbed)
    pd.testing.assert_frame_equal(found[list(frame)], frame, check_dtype=False)
    assert found["id"].tolist() == frame["id"].tolist()
    assert list(found) == [*frame, *COLUMNS]
    assert found["predicted_category"].tolist() == text_model.predict(frame).tolist()
    proba = text_model.predict_proba(frame).max(axis=1)
    assert found["predicted_confidence"].tolist() == pytest.approx(proba.tolist())
    assert found["predicted_missing"].sum() == 5
    names = sorted(os.listdir(undisturbed))
    assert names == [
        "_amzest_parts.json",
        "_amzest_predictions.json",
        *(f"part-{i:05d}.parquet" for i in range(4)),
    ]
    parts = json.loads((undisturbed / "_amzest_parts.json").read_text())["parts"]
    assert [part["n_rows"] for part in parts] == [16, 16, 16, 2]
    assert [part["first_row"] for part in parts] == [0, 16, 32, 48]


def test_workers_write_the_same_bytes(undisturbed, text_model, source, tmp_path):
    out = tmp_path / "out"
    assert predict_table(text_model, source, out, n_jobs=2, **SIZES) == N_ROWS
    assert files(out) == files(undisturbed)


def test_threads_write_the_same_bytes(undisturbed, text_model, source, tmp_path):
    out = tmp_path / "out"
    with joblib.parallel_config("threading", n_jobs=3):
        predict_table(text_model, source, out, **SIZES)
    assert files(out) == files(undisturbed)


@pytest.mark.parametrize("kind", ["file", "estimator"])
def test_each_process_loads_the_model_once(kind, saved, text_model, tmp_path):
    model = saved if kind == "file" else text_model
    reference = ModelReference(model, tmp_path, columns=["a", "b"])
    first, second = (pickle.loads(pickle.dumps(reference)) for _ in range(2))
    assert first.loaded() is second.loaded()
    assert first.loaded() is not reference.loaded()
    assert first.loaded().predictor.columns.names == ["a", "b"]
    other = pickle.loads(pickle.dumps(ModelReference(model, tmp_path)))
    assert other.loaded().predictor.columns.names == ["title", "description"]
    assert len(list(tmp_path.iterdir())) == (0 if kind == "file" else 2)
    reference.remove_file()
    assert len(list(tmp_path.iterdir())) == (0 if kind == "file" else 1)


def test_what_is_there_is_not_predicted_again(
    undisturbed, text_model, source, tmp_path, monkeypatch
):
    out = tmp_path / "out"
    predict_table(text_model, source, out, **SIZES)
    stamps = {path.name: path.stat().st_mtime_ns for path in out.iterdir()}
    (out / "part-00002.parquet").unlink()
    (out / "_amzest_parts.json").unlink()
    killed = ".part-00001.parquet.0123456789ab.unfinished"
    (out / killed).write_text("of a call that was killed")
    (out / "notes.unfinished").write_text("precious")
    with pytest.raises(FileExistsError, match=r"has predictions .* or resume=True"):
        predict_table(text_model, source, out, **SIZES)
    assert (out / killed).exists()
    assert predict_table(text_model, source, out, resume=True, **SIZES) == N_ROWS
    assert (out / "notes.unfinished").read_text() == "precious"
    (out / "notes.unfinished").unlink()
    assert files(out) == files(undisturbed)
    for number in (0, 1, 3):
        name = f"part-{number:05d}.parquet"
        assert (out / name).stat().st_mtime_ns == stamps[name]


def test_killed_calls_are_completed(undisturbed, text_model, source, tmp_path):
    """Kill a call with its workers while the third part is written."""
    out = tmp_path / "out"
    code = """
        import joblib, os, signal, sys
        from amzest.distributed import _scoring, predict_table
        convert = _scoring.ProductInput.convert
        def kill(self, piece, columns):
            if piece.start >= 38:
                os.killpg(0, signal.SIGKILL)
            return convert(self, piece, columns)
        _scoring.ProductInput.convert = kill
        model, source, out = sys.argv[1:]
        predict_table(joblib.load(model), source, out, rows_per_part=16, chunk_size=6)
    """
    path = tmp_path / "model.joblib"
    joblib.dump(text_model, path)
    call = [sys.executable, "-c", textwrap.dedent(code), path, source, out]
    killed = subprocess.run(list(map(str, call)), process_group=0, check=False)
    assert killed.returncode == -signal.SIGKILL
    left = sorted(os.listdir(out))
    assert len([name for name in left if name.startswith("part-")]) == 2
    assert len([name for name in left if name.endswith(".unfinished")]) == 1
    for n_jobs in (1, 2):
        again = shutil.copytree(out, tmp_path / f"again{n_jobs}")
        predict_table(text_model, source, again, resume=True, n_jobs=n_jobs, **SIZES)
        assert files(again) == files(undisturbed)


def test_other_things_are_an_error(text_model, saved, source, frame, tmp_path):
    out = tmp_path / "out"
    table = tmp_path / "in.parquet"
    frame.to_parquet(table)
    predict_table(text_model, table, out, **SIZES)
    before = files(out)
    call = {"resume": True, **SIZES}
    with pytest.raises(ValueError, match=r"else: parameters \(top_k: 1, now 2\)"):
        predict_table(text_model, table, out, top_k=2, **call)
    with pytest.raises(ValueError, match=r"else: model \("):
        predict_table(saved, table, out, **call)
    with pytest.raises(ValueError, match=r"else: source \(.*, now None, and 1 more\)"):
        predict_table(text_model, source, out, **call)
    os.utime(table, ns=(1, 1))
    with pytest.raises(ValueError, match=r"else: source .*, now .* at 0.000000001\)"):
        predict_table(text_model, table, out, **call)
    assert files(out) == before


def test_damaged_part_is_an_error(text_model, source, tmp_path):
    out = tmp_path / "out"
    predict_table(text_model, source, out, **SIZES)
    (out / "part-00001.parquet").write_bytes(b"")
    with pytest.raises(ValueError, match=r"part-00001.parquet: has no readable rows"):
        predict_table(text_model, source, out, resume=True, **SIZES)


def test_folders_of_others_stay(text_model, source, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "precious.txt").write_text("x")
    for resume in (False, True):
        with pytest.raises(FileExistsError, match="files that this function did not"):
            predict_table(text_model, source, out, resume=resume)
    (out / "_amzest_predictions.json").write_text("{")
    with pytest.raises(FileExistsError, match="damaged"):
        predict_table(text_model, source, out, resume=True)
    (out / "precious.txt").unlink()
    # As a call leaves it that is killed before it has written the manifest.
    assert predict_table(text_model, source, out, resume=True) == N_ROWS


def test_nothing_is_left_of_a_call_that_fails_at_once(text_model, tmp_path):
    table, out = tmp_path / "in.csv", tmp_path / "out"
    table.write_text("title,description\n" + "a,b\n" * 5 + "a,b,c\n")
    with pytest.raises(ValueError, match=r"in.csv: line 7 has 3 cells"):
        predict_table(text_model, table, out)
    assert list(tmp_path.iterdir()) == [table]
    with pytest.raises(ValueError, match=r"in.csv: line 7 has 3 cells"):
        predict_table(text_model, table, out, rows_per_part=2, chunk_size=2)
    assert sorted(os.listdir(out))[1:] == ["part-00000.parquet", "part-00001.parquet"]


def test_one_call_at_a_time(text_model, source, tmp_path, monkeypatch):
    from amzest.distributed import _prediction_folder

    monkeypatch.setattr(_prediction_folder, "try_lock", lambda _: False)
    with pytest.raises(BlockingIOError, match="another call"):
        predict_table(text_model, source, tmp_path / "out")


@pytest.mark.parametrize("suffix", ["csv.gz", "jsonl", "tsv"])
def test_text_tables(suffix, text_model, frame, undisturbed, tmp_path):
    table = tmp_path / f"in.{suffix}"
    if suffix == "jsonl":
        frame.to_json(table, orient="records", lines=True)
    else:
        frame.to_csv(table, sep="\t" if suffix == "tsv" else ",", index=False)
    expected = pd.read_parquet(undisturbed)[COLUMNS]
    for n_jobs in (1, 2):
        out = tmp_path / f"out{n_jobs}"
        predict_table(text_model, table, out, n_jobs=n_jobs, keep=["id"], **SIZES)
        found = pd.read_parquet(out)
        assert found["id"].astype(int).tolist() == frame["id"].tolist()
        pd.testing.assert_frame_equal(found[COLUMNS], expected)
    assert files(tmp_path / "out1") == files(tmp_path / "out2")


def test_many_tables(text_model, frame, tmp_path):
    shop = tmp_path / "shop"
    for name in ("a", "_hidden", "b"):
        (shop / name).mkdir(parents=True)
    frame[:20].to_parquet(shop / "a" / "1.parquet")
    frame[:0].to_parquet(shop / "a" / "2.parquet")
    frame[20:].to_parquet(shop / "b" / "3.parquet")
    frame.to_parquet(shop / "_hidden" / "4.parquet")
    (shop / "a" / "notes.txt").write_text("x")
    expected = text_model.predict(frame).tolist()
    listed = [shop / "a", shop / "b" / "3.parquet"]
    for number, source in enumerate([shop, f"{shop}/[ab]/*.parquet", listed]):
        out = tmp_path / f"out{number}"
        assert predict_table(text_model, source, out, keep=["id"]) == N_ROWS
        found = pd.read_parquet(out)
        assert found["predicted_category"].tolist() == expected
    assert files(tmp_path / "out1")["part-00001.parquet"]
    with pytest.raises(ValueError, match="is within the source"):
        predict_table(text_model, shop, shop / "out")
    (shop / "b" / "more.csv").write_text("title\na\n")
    with pytest.raises(ValueError, match=r"several formats: '.csv', '.parquet'"):
        predict_table(text_model, shop, tmp_path / "out")
    with pytest.raises(FileNotFoundError, match="no file has such a name"):
        predict_table(text_model, f"{shop}/*.csv", tmp_path / "out")


def test_errors_name_table_and_row(text_model, tmp_path):
    for name, last in (("a", "fine"), ("b", 7.5)):
        rows = [{"title": "red shoe", "description": "x"}] * 9
        rows.append({"title": last, "description": None})
        text = "\n".join(map(json.dumps, rows))
        (tmp_path / f"{name}.jsonl").write_text(text)
    sources = [tmp_path / "a.jsonl", tmp_path / "b.jsonl"]
    message = r"b.jsonl, rows 8 to 9.*row 0 is row 8 of the table.*row 1 "
    with pytest.raises(ValueError, match=message):
        predict_table(
            text_model, sources, tmp_path / "out", **SIZES | {"chunk_size": 4}
        )
    with pytest.raises(ValueError, match=r"b.jsonl: `title` is not a string in 1 row"):
        predict_table(text_model, sources, tmp_path / "out2")


def test_one_file(text_model, source, frame, tmp_path):
    out = tmp_path / "out.csv"
    predict_table(text_model, source, out, keep=[], top_k=5)
    found = pd.read_csv(out)
    assert list(found)[:2] == ["predicted_category", "predicted_confidence"]
    assert found["predicted_category"].tolist() == text_model.predict(frame).tolist()
    with pytest.raises(FileExistsError, match="or overwrite=True to replace it"):
        predict_table(text_model, source, out)
    predict_table(text_model, source, out, overwrite=True)
    with pytest.raises(ValueError, match=r"`n_jobs` needs a folder as `out`"):
        predict_table(text_model, source, tmp_path / "new.csv", n_jobs=2)
    with pytest.raises(ValueError, match=r"`resume` needs a folder as `out`"):
        predict_table(text_model, source, tmp_path / "new.csv", resume=True)
    with pytest.raises(ValueError, match=r"overwrite=True replaces a file, but `out`"):
        predict_table(text_model, source, tmp_path / "new", overwrite=True)
    with pytest.raises(ValueError, match=r"one of the suffixes .* A folder has no"):
        predict_table(text_model, source, tmp_path / "new.xlsx")


@pytest.mark.parametrize("group", [1, 7, 50])
@pytest.mark.parametrize(("start", "stop"), [(0, 50), (13, 31), (49, 50)])
def test_rows_of_a_parquet_file(group, start, stop, frame, tmp_path):
    path = tmp_path / "in.parquet"
    frame.to_parquet(path, row_group_size=group)
    found = list(read_parquet_rows(path, start, stop, 8, ["title", "id"]))
    sizes = [8] * ((stop - start) // 8)
    sizes += [(stop - start) % 8] if (stop - start) % 8 else []
    assert [len(piece) for piece in found] == sizes
    whole = pd.concat(found)
    assert list(whole) == ["title", "id"]
    assert whole["id"].tolist() == frame["id"].tolist()[start:stop]


def test_compressed_text_is_read_as_such(text_model, tmp_path):
    table = tmp_path / "in.csv.gz"
    with gzip.open(table, "wt", encoding="utf-16") as file:
        file.write("name;text\nred shoe;a\nspade;b\n")
    out = tmp_path / "out"
    predict_table(
        text_model,
        table,
        out,
        columns=["name", "text"],
        keep=["name"],
        encoding="utf-16",
        separator=";",
    )
    assert pd.read_parquet(out)["predicted_category"].tolist() == ["shoes", "garden"]


def test_process_that_is_killed(text_model, source, tmp_path, monkeypatch):
    def killed(*_, **__):
        yield from ()
        raise BrokenProcessPool("A process was terminated abruptly")

    monkeypatch.setattr(_prediction_run, "run_in_order", killed)
    with pytest.raises(RuntimeError, match=r"was killed.*go on with resume=True"):
        predict_table(text_model, source, tmp_path / "out", n_jobs=2, **SIZES)


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_dask(kind, undisturbed, text_model, source, frame, tmp_path):
    distributed = pytest.importorskip("distributed")
    expected, out = undisturbed, tmp_path / "out"
    if kind == "csv":
        source, expected = tmp_path / "in.csv", tmp_path / "expected"
        frame.to_csv(source, index=False)
        predict_table(text_model, source, expected, rows_per_part=4)
    sizes = SIZES if kind == "parquet" else {"rows_per_part": 4}
    with (
        distributed.LocalCluster(
            n_workers=1,
            threads_per_worker=2,
            processes=False,
            dashboard_address="127.0.0.1:0",
        ) as cluster,
        distributed.Client(cluster),
        joblib.parallel_config("dask"),
    ):
        assert predict_table(text_model, source, out, **sizes) == N_ROWS
    assert files(out) == files(expected)
