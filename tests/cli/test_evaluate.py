import json
import re

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, f1_score, log_loss

import amzest


def test_scores(model, tmp_path, run):
    table = tmp_path / "test.csv"
    titles = ["red boot", "running shoe", "hose", "leather spade", "steel", "shoe hose"]
    labels = ["shoes", "shoes", "garden", "garden", "shoes", "garden"]
    frame = pd.DataFrame({"title": titles, "description": None, "category": labels})
    frame.to_csv(table, index=False)
    call = ["evaluate", model, table, "--target", "category", "--chunk-size", 4]
    code, printed, _ = run(*call, "--json")
    assert code == 0
    found = json.loads(printed)
    loaded = amzest.load(model)
    predicted, proba = loaded.predict(frame), loaded.predict_proba(frame)
    assert found["rows"] == 6
    assert found["errors"] == (predicted != labels).sum()
    assert found["accuracy"] == accuracy_score(labels, predicted)
    assert found["accuracy_low"] < found["accuracy"] < found["accuracy_high"]
    assert found["macro_f1"] == pytest.approx(
        f1_score(labels, predicted, average="macro")
    )
    assert found["log_loss"] == pytest.approx(log_loss(labels, proba))
    code, printed, _ = run(*call)
    assert re.search(r"^accuracy +0\.\d{3} \(0\.\d{3}–[01]\.\d{3}\)$", printed, re.M)
    right = (predicted == labels)[np.argsort(-proba.max(axis=1))]
    shares = [n for n in range(1, 7) if right[:n].mean() >= 0.8]
    code, printed, _ = run(*call, "--json", "--target-precision", "0.8")
    coverage = json.loads(printed)["coverage_at_target_precision"]
    assert coverage == pytest.approx(max(shares, default=0) / 6)


def test_report(model, tmp_path, run):
    table, out = tmp_path / "test.csv", tmp_path / "report.html"
    evil = '<script>alert("x")</script> shoe $a$'
    lines = ["title,description,category"] + ["red shoe,,shoes", "hose,,garden"] * 8
    lines += [f'"{evil.replace(chr(34), chr(34) * 2)}",,garden', "boot,,<b>new</b>"]
    table.write_text("\n".join(lines))
    call = ["evaluate", model, table, "--target", "category", "--out", out]
    code, _, message = run(*call)
    assert code == 0, message
    assert "does not know 1 category of 1 row" in message
    assert f"Report: {out}" in message
    page = out.read_text(encoding="utf-8")
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "<b>new</b>" not in page
    # Nothing is loaded from anywhere.
    assert re.findall(r'(?:src|href)="(?!data:)', page) == []
    headings = re.findall(r"<h2>(.*?)</h2>", page)
    assert headings == [
        "Confusion matrix",
        "Scores of the categories",
        "Most frequent confusions",
        "Calibration",
        "Review curve",
        "Most confident errors",
    ]
    assert page.count('src="data:image/png;base64,iVBOR') == 5
    assert run(*call)[0] == 1  # exists
    import matplotlib.pyplot

    assert matplotlib.pyplot.get_fignums() == []


def test_labels_of_other_types(tmp_path, run):
    model = amzest.TextLinearClassifier(C=1.0, random_state=0)
    X = pd.DataFrame({"title": ["red shoe", "steel spade"] * 8})
    path = amzest.save(model.fit(X, [7, 9] * 8), tmp_path / "model.amz")
    table = tmp_path / "test.csv"
    table.write_text("title,category\nshoe,7\nspade,9\nspade,7\n")
    call = ["evaluate", path, table, "--target", "category", "--json", "--quiet"]
    code, printed, _ = run(*call)
    assert code == 0
    assert json.loads(printed)["errors"] == 1


def test_sample_of_a_large_table(model, products, run):
    call = ["evaluate", model, products, "--target", "category", "--json"]
    code, printed, message = run(*call, "--max-rows", 10, "--chunk-size", 6)
    assert code == 0
    assert json.loads(printed)["rows"] == 10
    assert "A random sample of 10 of 40 rows." in message


def test_table_without_categories(model, tmp_path, run):
    table = tmp_path / "test.csv"
    table.write_text("title,description,category\na,,\nb,,\n")
    call = ["evaluate", model, table, "--target", "category"]
    code, _, message = run(*call, "--skip-unlabelled")
    assert code == 1
    assert "no row has a category" in message
