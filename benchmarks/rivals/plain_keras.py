"""Plain Keras networks, as in typical notebooks on product classification.

They have common settings. For texts: the 20,000 most frequent words padded to length
100, an embedding, one convolution and global max pooling. For images: RGB images
resized to 64x64, and blocks of 32, 64 and 128 filters. Both end with a dense layer of
128 units, a dropout rate of 0.5 and softmax, and use Adam, batches of 32 and no
augmentation.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from rivals.image_forest import read_images
from rivals.linear_text import join_texts
from sklearn.base import BaseEstimator, ClassifierMixin

N_WORDS, LENGTH, IMAGE_SIZE = 20_000, 100, 64


class PlainKerasClassifier(ClassifierMixin, BaseEstimator):
    """Base class of classifiers with a Keras model.

    Parameters
    ----------
    epochs : int
        Number of epochs.

    random_state : int, default=0
        Seed of Keras' random generators.
    """

    def __init__(self, epochs: int, random_state: int = 0) -> None:
        self.epochs = epochs
        self.random_state = random_state

    def _read(self, table: pd.DataFrame) -> Any:
        raise NotImplementedError

    def _layers(self, rows: Any) -> list[Any]:
        raise NotImplementedError

    def fit(self, table: pd.DataFrame, labels: Any) -> Self:
        """Fit the network."""
        import keras
        from keras import layers

        keras.utils.set_random_seed(self.random_state)
        self.classes_, codes = np.unique(
            np.asarray(labels, dtype=object), return_inverse=True
        )
        self._learn(table)
        rows = self._read(table)
        self.model_ = keras.Sequential(
            [
                *self._layers(rows),
                layers.Dense(128, activation="relu"),
                layers.Dropout(0.5),
                layers.Dense(len(self.classes_), activation="softmax"),
            ]
        )
        self.model_.compile("adam", "sparse_categorical_crossentropy")
        self.model_.fit(rows, codes, batch_size=32, epochs=self.epochs, verbose=0)
        return self

    def _learn(self, table: pd.DataFrame) -> None:
        """Learn the preprocessing state; none by default."""

    def predict(self, table: pd.DataFrame) -> Any:
        """Return the most probable category of each row."""
        scores = self.model_.predict(self._read(table), batch_size=256, verbose=0)
        return self.classes_[scores.argmax(axis=1)]


class PlainTextCNN(PlainKerasClassifier):
    """CNN for the text columns of a table."""

    def _learn(self, table: pd.DataFrame) -> None:
        from keras.layers import TextVectorization

        self._words = TextVectorization(N_WORDS, output_sequence_length=LENGTH)
        self._words.adapt(join_texts(table).tolist())

    def _read(self, table: pd.DataFrame) -> Any:
        import tensorflow

        texts = tensorflow.constant(join_texts(table).tolist())
        return np.asarray(self._words(texts))

    def _layers(self, rows: Any) -> list[Any]:
        from keras import layers

        return [
            layers.Embedding(N_WORDS, 100),
            layers.Conv1D(128, 5, activation="relu"),
            layers.GlobalMaxPooling1D(),
        ]


class PlainImageCNN(PlainKerasClassifier):
    """CNN for the column `image` of a table.

    Parameters
    ----------
    root : Path
        Folder that paths are relative to.

    epochs : int
        Number of epochs.

    random_state : int, default=0
        Seed of Keras' random generators.
    """

    def __init__(self, root: Path, epochs: int, random_state: int = 0) -> None:
        super().__init__(epochs, random_state)
        self.root = root

    def _read(self, table: pd.DataFrame) -> Any:
        images = read_images(table["image"].tolist(), self.root, IMAGE_SIZE)
        return images.astype(np.float32) / 255

    def _layers(self, rows: Any) -> list[Any]:
        from keras import layers

        blocks: list[Any] = [layers.Input(rows.shape[1:])]
        for width in (32, 64, 128):
            blocks.append(layers.Conv2D(width, 3, activation="relu"))
            blocks.append(layers.MaxPooling2D(2))
        return [*blocks, layers.Flatten()]
