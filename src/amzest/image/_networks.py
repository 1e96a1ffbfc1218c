"""The Keras networks of the image classifiers, with one seed per layer."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import layers

#: Momentum of the running statistics of batch normalisation (Ioffe and Szegedy, 2015).
#: With Keras' default of 0.99 they lag behind the weights by hundreds of steps, which
#: training on a small table does not have.
BATCH_NORM_MOMENTUM = 0.9


class _Seeds:
    """Seeds of layers: Keras takes those that are not given from global `random`."""

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
    """Apply a convolution, optional pooling, batch normalisation and ReLU."""
    x = layers.Conv2D(
        filters,
        kernel_size,
        strides=strides,
        padding="same",
        use_bias=False,  # batch normalisation subtracts it again
        # He et al. (2015), Delving Deep into Rectifiers
        kernel_initializer=keras.initializers.HeNormal(seed=seeds()),
    )(x)
    if pool:  # before normalisation: a quarter of the elements to normalise
        x = layers.MaxPooling2D(2, padding="same")(x)
    x = layers.BatchNormalization(momentum=BATCH_NORM_MOMENTUM)(x)
    return layers.ReLU()(x)


def _classify(
    inputs: Any, x: Any, n_classes: int, dropout: float, seeds: _Seeds
) -> keras.Model:
    """Average over the image (Lin et al., 2014), drop out and compute logits."""
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
    """Build blocks of two 3x3 convolutions, each of half the size of the one before.

    VGG (Simonyan and Zisserman, 2015) with batch normalisation, and the mean over the
    image in place of its dense layers.
    """
    seeds = _Seeds(seed)
    inputs = keras.Input(input_shape)
    x = layers.Rescaling(1 / 127.5, -1)(inputs)  # (batch, 64, 64, 3)
    # The first convolution has a stride of 2: at full size it would take most of the
    # time.
    for block, width in enumerate(filters):  # 32 -> 16 -> 8 -> 4
        x = _convolve(x, width, 3, seeds, strides=1 if block else 2)
        x = _convolve(x, width, 3, seeds, pool=block < len(filters) - 1)
    return _classify(inputs, x, n_classes, dropout, seeds)


def _inception_module(x: Any, width: int, seeds: _Seeds) -> Any:
    """Apply convolutions of three sizes and average pooling side by side.

    The module of Szegedy et al. (2015), Going Deeper with Convolutions, with two
    changes: one 1x1 convolution reduces the channels for three branches at once, and
    two 3x3 convolutions replace the 5x5 one (Szegedy et al., 2016, section 3.1). The
    branches have 1/4, 3/8, 1/4 and 1/8 of the `width` channels.
    """
    reduced = _convolve(x, 5 * width // 8, 1, seeds)
    places = [width // 4, width // 2]
    pointwise, three, five = keras.ops.split(reduced, places, axis=-1)
    three = _convolve(three, 3 * width // 8, 3, seeds)
    five = _convolve(five, width // 4, 3, seeds)
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
    """Build a stem of convolutions and stages of Inception modules."""
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

    The batch normalisation of a `pretrained` body uses its running statistics in
    training too.
    """
    seeds = _Seeds(seed)
    state = random.getstate()  # the layers of the body take seeds from it
    body = keras.applications.InceptionV3(
        include_top=False, weights=None, input_shape=input_shape, name="body"
    )
    random.setstate(state)
    for layer in body.layers:  # initialised again, from our seeds
        if isinstance(layer, layers.Conv2D):
            initial = keras.initializers.GlorotUniform(seed=seeds())
            layer.kernel.assign(initial(layer.kernel.shape, dtype=layer.kernel.dtype))
    inputs = keras.Input(input_shape)
    x = layers.Rescaling(1 / 127.5, -1)(inputs)  # as in its pretraining
    x = body(x, training=False) if pretrained else body(x)  # (batch, h, w, 2048)
    return _classify(inputs, x, n_classes, dropout, seeds)


#: Builders by their name in `architecture_`.
NETWORKS: dict[str, Callable[..., keras.Model]] = {
    "image_cnn": image_cnn,
    "small_inception": small_inception,
    "inception_v3": inception_v3,
}
