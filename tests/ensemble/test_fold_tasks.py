"""The key of what is kept follows the photos behind paths."""

import os
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from counting import CountingClassifier, file_sizes
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from amzest.ensemble import CrossFit
from amzest.ensemble._fold_tasks import photo_states


def test_states_of_photos_that_are_there(tmp_path):
    (tmp_path / "a.JPG").write_bytes(b"123")
    (tmp_path / "b.txt").write_bytes(b"1")
    names = ["a.JPG", "b.txt", "gone.png", None, 3.5, "a title.png\0", Path("a.JPG")]
    frame = pd.DataFrame({"image": pd.Series(names, dtype=object)})
    root = str(tmp_path)
    expected = [(f"{root}/a.JPG", 3, os.stat(tmp_path / "a.JPG").st_mtime_ns)]
    assert photo_states(frame, ["", root]) == expected
    assert photo_states(names, ["", root]) == expected
    assert photo_states([f"{root}/a.JPG"], [""]) == expected
    assert photo_states(np.zeros((2, 3)), ["", root]) == []


@pytest.mark.parametrize("changed", [True, False])
def test_photo_that_changed_is_learnt_from_anew(tmp_path, changed):
    paths = []
    for i in range(12):
        paths.append(str(tmp_path / f"{i}.png"))
        Path(paths[-1]).write_bytes(bytes(i + 1))

    member = make_pipeline(FunctionTransformer(file_sizes), CountingClassifier())
    memory = joblib.Memory(tmp_path / "kept", verbose=0)
    crossfit = CrossFit([("size", member)], cv=2, memory=memory)
    crossfit.fit(paths, [0, 1] * 6)
    if changed:
        Path(paths[3]).write_bytes(bytes(99))
    CountingClassifier.n_fits = 0
    crossfit.fit(paths, [0, 1] * 6)
    assert CountingClassifier.n_fits == (3 if changed else 0)


def test_dicts_of_bytes_and_path_name_files_too(tmp_path):
    (tmp_path / "a.avif").write_bytes(b"a")
    cells = [{"bytes": None, "path": "a.avif"}, {"bytes": b"b", "path": "b.jpg"}]
    assert [path for path, *_ in photo_states(cells, [str(tmp_path)])] == [
        str(tmp_path / "a.avif")
    ]
