import io

import pandas as pd
import pytest


def test_words_of_rows(model, products, run):
    call = ["explain", model, products, "--chunk-size", 3]
    code, printed, message = run(*call, "--rows", 8, 1)
    assert code == 0, message
    found = pd.read_csv(io.StringIO(printed))
    assert found["row"].unique().tolist() == [1, 8]
    first = found[found["row"] == 1]
    assert {"leather", "boot"} <= set(first["word"])
    assert first["label"].unique().tolist() == ["shoes"]


def test_page_and_columns(model, products, tmp_path, run):
    out = tmp_path / "why.html"
    assert run("explain", model, products, "--out", out)[0] == 0
    page = out.read_text(encoding="utf-8")
    assert "running" in page
    code, printed, _ = run("explain", model, products, "--of", "columns")
    assert code == 0
    assert set(pd.read_csv(io.StringIO(printed))["column"]) == {"title", "description"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--rows", 3, 40], "has 40 rows, counted from 0, but --rows has 40"),
        (["--out", "why.pdf"], "expected one of the suffixes"),
    ],
)
def test_errors(arguments, message, model, products, run):
    code, _, printed = run("explain", model, products, *arguments)
    assert code == 1
    assert message in printed
