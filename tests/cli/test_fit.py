import io
import json
import warnings

import pandas as pd
import pytest
from PIL import Image

import amzest
from amzest.persistence import read_metadata


def fit(run, table, out, *more):
    call = ["fit", table, "--target", "category", "--out", out, "--set", "C=1.0"]
    return run(*call, "--model", "linear", *more)


def test_model_is_that_of_python(model, products):
    X = pd.read_csv(products, dtype="str")
    loaded = amzest.load(model)
    classifier = amzest.TextLinearClassifier(C=1.0, random_state=0)
    classifier.fit(X[["title", "description"]], X["category"])
    expected = classifier.predict_proba(X[["title", "description"]])
    assert (loaded.predict_proba(X) == expected).all()
    assert loaded[-1].get_params()["C"] == 1.0


def test_message_and_metadata(products, tmp_path, run):
    out = tmp_path / "model.amz"
    code, printed, message = fit(run, products, out, "--text-columns", "title")
    assert (code, printed) == (0, "")
    assert (
        "Fitted linear on 40 products in 2 categories, columns 'title', in" in message
    )
    assert read_metadata(out)["classes"] == ["garden", "shoes"]
    code, _, message = fit(run, products, out)
    assert code == 1
    assert "exists" in message
    assert fit(run, products, out, "--overwrite", "--quiet") == (0, "", "")


def test_vote_with_review_threshold(products, tmp_path, run):
    out = tmp_path / "vote.amz"
    call = ["fit", products, "--target", "category", "--out", out, "--quiet"]
    design = tmp_path / "more.csv"
    code, _, message = run(*call, "--model", "linear", "image-cnn")
    assert code == 2
    assert "--model image-cnn needs a column with images" in message
    assert run(*call, "--model", "linear", "--target-precision", "0.5")[0] == 0
    code, printed, _ = run("predict", out, products, "--keep")
    assert code == 0
    assert "predicted_review" in printed
    assert not design.exists()


def test_auto(products, tmp_path, run):
    out = tmp_path / "auto.amz"
    call = ["fit", products, "--target", "category", "--out", out, "--quiet"]
    more = ["--set", 'members=["text_linear"]', "cv=2", "--time-budget", 60]
    assert run(*call, *more)[0] == 0
    fitted = amzest.load(out)
    assert type(fitted).__name__ == "AutoClassifier"
    code, printed, _ = run("predict", out, products, "--keep")
    found = pd.read_csv(io.StringIO(printed))
    frame = pd.read_csv(products, dtype="str")
    assert found["predicted_category"].tolist() == fitted.predict(frame).tolist()
    more += ["--target-precision", "0.5", "--overwrite"]
    assert run(*call, *more)[0] == 0
    code, printed, _ = run("predict", out, products, "--keep")
    assert code == 0
    assert "predicted_review" in printed


def test_rows_with_a_text_in_a_column(products, tmp_path, run):
    frame = pd.read_csv(products, dtype="str")
    frame["split"] = ["train", "train", "train", "train", "test"] * 8
    table, out = tmp_path / "in.csv", tmp_path / "model.amz"
    frame.to_csv(table, index=False)
    code, _, message = fit(run, table, out, "--only", "split=train", "--chunk-size", 7)
    assert code == 0
    assert "on 32 products" in message
    call = ["evaluate", out, table, "--target", "category", "--json"]
    code, printed, _ = run(*call, "--only", "split=test", "--chunk-size", 7)
    assert code == 0
    assert json.loads(printed)["rows"] == 8
    for condition, code, message in (
        ("split", 2, "expected COLUMN=TEXT"),
        ("fold=1", 1, "has no column 'fold' (--only)"),
        ("split=x", 1, "no row has --only split=x"),
    ):
        found = run(*call, "--only", condition)
        assert found[0] == code
        assert message in found[2]


def test_random_sample(products, tmp_path, run):
    def rows(seed):
        out = tmp_path / f"{seed}.amz"
        more = ["--max-rows", 20, "--random-state", seed, "--chunk-size", 3]
        code, _, message = fit(run, products, out, *more)
        assert code == 0
        assert "A random sample of 20 of 40 rows." in message
        assert "Fitted linear on 20 products" in message
        return amzest.load(out)[-1].linear_model_.intercept.tolist()

    assert rows(0) != rows(1)


def test_rows_without_category_and_rare_categories(write_products, tmp_path, run):
    table, out = tmp_path / "in.csv", tmp_path / "model.amz"
    write_products(table, 12)
    with open(table, "a") as file:
        file.write("90,steel spade,,\n91,novel,,books\n92,boot,, \n")
    code, _, message = fit(run, table, out)
    assert code == 1
    assert (
        "`category` is missing in 2 rows: row 12, row 14. Fill it in, or pass"
        in message
    )
    code, _, message = fit(run, table, out, "--skip-unlabelled")
    assert code == 1
    assert "fewer than 2 products: 'books'" in message
    more = ["--skip-unlabelled", "--min-per-category", 2]
    code, _, message = fit(run, table, out, *more)
    assert code == 0
    assert "Left out 2 rows without a category." in message
    assert "Dropped 1 category with fewer than 2 products" in message
    assert amzest.load(out).classes_.tolist() == ["garden", "shoes"]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--target", "kind"], 1, "has no column 'kind' (--target). Available: 'id'"),
        (["--text-columns", "name"], 1, "has no column 'name' (--text-columns)"),
        (["--image-column", "photo"], 1, "(--image-column)"),  # language: ok
        (["--text-columns", "category"], 2, "share a column"),
        (["--set", "depth=3"], 2, "TextLinearClassifier has no such parameter"),
        (["--set", "depth"], 2, "expected NAME=VALUE"),
        (["--set", "C=-1"], 1, "'C' parameter"),
        (["--model", "linear", "cnn", "--set", "C=1"], 2, "needs a single --model"),
        (["--model", "auto", "linear"], 2, "pass it alone"),
        (["--model", "pretrained-text"], 2, "needs --text-encoder"),
        (["--out", "nowhere/model.amz"], 1, "there is no folder 'nowhere'"),
        (["--out", "PRODUCTS", "--overwrite"], 1, "is the table that is read"),
    ],
)
def test_errors(arguments, code, message, products, tmp_path, run, monkeypatch):
    monkeypatch.chdir(tmp_path)
    arguments = [products if a == "PRODUCTS" else a for a in arguments]
    found = fit(run, products, "model.amz", *arguments)
    assert found[0] == code
    assert message in found[2]
    assert list(tmp_path.iterdir()) == []


def test_no_usual_column(tmp_path, run):
    table = tmp_path / "in.csv"
    table.write_text("name,category\na,b\nc,d\n")
    code, _, message = fit(run, table, tmp_path / "model.amz")
    assert code == 1
    assert "has none of the columns title, description and image" in message


@pytest.mark.slow  # it imports TensorFlow
def test_images_are_relative_to_the_table(tmp_path, run):
    folder = tmp_path / "shop"
    folder.mkdir()
    lines = ["title,image,category"]
    for i, colour in enumerate(["red", "blue"] * 8):
        Image.new("RGB", (8, 8), colour).save(folder / f"{i}.png")
        lines.append(f"thing,{i}.png,{colour}")
    table, out = folder / "in.csv", tmp_path / "model.amz"
    table.write_text("\n".join(lines))
    call = ["fit", table, "--target", "category", "--out", out, "--quiet"]
    settings = {"image_size": 32, "max_epochs": 1, "calibrate": False}
    pairs = [f"{name}={json.dumps(value)}" for name, value in settings.items()]
    assert run(*call, "--model", "image-cnn", "--set", *pairs)[0] == 0
    code, printed, _ = run("predict", out, table, "--keep", "image")
    assert code == 0
    found = pd.read_csv(io.StringIO(printed))
    assert found["image"].tolist() == [f"{i}.png" for i in range(16)]
    frame = pd.DataFrame({"image": [str(folder / f"{i}.png") for i in range(16)]})
    assert (
        found["predicted_category"].tolist() == amzest.load(out).predict(frame).tolist()
    )
    lines[-1] = "thing,nowhere.png,blue"
    table.write_text("\n".join(lines))
    code, _, message = run("predict", out, table, "--chunk-size", 10)
    assert code == 1
    assert "rows 10 to 15" in message
    assert "row 0 is row 10 of the table" in message
    more = ["--on-missing-image", "missing", "--keep", "--quiet"]
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        code, printed, message = run("predict", out, table, *more)
    assert code == 0
    assert message.startswith("warning: `image` is a file that does not exist")
    assert pd.read_csv(io.StringIO(printed))["predicted_missing"].sum() == 1
