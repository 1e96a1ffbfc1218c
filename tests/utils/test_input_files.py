"""The state of the files that the cells of a table name."""

import os
from pathlib import Path

import numpy as np
import pandas as pd

from amzest.utils import file_states


def test_states_of_existing_files(tmp_path):
    (tmp_path / "a.JPG").write_bytes(b"123")
    (tmp_path / "b.txt").write_bytes(b"1")
    names = ["a.JPG", "b.txt", "gone.png", None, 3.5, "a title.png\0", Path("a.JPG")]
    frame = pd.DataFrame({"image": pd.Series(names, dtype=object)})
    root = str(tmp_path)
    expected = [
        (f"{root}/{name}", size, os.stat(tmp_path / name).st_mtime_ns)
        for name, size in (("a.JPG", 3), ("b.txt", 1))
    ]
    assert file_states(frame, root) == expected
    assert file_states(names, root) == expected
    assert file_states([f"{root}/a.JPG"]) == expected[:1]
    assert file_states(np.zeros((2, 3)), root) == []


def test_dict_of_bytes_and_path(tmp_path):
    (tmp_path / "a.avif").write_bytes(b"a")
    cells = [{"bytes": None, "path": "a.avif"}, {"bytes": b"b", "path": "b.jpg"}]
    assert [path for path, *_ in file_states(cells, tmp_path)] == [
        str(tmp_path / "a.avif")
    ]
