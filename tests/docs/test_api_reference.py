import inspect
import re
from pathlib import Path

import pytest
from public_api import list_networks, own_members, public_modules, shortest_paths

import amzest

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "docs" / "api" / "index.rst"


def listed_names(text):
    """Return the names that the tables of the API reference list, with their module."""
    for kind in ("text", "image"):
        include = f".. include:: _{kind}_networks.rst\n"
        assert text.count(include) == 1
        text = text.replace(include, list_networks(kind))
    names, module = [], ""
    for line in text.splitlines():
        current = re.match(r"\.\. module:: (\S+)", line)
        if current:
            module = current[1]
        elif re.fullmatch(r"   [\w.]+", line):
            names.append(f"{module}.{line.strip()}")
    return names


def test_every_public_name_is_listed_once():
    listed = listed_names(REFERENCE.read_text(encoding="utf-8"))
    assert sorted(listed) == sorted(shortest_paths())


def test_a_missing_name_would_be_noticed():
    text = REFERENCE.read_text(encoding="utf-8").replace("   CrossFit\n", "")
    assert set(shortest_paths()) - set(listed_names(text)) == {
        "amzest.ensemble.CrossFit"
    }


def test_all_floors_that_users_enter_are_public():
    assert list(public_modules()) == [
        "amzest",
        "amzest.automl",
        "amzest.compose",
        "amzest.datasets",
        "amzest.distributed",
        "amzest.ensemble",
        "amzest.evaluation",
        "amzest.exceptions",
        "amzest.image",
        "amzest.inspection",
        "amzest.meta",
        "amzest.persistence",
        "amzest.pretrained",
        "amzest.serving",
        "amzest.text",
    ]


def test_shortest_path_is_the_one_of_the_package():
    names = shortest_paths()
    assert "amzest.TextCNNClassifier" in names
    assert "amzest.text.TextCNNClassifier" not in names
    assert "amzest.meta.CategoryTree" in names
    assert "amzest.evaluation.CategoryTree" not in names
    assert names["amzest.load_products"] is amzest.datasets.load_products


@pytest.mark.parametrize("name", shortest_paths())
def test_what_is_documented_has_a_docstring(name):
    thing = shortest_paths()[name]
    if inspect.isclass(thing) or inspect.isfunction(thing):
        assert inspect.getdoc(thing)
    if inspect.isclass(thing):
        methods, properties = own_members(thing)
        for member in methods + properties:
            assert inspect.getdoc(getattr(thing, member)), member
