"""The tables of parameters in the user guide are complete."""

import inspect
import re
from pathlib import Path

import pytest
from sklearn.neural_network import MLPClassifier

import amzest

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "user_guide"
CLASSIFIERS = [name for name in amzest.__all__ if name.endswith("Classifier")]


def parameters_of(cls):
    return list(inspect.signature(cls).parameters)


def rows_of(page, table_class):
    """Return the cells of the tables of a class, row by row, without the header."""
    text = (GUIDE / page).read_text(encoding="utf-8")
    tables = re.findall(
        rf"   :class: {table_class}\n\n((?:   .*\n|\n)+)", text, re.MULTILINE
    )
    rows = [re.split(r"\n     - ", row) for row in "".join(tables).split("   * - ")]
    return [row for row in rows if len(row) == 2 and "``" in row[1] + row[0]]


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_every_parameter_has_a_purpose(name):
    kind = re.match("Text|Image|Auto|", name)[0]
    kind = {"": "Pretrained", "Auto": "Automatic"}.get(kind, kind)
    text = (GUIDE / "parameters.rst").read_text(encoding="utf-8")
    section = text.partition(f"{kind} classifiers\n---")[2].partition(
        "classifiers\n---"
    )
    listed = set(re.findall(r"``(\w+)``", section[0]))
    assert set(parameters_of(getattr(amzest, name))) <= listed


def test_only_parameters_are_listed():
    known = {p for name in CLASSIFIERS for p in parameters_of(getattr(amzest, name))}
    cells = "".join(row[1] for row in rows_of("parameters.rst", "parameters"))
    assert set(re.findall(r"``(\w+)``", cells)) == known


def test_all_parameters_of_mlp_classifier_are_mapped_in_order():
    listed = [row[0].strip("`\n ") for row in rows_of("from_mlp.rst", "mlp")]
    assert listed == parameters_of(MLPClassifier)


def test_mapped_parameters_exist():
    known = {p for name in CLASSIFIERS for p in parameters_of(getattr(amzest, name))}
    for row in rows_of("from_mlp.rst", "mlp"):
        target = re.match(r"``(\w+)``", row[1])
        assert target is None or target[1] in known


def test_number_of_equal_names_is_stated():
    shared = set(parameters_of(MLPClassifier)) & set(
        parameters_of(amzest.TextCNNClassifier)
    )
    text = (GUIDE / "from_mlp.rst").read_text(encoding="utf-8")
    assert len(shared) == 9
    assert "Nine of its 23 parameters" in text
