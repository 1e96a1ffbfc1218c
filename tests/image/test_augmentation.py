"""Augmentation changes images a little, and depends on the generator alone."""

import numpy as np

from amzest.image import _augmentation
from amzest.image._augmentation import augment


def images():
    return np.random.default_rng(0).integers(0, 255, (6, 16, 12, 3)).astype(np.uint8)


def test_same_generator_same_bits_and_range():
    first = augment(images(), np.random.default_rng(1))
    second = augment(images(), np.random.default_rng(1))
    other = augment(images(), np.random.default_rng(2))
    np.testing.assert_array_equal(first, second)
    assert (first != other).any()
    assert first.shape == (6, 16, 12, 3)
    assert first.dtype == np.float32
    assert first.min() >= 0
    assert first.max() <= 255


def test_with_limits_of_zero_images_are_only_mirrored(monkeypatch):
    for name in ("ZOOM", "STRETCH", "SHIFT", "BRIGHTNESS"):
        monkeypatch.setattr(_augmentation, name, 0.0)
    before = images().astype(np.float32)
    after = augment(images(), np.random.default_rng(0))
    mirrored = 0
    for one, other in zip(before, after, strict=True):
        if np.allclose(one, other, atol=1e-2):
            continue
        np.testing.assert_allclose(one[:, ::-1], other, atol=1e-2)
        mirrored += 1
    assert 0 < mirrored < len(before)


def test_an_image_of_one_colour_keeps_one_colour():
    flat = np.full((4, 16, 16, 3), 100, np.uint8)
    after = augment(flat, np.random.default_rng(0))
    np.testing.assert_allclose(after - after[:, :1, :1], 0, atol=1e-3)
    assert np.abs(after - 100).max() <= 10.01
