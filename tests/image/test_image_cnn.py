"""The convolutional network has the architecture of its parameters."""

import numpy as np
import pytest

from amzest.image import ImageCNNClassifier


@pytest.fixture(scope="module")
def images():
    rng = np.random.default_rng(0)
    X = rng.integers(0, 60, (24, 32, 32, 3)).astype(np.uint8)
    X[::2] += 150
    return X, np.array(["light", "dark"] * 12)


def test_blocks_of_two_convolutions(images):
    import keras

    model = ImageCNNClassifier(filters=(4, 6), image_size=32, max_epochs=1)
    model.fit(*images)
    layers = model.net_.model_.layers
    convolutions = [la for la in layers if isinstance(la, keras.layers.Conv2D)]
    assert [la.filters for la in convolutions] == [4, 4, 6, 6]
    assert {la.kernel_size for la in convolutions} == {(3, 3)}
    normalisations = [
        la for la in layers if isinstance(la, keras.layers.BatchNormalization)
    ]
    assert len(normalisations) == 4
    assert {la.momentum for la in normalisations} == {0.9}
    assert model.transform(images[0]).shape == (24, 6)


def test_invalid_filters(images):
    for filters in ((0,), (), (3.5,)):
        with pytest.raises(
            ValueError, match=r"'filters' parameter .* list of positive integers"
        ):
            ImageCNNClassifier(filters=filters).fit(*images)


def test_relative_paths_start_from_image_root(tmp_path, images):
    from PIL import Image

    X, y = images
    paths = []
    for i, pixels in enumerate(X):
        Image.fromarray(pixels).save(tmp_path / f"{i}.png")
        paths.append(f"{i}.png")
    settings = {"filters": (4,), "image_size": 32, "max_epochs": 1, "random_state": 0}
    from_files = ImageCNNClassifier(image_root=tmp_path, **settings).fit(paths, y)
    from_arrays = ImageCNNClassifier(**settings).fit(X, y)
    np.testing.assert_array_equal(
        from_files.predict_proba(paths), from_arrays.predict_proba(X)
    )


def test_an_error_names_the_wrong_image_root(tmp_path, images):
    message = (
        r"missing in all of the 2 training rows: 2 of 2 images in `image` lead "
        rf"to no file \(first: \"a.jpg\", below '{tmp_path}'; pass image_root="
    )
    with (
        pytest.warns(UserWarning, match="lead to no file"),
        pytest.raises(ValueError, match=message),
    ):
        ImageCNNClassifier(image_root=tmp_path).fit(["a.jpg", "b.jpg"], ["x", "y"])


def test_the_error_of_a_table_of_broken_images_names_their_number():
    model = ImageCNNClassifier(on_error="missing")
    with (
        pytest.warns(UserWarning, match="cannot be decoded"),
        pytest.raises(ValueError, match="2 of 3 images in `image` cannot be decoded"),
    ):
        model.fit([b"broken", None, "data:,x"], ["x", "y", "x"])
    with pytest.raises(ValueError, match="every cell is missing or blank"):
        model.fit([None, "", {"bytes": None, "path": None}], ["x", "y", "x"])


def test_pixel_limit_and_dicts(images):
    from io import BytesIO

    from PIL import Image

    X, y = images
    files = []
    for pixels in X:
        file = BytesIO()
        Image.fromarray(pixels).save(file, "PNG")
        files.append({"bytes": file.getvalue(), "path": "image.png"})
    settings = {"filters": (4,), "image_size": 32, "max_epochs": 1, "random_state": 0}
    model = ImageCNNClassifier(**settings).fit(files, y)
    np.testing.assert_array_equal(model.predict_proba(files), model.predict_proba(X))
    model.set_params(max_pixels=1023)
    with pytest.raises(ValueError, match="32 x 32 pixels; `max_pixels` is 1023"):
        model.predict(files)
    model.set_params(on_error="missing")
    with pytest.warns(UserWarning, match="24 of 24 images"):
        present = model.predict_proba_and_presence(files)[1]
    assert not present.any()
    for wrong in (0, -1, 1.5, None):
        with pytest.raises(ValueError, match="max_pixels"):
            ImageCNNClassifier(max_pixels=wrong).fit(X, y)


def test_results_are_equal_with_images_in_a_file(images):
    settings = {"filters": (4,), "image_size": 32, "max_epochs": 1, "random_state": 0}
    in_memory = ImageCNNClassifier(**settings).fit(*images)
    in_file = ImageCNNClassifier(max_memory=0, **settings).fit(*images)
    np.testing.assert_array_equal(
        in_memory.predict_proba(images[0]), in_file.predict_proba(images[0])
    )
