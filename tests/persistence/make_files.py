"""Write the files of models that later versions must load, with their predictions.

    python tests/persistence/make_files.py [NAME ...]

Run it only to add files of a new format version, under a new name: those in the folder
are never written again, because they show what older versions wrote.
"""

import sys
from pathlib import Path

import numpy as np

import amzest
from amzest import TextCNNClassifier, TextLinearClassifier
from amzest.ensemble import WeightedVotingClassifier
from amzest.meta import HierarchicalClassifier

FOLDER = Path(__file__).parent / "files"
TITLES = [
    *("red running shoe", "blue shoe", "old boot", "leather sandal", "shoe", "boot"),
    *("garden hose", "steel spade", "rake", "old rake", "blue hose", "hose"),
] * 2
KINDS = (["shoes"] * 6 + ["garden"] * 6) * 2
PATHS = [f"All > {kind}" if i % 3 else "All > other" for i, kind in enumerate(KINDS)]
NEW = ["red boot", "blue spade", "", "garden shoes", None]


def linear():
    return TextLinearClassifier(C=1.0, random_state=0).fit(TITLES, KINDS)


def cnn():
    return TextCNNClassifier(
        embedding_size=8,
        n_buckets=256,
        n_filters=8,
        kernel_sizes=(2, 3),
        max_epochs=2,
        random_state=0,
    ).fit(TITLES, KINDS)


def vote():
    members = [("one", TextLinearClassifier(C=1.0)), ("two", TextLinearClassifier())]
    return WeightedVotingClassifier(members, random_state=0).fit(TITLES, KINDS)


def hierarchy():
    return HierarchicalClassifier(TextLinearClassifier(C=1.0)).fit(TITLES, PATHS)


MODELS = {"linear": linear, "cnn": cnn, "vote": vote, "hierarchy": hierarchy}

if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name in sys.argv[1:] or MODELS:
        path = FOLDER / f"{name}-1.amz"
        if path.exists():
            sys.exit(f"{path} exists; choose another name.")
        model = MODELS[name]()
        amzest.save(model, path, description="For tests of later versions.")
        np.save(path.with_suffix(".npy"), model.predict_proba(NEW))
