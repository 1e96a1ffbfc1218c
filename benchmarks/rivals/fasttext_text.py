"""fastText's supervised classifier, run by `fasttext_worker.py`.

make environment-fasttext
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
from rivals.linear_text import join_texts

SITE = Path(__file__).resolve().parents[2] / ".venv-fasttext" / "site"
WORKER = Path(__file__).with_name("fasttext_worker.py")

#: Words and word pairs; with character n-grams, fast and accurate.
SETTINGS: dict[str, dict[str, Any]] = {
    "words": {"epoch": 25, "lr": 0.5, "wordNgrams": 2},
    "characters": {"epoch": 25, "lr": 0.5, "wordNgrams": 2, "minn": 2, "maxn": 5},
    "longer": {"epoch": 50, "lr": 0.2, "wordNgrams": 2, "minn": 3, "maxn": 6},
}
_COMMON = {"dim": 100, "bucket": 200_000, "minCount": 1, "loss": "softmax"}


def is_installed() -> bool:
    """Return whether fastText is installed."""
    return (SITE / "fasttext").is_dir()


def plain_words(texts: pd.DataFrame) -> list[str]:
    """Return lower-case words separated by single spaces, as fastText requires."""
    return [" ".join(re.findall(r"\w+", text.lower())) for text in join_texts(texts)]


def run_fasttext(
    train: pd.DataFrame, labels: Any, test: pd.DataFrame, settings: dict[str, Any]
) -> tuple[Any, dict[str, float]]:
    """Fit on training rows and predict test rows.

    Parameters
    ----------
    train, test : DataFrame
        Text columns.

    labels : array-like of shape (n_train,)
        Categories of `train`.

    settings : dict
        One of `SETTINGS`.

    Returns
    -------
    predicted : ndarray of shape (n_test,)
        Categories of `test`.

    seconds : dict of str to float
        "fit_wall" and "fit_processor", without starting the process.
    """
    classes, codes = np.unique(np.asarray(labels, dtype=object), return_inverse=True)
    request = {
        "train": plain_words(train),
        "labels": codes.tolist(),
        "test": plain_words(test),
        "settings": {**_COMMON, "thread": os.cpu_count(), **settings},
    }
    with TemporaryDirectory() as folder:
        path = Path(folder, "request.json")
        path.write_text(json.dumps(request), encoding="utf-8")
        subprocess.run(
            [sys.executable, str(WORKER), str(path)],
            env=os.environ | {"PYTHONPATH": str(SITE)},
            check=True,
        )
        answer = json.loads(path.with_suffix(".answer").read_text(encoding="utf-8"))
    return classes[answer.pop("labels")], answer
