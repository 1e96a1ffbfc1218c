"""Pretrained weights of InceptionV3, and which of its layers are fine-tuned."""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable
from os import PathLike
from pathlib import Path

import keras

BODY = "body"


def load_body(model: keras.Model, weights: str | PathLike[str]) -> None:
    """Load weights into the body of the network :func:`inception_v3`.

    "imagenet" are those that Keras downloads or finds in its cache; a path is a file
    that `save_weights` of InceptionV3(include_top=False) wrote.
    """
    body = model.get_layer(BODY)
    if weights == "imagenet":
        state = random.getstate()  # the layers take their seeds from the global one
        published = keras.applications.InceptionV3(
            include_top=False, weights="imagenet", input_shape=body.input_shape[1:]
        )
        random.setstate(state)
        body.set_weights(published.get_weights())
        return
    path = Path(weights)
    if not path.is_file():
        raise ValueError(
            f'`weights` is "{path}", but there is no such file. Pass a file written by '
            "keras.applications.InceptionV3(include_top=False).save_weights(...), "
            '"imagenet" or None.'
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # the error below tells more
            body.load_weights(path)
    except (OSError, ValueError, KeyError) as error:
        raise ValueError(
            f'`weights` "{path}" does not contain the weights of '
            "keras.applications.InceptionV3(include_top=False) "
            f"({str(error).splitlines()[0]})."
        ) from error


def freeze_body(model: keras.Model) -> None:
    """Make the last layer the only trainable one."""
    for layer in model.get_layer(BODY).layers:
        layer.trainable = False


def thaw_from(block: str) -> Callable[[keras.Model], None]:
    """Return a function that makes the layers of the body after a block trainable.

    Batch normalisation stays frozen: its statistics of the pretraining are better than
    those of a small table (https://keras.io/guides/transfer_learning/).
    """

    def thaw(model: keras.Model) -> None:
        reached = False
        for layer in model.get_layer(BODY).layers:
            frozen = isinstance(layer, keras.layers.BatchNormalization)
            layer.trainable = reached and not frozen
            reached = reached or layer.name == block

    return thaw
