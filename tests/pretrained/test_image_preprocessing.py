"""Preprocessing as the image processors of transformers do it, without them."""

import json

import numpy as np
import pytest

from amzest.pretrained._image_preprocessing import (
    Preprocessing,
    read_preprocessing,
    resolve_preprocessing,
)

IMAGENET = {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}


def written(folder, config, name="preprocessor_config.json"):
    (folder / name).write_text(json.dumps(config))
    return read_preprocessing(folder)


@pytest.mark.parametrize(
    ("config", "size"),
    [
        ({"size": 224}, 224),
        ({"size": {"height": 384, "width": 384}}, 384),
        ({"size": {"shortest_edge": 224}, "crop_pct": 0.875}, 224),  # ConvNeXt
        (
            {
                "size": {"shortest_edge": 256},
                "do_center_crop": True,
                "crop_size": {"height": 224, "width": 224},
            },
            224,
        ),
        ({"size": {"shortest_edge": 256}, "crop_size": 240}, 240),
        (
            {"size": {"shortest_edge": 256}, "crop_size": 240, "do_center_crop": False},
            256,
        ),
        ({"size": [160, 160]}, 160),
    ],
)
def test_size_is_that_of_the_network(tmp_path, config, size):
    assert written(tmp_path, {**IMAGENET, **config})["image_size"] == size


def test_sizes_that_are_not_square_must_be_given(tmp_path):
    known = written(tmp_path, {**IMAGENET, "size": {"height": 224, "width": 112}})
    with pytest.raises(ValueError, match="`image_size` must be given: the folder"):
        resolve_preprocessing(known, "the folder")
    assert resolve_preprocessing(known, "it", image_size=128).image_size == 128


def test_values_of_a_folder_and_of_parameters(tmp_path):
    known = written(tmp_path, {**IMAGENET, "size": 224, "rescale_factor": 1 / 255})
    found = resolve_preprocessing(
        known, "the folder", image_size="auto", mean="auto", std=0.5
    )
    assert found == Preprocessing(224, (0.485, 0.456, 0.406), (0.5,) * 3, 1 / 255)


def test_pixels_are_rescaled_and_normalised():
    preprocessing = Preprocessing(2, (127.0,) * 3, (128.0,) * 3, 1.0)
    pixels = np.arange(24, dtype=np.uint8).reshape(2, 2, 2, 3) * 10
    found = preprocessing.apply(pixels)
    assert found.shape == (2, 3, 2, 2)
    assert found.dtype == np.float32
    expected = (pixels.transpose(0, 3, 1, 2) - np.float32(127)) / 128
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_channels_in_the_order_of_mobilevit(tmp_path):
    known = written(
        tmp_path,
        {"size": 32, "do_normalize": False, "do_flip_channel_order": True},
    )
    pixels = np.zeros((1, 32, 32, 3), dtype=np.uint8)
    pixels[..., 0] = 255
    found = resolve_preprocessing(known, "it").apply(pixels)
    assert found[0, :, 0, 0].tolist() == [0.0, 0.0, 1.0]


def efficientnet(pixel, *, include_top, rescale_offset=False):
    """Compute what EfficientNetImageProcessor does with a pixel."""
    value = pixel / 127.5 - 1 if rescale_offset else pixel / 255
    value = (value - 0.5) / 0.4
    return value / 0.4 if include_top else value


@pytest.mark.parametrize("include_top", [False, True])
@pytest.mark.parametrize("rescale_offset", [False, True])
def test_efficientnet_divides_twice(tmp_path, include_top, rescale_offset):
    known = written(
        tmp_path,
        {
            "size": 32,
            "image_mean": [0.5] * 3,
            "image_std": [0.4] * 3,
            "include_top": include_top,
            "rescale_offset": rescale_offset,
            "rescale_factor": 1 / 127.5 if rescale_offset else 1 / 255,
        },
    )
    pixels = np.full((1, 32, 32, 3), 200, dtype=np.uint8)
    expected = efficientnet(200, include_top=include_top, rescale_offset=rescale_offset)
    found = resolve_preprocessing(known, "it").apply(pixels)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_steps_that_are_switched_off(tmp_path):
    known = written(tmp_path, {"size": 32, "do_rescale": False, "do_normalize": False})
    assert resolve_preprocessing(known, "it") == Preprocessing(
        32, (0.0,) * 3, (1.0,) * 3, 1.0
    )


def test_the_image_processor_of_a_processor_is_read(tmp_path):
    known = written(
        tmp_path,
        {"image_processor": {**IMAGENET, "size": 64}},
        name="processor_config.json",
    )
    assert known["image_size"] == 64


def test_nothing_is_guessed(tmp_path):
    assert read_preprocessing(tmp_path) == {}
    with pytest.raises(ValueError, match="`image_size` and `mean` and `std` must be"):
        resolve_preprocessing({}, "the network", image_size="auto")
    assert "mean" not in written(tmp_path, {"size": 32})


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"mean": (0.5, 0.5)}, "`mean` is .*expected a number, or one for each"),
        ({"mean": [0.5, 0.5, float("nan")]}, "`mean`"),
        ({"std": (0.5, 0.0, 0.5)}, "`std` is .*expected numbers above 0"),
        ({"mean": 127.0}, "pixels range from 0 to 1. Pass rescale_factor=1"),
    ],
)
def test_invalid_values(params, message):
    values = {"image_size": 32, "mean": 0.5, "std": 0.5, **params}
    with pytest.raises(ValueError, match=message):
        resolve_preprocessing({}, "the network", **values)
