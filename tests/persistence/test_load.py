"""Foreign types, other versions, broken and manipulated files."""

import io
import json
import subprocess
import sys
import warnings
import zipfile

import joblib
import numpy as np
import pytest
from hostile_files import (
    METADATA,
    SCHEMA,
    archive_of,
    dict_of,
    list_of,
    manipulated,
    members_of,
    node,
    object_array,
    pickled,
    text,
    tuple_of,
)
from public_estimators import KINDS, TITLES, numbers
from scipy import sparse
from sklearn.ensemble import RandomForestClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import amzest
from amzest import TextLinearClassifier
from amzest.ensemble import WeightedVotingClassifier
from amzest.evaluation import CategoryTree
from amzest.exceptions import InconsistentVersionWarning
from amzest.persistence import read_metadata
from amzest.pretrained._model_folder import opened


@pytest.fixture(scope="module")
def linear():
    return TextLinearClassifier(random_state=0).fit(TITLES, KINDS)


@pytest.fixture(scope="module")
def valid(linear, tmp_path_factory):
    """The content of a file of a linear classifier."""
    path = tmp_path_factory.mktemp("valid") / "model.amz"
    return amzest.save(linear, path).read_bytes()


def changed(data, path, *, schema=None, metadata=None, **members):
    """Write a file with another schema or metadata, given as functions of these."""
    content = members_of(data) | members
    for name, change in ((SCHEMA, schema), (METADATA, metadata)):
        if change is not None:
            value = json.loads(content[name])
            value = change(value) or value
            content[name] = json.dumps(value).encode()
    path.write_bytes(archive_of(content))
    return path


def twice(cells):
    return 2 * cells


class Foreign(GaussianNB):
    """A class of another package."""


def test_foreign_types_are_named_and_loaded_if_trusted(tmp_path):
    model = make_pipeline(FunctionTransformer(twice), Foreign())
    path = amzest.save(model.fit(numbers(), KINDS), tmp_path / "model.amz")
    here = __name__
    names = [f"{here}.Foreign", f"{here}.twice"]
    assert read_metadata(path)["foreign_types"] == names
    with pytest.raises(TypeError) as caught:
        amzest.load(path)
    assert str(path) in str(caught.value)
    assert f"pass trusted={names!r}" in str(caught.value)
    with pytest.raises(TypeError, match=r"contains '[^']*twice', which"):
        amzest.load(path, trusted=[Foreign])
    for trusted in ([Foreign, twice], names, (*names, "not.in.the.file")):
        loaded = amzest.load(path, trusted=trusted)
        assert loaded.predict(numbers()).tolist() == model.predict(numbers()).tolist()


def test_trees_of_scikit_learn_have_to_be_trusted(tmp_path):
    forest = RandomForestClassifier(2, random_state=0).fit(numbers(), KINDS)
    path = amzest.save(forest, tmp_path / "model.amz")
    with pytest.raises(TypeError, match="manipulated tree can crash"):
        amzest.load(path)
    loaded = amzest.load(path, trusted=["sklearn.tree._tree.Tree"])
    assert loaded.predict(numbers()).tolist() == forest.predict(numbers()).tolist()


@pytest.mark.parametrize("trusted", [True, "sklearn.tree._tree.Tree", int, [3]])
def test_trusted_must_be_a_list_of_types(trusted, tmp_path):
    with pytest.raises(TypeError, match="`trusted` must"):
        amzest.load(tmp_path / "model.amz", trusted=trusted)


PROGRAM = """
import sys

class NotInstalled:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "skorch", "tensorflow", "keras"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, NotInstalled())
import amzest
import numpy as np

model = amzest.load(sys.argv[1])
np.save(sys.argv[2], model.predict_proba(["red shoe", "old rake", ""]))
print({"torch", "tensorflow", "keras"} & {*sys.modules})
"""


def test_a_process_without_torch_loads_a_vote_of_linear_models(linear, tmp_path):
    members = [("a", linear), ("b", TextLinearClassifier(C=1.0, random_state=0))]
    vote = WeightedVotingClassifier(members, random_state=0).fit(TITLES, KINDS)
    path = amzest.save(vote, tmp_path / "model.amz")
    proba = tmp_path / "proba.npy"
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, path, proba],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "set()\n", done.stderr
    expected = vote.predict_proba(["red shoe", "old rake", ""])
    np.testing.assert_array_equal(np.load(proba), expected)


def test_loading_imports_no_framework(valid, tmp_path):
    path = tmp_path / "model.amz"
    path.write_bytes(valid)
    code = (
        "import sys, amzest; amzest.load(sys.argv[1]); "
        "print({'torch', 'tensorflow', 'keras'} & {*sys.modules}); "
        "from importlib.util import find_spec; "
        "assert find_spec('sklearn.externals.array_api_compat.torch')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, path], capture_output=True, text=True, check=False
    )
    assert done.stdout == "set()\n", done.stderr
    assert done.returncode == 0, done.stderr  # afterwards it can be imported


def set_version(version):
    def change(schema):
        for inner in list(walk(schema)):
            if "_amzest_version" in inner:
                inner["_amzest_version"]["content"] = json.dumps(version)

    return change


def walk(value):
    for inner in value.values() if isinstance(value, dict) else value:
        if isinstance(inner, dict | list):
            yield from walk(inner)
    if isinstance(value, dict):
        yield value


def test_other_versions_warn(valid, tmp_path):
    path = changed(valid, tmp_path / "model.amz", schema=set_version("0.0.7"))
    with pytest.warns(InconsistentVersionWarning, match=r"saved by amzest 0\.0\.7"):
        amzest.load(path)
    with warnings.catch_warnings():
        warnings.simplefilter("error", InconsistentVersionWarning)
        with pytest.raises(InconsistentVersionWarning):
            amzest.load(path)

    def older(metadata):
        metadata["versions"]["amzest"] = "0.0.7"

    tree = amzest.save(CategoryTree(["A", "B"]), tmp_path / "tree.amz").read_bytes()
    path = changed(tree, tmp_path / "tree.amz", metadata=older)
    with pytest.warns(InconsistentVersionWarning, match="CategoryTree was saved by"):
        amzest.load(path)


def test_a_later_format_names_the_version_to_install(valid, tmp_path):
    def later(metadata):
        metadata["format_version"] = 2
        metadata["versions"]["amzest"] = "9.0"

    path = changed(valid, tmp_path / "model.amz", metadata=later)
    for read in (amzest.load, read_metadata):
        with pytest.raises(ValueError, match=r"model\.amz .*install amzest 9\.0"):
            read(path)


def test_an_attribute_that_is_missing_names_the_versions(valid, tmp_path):
    def without(schema):
        content = schema["content"]
        place = list(content["content"]).index("linear_features_")
        del (
            content["content"]["linear_features_"],
            content["key_types"]["content"][place],
        )

    path = changed(valid, tmp_path / "model.amz", schema=without)
    with pytest.raises(ValueError, match=r"lacks `linear_features_`.* scikit-learn \d"):
        amzest.load(path)


@pytest.mark.parametrize("compress", [0, 3, ("gzip", 3), ("bz2", 3), ("xz", 3)])
def test_pickles_are_not_read(compress, tmp_path):
    path = tmp_path / "model.amz"
    joblib.dump({"x": 1}, path, compress=compress)
    for read in (amzest.load, read_metadata):
        with pytest.raises(ValueError, match=r"model\.amz is an? .*joblib\.load"):
            read(path)


def test_arrays_of_pickled_objects_are_not_read(valid, tmp_path):
    for content in (object_array("true"), pickled("true")):
        path = changed(valid, tmp_path / "model.amz", **{"0.npy": content})
        with pytest.raises(ValueError, match="an array in it is a pickle"):
            amzest.load(path)


def test_files_of_other_kinds_are_named(valid, tmp_path):
    path = tmp_path / "model.amz"
    with pytest.raises(FileNotFoundError, match=r"model\.amz"):
        amzest.load(path)
    for content, message in (
        (b"", "it is empty"),
        (b"hello", "not complete, or of another kind"),
        (valid[:-30], "not complete, or of another kind"),
        (archive_of({"data.pkl": b"x"}), "without schema.json"),
    ):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=message) as caught:
            amzest.load(path)
        assert str(path) in str(caught.value)


def test_no_code_of_manipulated_files_runs(valid, tmp_path):
    canary = tmp_path / "canary"
    path = tmp_path / "model.amz"
    command = f"touch {canary}"
    refused = 0
    for seed in range(60):
        kind, data = manipulated(valid, seed, command, str(canary))
        path.write_bytes(data)
        error = error_of(path)
        assert error is None or str(path) in str(error), kind
        assert not canary.exists(), kind
        refused += error is not None
    assert refused > 40  # a changed weight is not noticed


def error_of(path):
    try:
        amzest.load(path)
    except (ValueError, TypeError) as error:
        return error


CROSSFIT = "amzest.ensemble._cross_fit.CrossFit"
REFUSED = {
    "a class is called with values": node(
        "ConstructorFromReduceNode", CROSSFIT, content=tuple_of(text("x"))
    ),
    "a class as a key is called with text": dict_of(CROSSFIT, x=text(1)),
    "a class as a list": node("ListNode", CROSSFIT, content=[text(1)]),
    "an unknown object": node("CachedNode", "builtins.str", __id__=99),
    "more types than keys": {
        **dict_of("builtins.str"),
        "key_types": list_of(node("TypeNode", "builtins.str")),
    },
    "a file that is missing": node(
        "NdArrayNode", "numpy.ndarray", type="numpy", file="999.npy"
    ),
    "a large file read many times": list_of(
        *[node("NdArrayNode", "numpy.ndarray", type="numpy", file="0.npy")] * 2
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_nodes_that_save_does_not_write_are_refused(valid, tmp_path, case):
    def add(schema):
        schema["content"]["content"]["C"] = REFUSED[case]

    path = changed(valid, tmp_path / "model.amz", schema=add)
    with pytest.raises(ValueError, match="cannot be loaded"):
        amzest.load(path)


def test_a_schema_of_exponential_size_is_refused(valid, tmp_path):
    nested = list_of(text(0)) | {"__id__": 1000}
    for number in range(1001, 1100):
        stub = {"__loader__": "ListNode", "__id__": number - 1}
        nested = list_of(nested, stub | {"__module__": "builtins", "__class__": "list"})
        nested["__id__"] = number
    path = changed(valid, tmp_path / "model.amz", schema=lambda s: wrap(s, nested))
    with pytest.raises(ValueError, match="two different nodes have the id"):
        amzest.load(path)


def wrap(schema, value):
    schema["content"]["content"]["C"] = value


def test_archives_that_unpack_to_far_more_are_refused(valid, tmp_path):
    path = tmp_path / "model.amz"
    members = members_of(valid) | {"999.npy": bytes(2**27)}
    path.write_bytes(archive_of(members, zipfile.ZIP_DEFLATED))
    with pytest.raises(ValueError, match="would unpack to"):
        amzest.load(path)


def test_sparse_coefficients_out_of_range_are_refused(linear, tmp_path):
    coef = sparse.csr_array(linear.linear_model_.coef)
    many = TextLinearClassifier(random_state=0).fit(TITLES, KINDS)
    vars(many.linear_model_)["coef"] = coef
    path = amzest.save(many, tmp_path / "model.amz")
    assert amzest.load(path).predict(TITLES).tolist() == linear.predict(TITLES).tolist()
    members = members_of(path.read_bytes())
    (name,) = [name for name in members if name.endswith(".npz")]
    coef.indices[0] = 1_000_000
    buffer = io.BytesIO()
    sparse.save_npz(buffer, coef)
    path.write_bytes(archive_of(members | {name: buffer.getvalue()}))
    with pytest.raises(ValueError, match=r"model\.amz cannot be loaded"):
        amzest.load(path)


def test_packed_files_stay_in_their_folder(tmp_path):
    for name in ("../x.json", str(tmp_path / "x.json"), "a/../../x.json"):
        with (
            pytest.raises(ValueError, match="packed model contains"),
            opened({name: b""}),
        ):
            pass
    assert not list(tmp_path.iterdir())
