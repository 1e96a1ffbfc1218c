import ast
import re
from pathlib import Path

import pytest
from public_api import public_modules, shortest_paths

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("*/plot_*.py"))
SECTIONS = {path.parent for path in EXAMPLES}
#: Public names for new networks, which the user guide explains.
FOR_SUBCLASSES = ("amzest.text.", "amzest.image.")
#: Objects that other calls return: examples use them without importing them.
RESULTS = {
    "amzest.automl.FitProgress",
    "amzest.datasets.AmazonMetadataReader",
    "amzest.datasets.CleaningReport",
    "amzest.datasets.PreparationReport",
    "amzest.evaluation.ClassifierComparison",
    "amzest.evaluation.DataComparison",
    "amzest.evaluation.DataSummary",
    "amzest.evaluation.FusionReport",
    "amzest.inspection.Explanation",
    "amzest.exceptions.InconsistentVersionWarning",
}


def imported_names(source):
    """Return the names of amzest that a script imports or uses as ``datasets.name``."""
    tree = list(ast.walk(ast.parse(source)))
    found = {
        f"{node.module}.{alias.name}"
        for node in tree
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("amzest")
        for alias in node.names
    }
    for module in found & set(public_modules()):
        found.remove(module)
        found |= {
            f"{module}.{node.attr}"
            for node in tree
            if isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id == module.rpartition(".")[2]
        }
    return found


def linked_names(source):
    """Return the names of amzest that the text of an example links to."""
    return set(re.findall(r":\w+:`~(amzest[\w.]*)`", source))


def test_each_section_of_the_gallery_has_examples_and_a_header():
    assert {section.name for section in SECTIONS} == {
        "data",
        "ensembles",
        "evaluation",
        "first_steps",
        "images",
        "inspection",
        "text",
    }
    assert len(EXAMPLES) >= 13
    for section in SECTIONS:
        assert (section / "GALLERY_HEADER.rst").is_file()


def test_no_example_is_outside_of_a_section():
    assert not list((ROOT / "examples").glob("plot_*.py"))


def test_every_public_name_is_used_in_an_example():
    sources = [path.read_text(encoding="utf-8") for path in EXAMPLES]
    used = set().union(*map(imported_names, sources))
    used |= {name for name in shortest_paths() if name.startswith(FOR_SUBCLASSES)}
    linked = set().union(*map(linked_names, sources))
    assert set(shortest_paths()) - RESULTS <= used
    assert linked >= RESULTS


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_links_of_an_example_are_public(path):
    members = re.compile("|".join(rf"{re.escape(n)}(\.\w+)?" for n in shortest_paths()))
    for name in linked_names(path.read_text(encoding="utf-8")):
        module = name in {"amzest", "amzest.datasets", "amzest.evaluation"}
        assert module or members.fullmatch(name), name


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example_imports_by_the_documented_path(path):
    assert imported_names(path.read_text(encoding="utf-8")) <= set(shortest_paths())
