"""Parameters, defaults and documentation of a network are inherited."""

import inspect
import subprocess
import sys
from dataclasses import field

import pytest
from numpydoc.docscrape import ClassDoc
from sklearn.base import clone

from amzest.neural import all_networks, estimator_dataclass
from amzest.text import BaseTextClassifier, TextCNNClassifier


@estimator_dataclass
class Wide(TextCNNClassifier):
    """A wide network.

    Parameters
    ----------
    width : int
        Its width.

    dropout : float
        Described anew.

    Notes
    -----
    Own notes.
    """

    width: int = 3
    n_filters: int = 256
    dropout: float = 0.5
    precision: str = field(default="float32", init=False)


def test_parameters_and_defaults_are_inherited():
    params = Wide(width=4).get_params()
    inherited = TextCNNClassifier().get_params()
    assert params.keys() == inherited.keys() - {"precision"} | {"width"}
    assert (params["width"], params["n_filters"]) == (4, 256)
    assert params["kernel_sizes"] == inherited["kernel_sizes"]
    assert Wide().precision == "float32"
    assert clone(Wide(tol=0.5)).tol == 0.5


@pytest.mark.parametrize(
    ("args", "params"), [((3,), {}), ((), {"n_filter": 3}), ((), {"precision": "auto"})]
)
def test_unknown_and_positional_arguments_raise(args, params):
    with pytest.raises(TypeError, match="argument"):
        Wide(*args, **params)


def test_documentation_is_inherited_with_the_actual_defaults():
    documented = {entry.name: entry for entry in ClassDoc(Wide)["Parameters"]}
    assert list(documented) == list(inspect.signature(Wide).parameters)
    assert documented.keys() == Wide().get_params().keys()
    assert list(documented)[:3] == ["width", "n_filters", "kernel_sizes"]
    assert documented["n_filters"].type == "int, default=256"
    assert documented["dropout"].desc == ["Described anew."]
    own = {entry.name for entry in ClassDoc(TextCNNClassifier)["Attributes"]}
    assert {entry.name for entry in ClassDoc(Wide)["Attributes"]} == own


def test_notes_are_inherited_and_list_all_parameters_once():
    notes = "\n".join(ClassDoc(Wide)["Notes"])
    assert notes.startswith("Own notes.")
    assert notes.count("Parameters by topic:") == 1
    topics = notes.partition("Parameters by topic:")[2]
    assert "- Network: `width`, `n_filters`, `kernel_sizes`\n" in topics
    for name in Wide().get_params():
        assert topics.count(f"`{name}`") == 1


def test_explicit_init_is_kept():
    @estimator_dataclass
    class Explicit(TextCNNClassifier):
        """A network with few parameters."""

        def __init__(self, n_filters=8):
            super().__init__(n_filters=n_filters)

    assert Explicit(3).get_params() == {"n_filters": 3}
    assert [entry.name for entry in ClassDoc(Explicit)["Parameters"]] == ["n_filters"]


def test_a_subclass_without_the_decorator_inherits_init():
    class Plain(TextCNNClassifier):
        note: str = "not a parameter"

    assert Plain().get_params() == TextCNNClassifier().get_params()


def test_classes_without_docstrings_are_possible():
    code = "import amzest; print(amzest.TextCNNClassifier().n_filters)"
    run = subprocess.run([sys.executable, "-OO", "-c", code], capture_output=True)
    assert run.stdout == b"64\n", run.stderr


def test_networks_of_other_packages_are_not_listed():
    assert issubclass(Wide, BaseTextClassifier)
    assert Wide not in all_networks().values()
    assert list(all_networks("text")) == sorted(all_networks("text"))
    assert all_networks().keys() == all_networks("text").keys() | all_networks("image")
