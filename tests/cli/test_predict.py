import gzip
import io
import sys

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import amzest
from amzest.distributed import _progress, _scoring
from amzest.meta import ReviewThresholdClassifier


@pytest.fixture(scope="module")
def expected(model, products):
    frame = pd.read_csv(products, dtype="str")
    proba = amzest.load(model).predict_proba(frame)
    return amzest.load(model).predict(frame).tolist(), proba.max(axis=1)


@pytest.mark.parametrize("suffix", ["csv", "csv.gz", "tsv", "jsonl", "parquet"])
def test_tables_of_all_formats(suffix, model, products, expected, tmp_path, run):
    out = tmp_path / f"out.{suffix}"
    code, printed, message = run(
        "predict", model, products, "--out", out, "--chunk-size", 7
    )
    assert (code, printed) == (0, "")
    assert message.startswith("Predicted 40 rows in")
    assert message.endswith(f": {out}\n")
    if suffix == "parquet":
        found = pd.read_parquet(out)
    elif suffix == "jsonl":
        found = pd.read_json(out, lines=True, dtype={"id": str})
    else:
        separator = "\t" if suffix == "tsv" else ","
        found = pd.read_csv(out, sep=separator, dtype={"id": str})
    assert list(found) == [
        *("id", "title", "description", "category"),
        *("predicted_category", "predicted_confidence", "predicted_missing"),
    ]
    assert found["id"].tolist() == [f"{i:03d}" for i in range(40)]
    assert found["predicted_category"].tolist() == expected[0]
    assert found["predicted_confidence"].tolist() == pytest.approx(expected[1])
    assert found["description"].isna().sum() == 26
    # A table that was written is read again.
    code, printed, _ = run("predict", model, out, "--keep", "id", "--quiet")
    again = pd.read_csv(io.StringIO(printed), dtype={"id": str})
    assert again["predicted_category"].tolist() == expected[0]
    assert again["id"].tolist() == found["id"].tolist()


def test_standard_input_and_output(model, products, expected, monkeypatch, run):
    with open(products, "rb") as file:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(file.read())))
    code, printed, message = run("predict", model, "-", "--keep", "--top-k", 9)
    assert code == 0
    found = pd.read_csv(io.StringIO(printed))
    assert list(found) == [
        *("predicted_category", "predicted_confidence", "predicted_missing"),
        *("predicted_category_2", "predicted_confidence_2"),
    ]
    assert found["predicted_category"].tolist() == expected[0]
    both = found["predicted_confidence"] + found["predicted_confidence_2"]
    assert both.tolist() == pytest.approx([1.0] * 40)
    assert "the standard output" in message


def test_types_of_a_parquet_table_stay(model, tmp_path, run):
    table = pa.table(
        {
            "sku": pa.array([2**53 + 1, None, 3], pa.int64()),
            "title": pa.array(["red shoe", None, "spade"], pa.large_string()),
            "tags": pa.array([["a"], [], None], pa.list_(pa.string())),
            "description": pa.array([None, None, None], pa.string()),
            "day": pa.array([1, 2, None], pa.date32()),
        }
    )
    path, out = tmp_path / "in.parquet", tmp_path / "out.parquet"
    pq.write_table(table, path)
    assert run("predict", model, path, "--out", out, "--chunk-size", 1)[0] == 0
    found = pq.read_table(out)
    for name in table.column_names:
        assert found[name].type == table[name].type
        assert found[name].to_pylist() == table[name].to_pylist()
    assert found["predicted_missing"].to_pylist() == [False, True, False]
    code, _, message = run("predict", model, path, "--out", tmp_path / "out.csv")
    assert code == 1
    assert "'tags' contains list" in message


def test_review_threshold_and_other_names(model, products, tmp_path, run):
    review = ReviewThresholdClassifier(amzest.load(model))
    review.estimator_ = amzest.load(model)
    review.classes_ = review.estimator_.classes_
    review.thresholds_ = review.estimator_.predict_proba(
        pd.DataFrame({"title": ["spade"], "description": [None]})
    ).max(axis=1) * [1.0, 10.0]
    path = amzest.save(review, tmp_path / "review.amz")
    table = tmp_path / "other.csv"
    table.write_text("name,text\nspade,\nboot,\n")
    call = ["predict", path, table]
    code, _, message = run(*call)
    assert code == 1
    assert "has no column 'title', 'description' (a column of the model" in message
    code, printed, _ = run(*call, "--columns", "name", "text", "--keep", "name")
    assert code == 0
    found = pd.read_csv(io.StringIO(printed))
    assert found["predicted_category"].tolist() == ["garden", "shoes"]
    assert found["predicted_review"].tolist() == [False, True]
    code, _, message = run(*call, "--columns", "name")
    assert code == 1
    assert "reads 2 columns, but 1 names were passed" in message


def test_model_of_a_list(tmp_path, run):
    model = amzest.TextLinearClassifier(C=1.0, random_state=0)
    model.fit(["red shoe", "steel spade"] * 4, [7, 9] * 4)
    path = amzest.save(model, tmp_path / "list.amz")
    table = tmp_path / "in.csv"
    table.write_text("name\nspade\nshoe\n")
    code, printed, _ = run("predict", path, table, "--columns", "name", "--keep")
    assert code == 0
    assert pd.read_csv(io.StringIO(printed))["predicted_category"].tolist() == [9, 7]


def test_output_is_whole_or_absent(model, tmp_path, run):
    rows = ["title,description"] + ["red shoe,"] * 9 + ["a,b,c"]
    table = tmp_path / "in.csv"
    table.write_text("\n".join(rows))
    out = tmp_path / "out.csv"
    call = ["predict", model, table, "--out", out, "--chunk-size", 2]
    code, _, message = run(*call)
    assert code == 1
    assert "line 11 has 3 cells" in message
    assert list(tmp_path.iterdir()) == [table]
    out.write_text("precious")
    code, _, message = run(*call)
    assert code == 1
    assert "exists. Pass another file, or --overwrite" in message
    run(*call, "--overwrite")
    assert out.read_text() == "precious"
    table.write_text("\n".join(rows[:-1]))
    assert run(*call, "--overwrite")[0] == 0
    assert len(out.read_text().splitlines()) == 10


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["MODEL", "nowhere.csv"], "nowhere.csv' does not exist"),
        (["MODEL", "MODEL"], "has an unknown suffix"),
        (["PRODUCTS", "PRODUCTS"], "error:"),
        (["nowhere.amz", "PRODUCTS"], "nowhere.amz"),
        (["MODEL", "PRODUCTS", "--keep", "sku"], "has no column 'sku' (--keep)"),
        (["MODEL", "PRODUCTS", "--out", "a.xlsx"], "expected one of the suffixes"),
        (["MODEL", "PRODUCTS", "--out", "nowhere/a.csv"], "there is no folder"),
        (["MODEL", "PRODUCTS", "--out", "PRODUCTS"], "is the table that is read"),
        (["MODEL", "PRODUCTS", "--encoding", "utf-99"], "is not known to Python"),
        (["MODEL", "PRODUCTS", "--image-root", "nowhere"], "is not a folder"),
    ],
)
def test_errors(arguments, message, model, products, run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    paths = {"MODEL": model, "PRODUCTS": products}
    code, printed, error = run("predict", *(paths.get(a, a) for a in arguments))
    assert code == 1
    assert printed == ""
    assert error.startswith("error: ")
    assert message in error
    assert error.count("\n") <= 3


def test_new_columns_do_not_replace_others(model, tmp_path, run):
    table = tmp_path / "in.csv"
    table.write_text("title,description,predicted_category\na,b,c\n")
    code, _, message = run("predict", model, table)
    assert code == 1
    assert "has the columns 'predicted_category' already" in message
    assert run("predict", model, table, "--keep", "title")[0] == 0
    code, _, message = run("predict", model, table, "--keep", "title", "title")
    assert code == 2
    assert "--keep has a column twice" in message


def test_compressed_input_and_separator(model, tmp_path, run):
    table = tmp_path / "in.csv.gz"
    with gzip.open(table, "wt", encoding="utf-16") as file:
        file.write("title;description\nred shoe;a\nspade;b\n")
    code, printed, _ = run("predict", model, table, "--keep")
    assert code == 0
    assert [line.split(",")[0] for line in printed.splitlines()[1:]] == [
        "shoes",
        "garden",
    ]


def test_folder(model, products, expected, tmp_path, run):
    out = tmp_path / "predictions"
    call = ["predict", model, products, "--out", out, "--rows-per-part", 15]
    code, printed, message = run(*call)
    assert (code, printed) == (0, "")
    assert message.startswith("Predicted 40 rows in")
    assert pd.read_parquet(out)["predicted_category"].tolist() == expected[0]
    code, _, message = run(*call)
    assert code == 1
    assert "or --resume to predict the parts that it lacks" in message
    (out / "part-00001.parquet").unlink()
    code, _, message = run(*call, "--resume", "--jobs", 1)
    assert code == 0
    assert message.startswith("Predicted 15 rows in")
    assert message.endswith(f", 25 more were there: {out}\n")
    code, _, message = run(*call, "--resume", "--top-k", 2)
    assert code == 1
    assert "depend on something else: parameters (top_k: 1, now 2)" in message
    code, _, message = run("predict", model, products, "--jobs", 2)
    assert code == 1
    assert "--jobs needs a folder as --out, got the standard output" in message


def test_interrupt_keeps_finished_parts(model, products, tmp_path, monkeypatch, run):
    out = tmp_path / "predictions"
    call = ["predict", model, products, "--out", out, "--rows-per-part", 15]
    convert = _scoring.ProductInput.convert

    def interrupted(self, piece, columns):
        if piece.start:
            raise KeyboardInterrupt
        return convert(self, piece, columns)

    with monkeypatch.context() as patch:
        patch.setattr(_scoring.ProductInput, "convert", interrupted)
        code, _, message = run(*call)
    assert code == 130
    assert f"The finished parts are in {out}; --resume goes on." in message
    names = sorted(path.name for path in out.iterdir())
    assert names == ["_amzest_predictions.json", "part-00000.parquet"]
    assert run(*call, "--resume")[0] == 0


def test_progress_states_the_time_left(capsys, monkeypatch):
    now = iter([0.0, 10.0])
    monkeypatch.setattr(_progress.time, "monotonic", lambda: next(now, 40.0))
    progress = _progress.Progress("predict", 5_400, quiet=False)
    progress.leave_out(400)
    progress.update(100)
    progress.update(1_900)
    expected = "predict: 2,000 of 5,000 rows, 50 per second, 0:01:00 left\n"
    assert capsys.readouterr().err == expected
