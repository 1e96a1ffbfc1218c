"""The Keras networks that read pictures; every layer is seeded by itself."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import layers

#: Share of the running statistics that a batch leaves in place. Keras' 0.99 lags behind
#: by hundreds of steps, which a small table does not have.
BATCH_NORM_MOMENTUM = 0.9


class _Seeds:
    """One integer after another: a Keras layer without a seed asks global `random`."""

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed)

    def __call__(self) -> int:
        return int(self._rng.integers(2**31 - 1))


def _convolve(
    x: Any,
    filters: int,
    kernel_size: int,
    seeds: _Seeds,
    *,
    strides: int = 1,
    pool: bool = False,
) -> Any:
    """Convolution, pooling if asked, batch normalisation, ReLU."""
    x = layers.Conv2D(
        filters,
        kernel_size,
        strides=strides,
        padding="same",
        use_bias=False,
        kernel_initializer=keras.initializers.HeNormal(seed=seeds()),
    )(x)
    if pool:  # before normalisation: a quarter of the elements to normalise
        x = layers.MaxPooling2D(2, padding="same")(x)
    x = layers.BatchNormalization(momentum=BATCH_NORM_MOMENTUM)(x)
    return layers.ReLU()(x)


def _classify(
    inputs: Any, x: Any, n_classes: int, dropout: float, seeds: _Seeds
) -> keras.Model:
    """Average over the picture, drop out and score each class."""
    x = layers.GlobalAveragePooling2D(name="features")(x)  # (batch, n_features_out)
    x = layers.Dropout(dropout, seed=seeds())(x)
    initializer = keras.initializers.GlorotUniform(seed=seeds())
    logits = layers.Dense(n_classes, kernel_initializer=initializer, name="logits")(x)
    return keras.Model(inputs, logits)  # (batch, n_classes)


def image_cnn(
    *,
    n_classes: int,
    n_features_out: int,
    input_shape: tuple[int, int, int],
    filters: Sequence[int],
    dropout: float,
    seed: int,
) -> keras.Model:
    """Build blocks of two 3x3 convolutions; each but the last halves the size.

    The first convolution halves it too: most of the time would go into full size.

    Parameters
    ----------
    n_classes : int
        Outputs.

    n_features_out : int
        Filters of the last block.

    input_shape : tuple of int
        Height, width and channels of a picture.

    filters : sequence of int
        Filters of each block.

    dropout : float
        Share of features dropped before the last layer.

    seed : int
        Seed of all layers.

    Returns
    -------
    keras.Model
        Uncompiled.
    """
    seeds = _Seeds(seed)
    inputs = keras.Input(input_shape)
    x = layers.Rescaling(1 / 127.5, -1)(inputs)  # (batch, 64, 64, 3)
    for block, width in enumerate(filters):  # 32 -> 16 -> 8 -> 4
        x = _convolve(x, width, 3, seeds, strides=1 if block else 2)
        x = _convolve(x, width, 3, seeds, pool=block < len(filters) - 1)
    return _classify(inputs, x, n_classes, dropout, seeds)


def _inception_module(x: Any, width: int, seeds: _Seeds) -> Any:
    """Look at three scales and the neighbourhood's mean side by side."""
    reduced = _convolve(x, 5 * width // 8, 1, seeds)  # for three branches at once
    places = [width // 4, width // 2]
    pointwise, three, five = keras.ops.split(reduced, places, axis=-1)
    three = _convolve(three, 3 * width // 8, 3, seeds)
    five = _convolve(five, width // 4, 3, seeds)  # 5x5 as two 3x3
    five = _convolve(five, width // 4, 3, seeds)
    pooled = layers.AveragePooling2D(3, strides=1, padding="same")(x)
    pooled = _convolve(pooled, width // 8, 1, seeds)
    branches = [pointwise, three, five, pooled]
    return layers.Concatenate()(branches)  # (batch, height, width, width)


def small_inception(
    *,
    n_classes: int,
    n_features_out: int,
    input_shape: tuple[int, int, int],
    stem_filters: Sequence[int],
    filters: Sequence[int],
    modules_per_stage: Sequence[int],
    dropout: float,
    seed: int,
) -> keras.Model:
    """Build a stem of convolutions and stages of Inception modules, each half the size.

    Parameters
    ----------
    n_classes : int
        Outputs.

    n_features_out : int
        Filters of the last stage.

    input_shape : tuple of int
        Height, width and channels of a picture.

    stem_filters : sequence of int
        Filters of each convolution of the stem.

    filters : sequence of int
        Filters of the modules of each stage, multiples of 8.

    modules_per_stage : sequence of int
        Modules of each stage.

    dropout : float
        Share of features dropped before the last layer.

    seed : int
        Seed of all layers.

    Returns
    -------
    keras.Model
        Uncompiled.
    """
    seeds = _Seeds(seed)
    inputs = keras.Input(input_shape)
    x = layers.Rescaling(1 / 127.5, -1)(inputs)  # (batch, 64, 64, 3)
    for step, width in enumerate(stem_filters):  # 32 -> 16 -> 8
        x = _convolve(x, width, 3, seeds, strides=1 if step else 2, pool=step > 0)
    for stage, width in enumerate(filters):  # 8, then 4
        if stage:
            x = layers.MaxPooling2D(2, padding="same")(x)
        for _ in range(modules_per_stage[stage]):
            x = _inception_module(x, width, seeds)
    return _classify(inputs, x, n_classes, dropout, seeds)


def inception_v3(
    *,
    n_classes: int,
    n_features_out: int,
    input_shape: tuple[int, int, int],
    pretrained: bool,
    dropout: float,
    seed: int,
) -> keras.Model:
    """Build InceptionV3 with a new last layer; its body is the layer "body".

    Parameters
    ----------
    n_classes : int
        Outputs.

    n_features_out : int
        2048, the channels of the body.

    input_shape : tuple of int
        Height, width and channels of a picture, at least 75 x 75.

    pretrained : bool
        Whether weights will be loaded: then batch normalisation keeps their statistics
        in training too.

    dropout : float
        Share of features dropped before the last layer.

    seed : int
        Seed of all layers.

    Returns
    -------
    keras.Model
        Uncompiled.
    """
    seeds = _Seeds(seed)
    state = random.getstate()  # which the layers of the body draw seeds from
    body = keras.applications.InceptionV3(
        include_top=False, weights=None, input_shape=input_shape, name="body"
    )
    random.setstate(state)
    for layer in body.layers:  # its initialisers have no seed: draw again from ours
        if isinstance(layer, layers.Conv2D):
            draw = keras.initializers.GlorotUniform(seed=seeds())
            layer.kernel.assign(draw(layer.kernel.shape, dtype=layer.kernel.dtype))
    inputs = keras.Input(input_shape)
    x = layers.Rescaling(1 / 127.5, -1)(inputs)  # what its weights expect
    x = body(x, training=False) if pretrained else body(x)  # (batch, h, w, 2048)
    return _classify(inputs, x, n_classes, dropout, seeds)


#: Builders by the name that a fitted classifier keeps.
NETWORKS: dict[str, Callable[..., keras.Model]] = {
    "image_cnn": image_cnn,
    "small_inception": small_inception,
    "inception_v3": inception_v3,
}
