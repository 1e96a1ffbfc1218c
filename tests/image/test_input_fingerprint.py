"""The fingerprint of the images that a table names, for the keys of cached fits."""

import pandas as pd

from amzest import ImageCNNClassifier


def test_fingerprint_changes_with_the_files_under_image_root(tmp_path):
    (tmp_path / "a.png").write_bytes(b"1")
    X = pd.DataFrame({"title": ["blue mug", "lamp"], "image": ["a.png", None]})
    classifier = ImageCNNClassifier(image_root=tmp_path)
    before = classifier.input_fingerprint(X)
    assert before == classifier.input_fingerprint(X["image"])
    (tmp_path / "a.png").write_bytes(b"12")
    assert classifier.input_fingerprint(X) != before


def test_fingerprint_is_none_if_there_is_no_file(tmp_path):
    classifier = ImageCNNClassifier(image_root=tmp_path)
    assert classifier.input_fingerprint(["gone.png", b"\x89PNG", None]) is None
