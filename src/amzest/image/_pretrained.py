"""Weights that InceptionV3 starts from, and which of its layers go on learning."""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable
from os import PathLike
from pathlib import Path

import keras

BODY = "body"


def load_body(model: keras.Model, weights: str | PathLike[str]) -> None:
    """Load weights into the body of :func:`amzest.image._networks.inception_v3`.

    Parameters
    ----------
    model : keras.Model
        The whole network.

    weights : "imagenet" or path
        "imagenet" has Keras fetch the published weights (or take them from its cache);
        a path names a file written by ``keras.Model.save_weights`` from
        ``keras.applications.InceptionV3(include_top=False)``.

    Raises
    ------
    ValueError
        When the file is not there or does not fit; names the argument.
    """
    body = model.get_layer(BODY)
    if weights == "imagenet":
        state = random.getstate()
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
            warnings.simplefilter("ignore", UserWarning)  # the error says it all
            body.load_weights(path)
    except (OSError, ValueError, KeyError) as error:
        raise ValueError(
            f'`weights` "{path}" does not hold the weights of '
            "keras.applications.InceptionV3(include_top=False) "
            f"({str(error).splitlines()[0]})."
        ) from error


def freeze_body(model: keras.Model) -> None:
    """Let only the last layer learn."""
    for layer in model.get_layer(BODY).layers:
        layer.trainable = False


def thaw_from(block: str) -> Callable[[keras.Model], None]:
    """Return a function that lets the body learn from a block on.

    Parameters
    ----------
    block : str
        Name of a layer of the body, such as "mixed7": what follows it learns, but for
        batch normalisation.

    Returns
    -------
    callable
        Takes the whole network.
    """

    def choose(model: keras.Model) -> None:
        reached = False
        for layer in model.get_layer(BODY).layers:
            normalises = isinstance(layer, keras.layers.BatchNormalization)
            layer.trainable = reached and not normalises
            reached = reached or layer.name == block

    return choose
