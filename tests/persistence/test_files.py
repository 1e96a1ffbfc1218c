"""Files that older versions have written are loaded, with the same predictions."""

import warnings
from pathlib import Path

import numpy as np
import pytest
from make_files import NEW

import amzest
from amzest.exceptions import InconsistentVersionWarning
from amzest.persistence import model_card, read_metadata

FILES = sorted(Path(__file__).parent.glob("files/*.amz"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_files_of_older_versions_predict_the_same(path):
    with warnings.catch_warnings():
        # Expected, once this is a later version.
        warnings.simplefilter("ignore", InconsistentVersionWarning)
        model = amzest.load(path)
    expected = np.load(path.with_suffix(".npy"))
    # Other processors and versions of torch and NumPy round in another order.
    np.testing.assert_allclose(model.predict_proba(NEW), expected, rtol=1e-5, atol=1e-7)
    assert read_metadata(path)["model"] == type(model).__name__
    assert "## Limits" in model_card(path)


def test_no_file_is_missing():
    assert {path.stem for path in FILES} >= {
        "linear-1",
        "cnn-1",
        "vote-1",
        "hierarchy-1",
    }
    assert sum(path.stat().st_size for path in FILES) < 200_000
