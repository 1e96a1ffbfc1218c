"""
Fine-tune pretrained InceptionV3 weights
========================================

With few training images it can help to start from weights that were learned on a much
larger dataset. This example passes a file of InceptionV3 weights to
:class:`~amzest.ImageInceptionClassifier`, shows how many weights each choice of
``fine_tune_from`` trains, and fits the classifier.

Nothing is downloaded: the file contains random weights in the format of the published
ones. The example shows how to use such a file, not the accuracy to expect from it.
"""

# %%
# A file of weights
# -----------------
# With ``weights="imagenet"`` Keras downloads the published weights (about 90 MB) or
# takes them from its cache. For a machine without a network connection, save them to a
# file on another machine:
#
# .. code-block:: python
#
#     keras.applications.InceptionV3(
#         include_top=False, weights="imagenet"
#     ).save_weights("inception_v3.weights.h5")
#
# The file that Keras publishes and keeps in its cache,
# ``inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5``, is accepted as well.
# Here the file is created with ``weights=None``, that is with random weights.

from pathlib import Path
from tempfile import TemporaryDirectory

import keras

folder = TemporaryDirectory()
keras.utils.set_random_seed(0)
body = keras.applications.InceptionV3(include_top=False, weights=None)
path = Path(folder.name, "inception_v3.weights.h5")
body.save_weights(path)
print(f"{path.name}: {path.stat().st_size / 2**20:.0f} MiB, {body.count_params():,}")

# %%
# Which weights are trained
# -------------------------
# Training has two stages. For the first ``frozen_epochs`` only the output layer is
# trained. Then the layers after the block ``fine_tune_from`` are trained too, with a
# tenth of the learning rate; batch normalization layers stay frozen. The plot shows how
# many weights each choice trains. With few images, start with ``None`` (the pretrained
# body stays frozen) or ``"mixed9"``, and move to earlier blocks as long as
# cross-validated scores improve.

import matplotlib.pyplot as plt
import numpy as np

blocks = [f"mixed{block}" for block in range(11)]
names = [layer.name for layer in body.layers]
trained = [
    sum(
        layer.count_params()
        for layer in body.layers[names.index(block) + 1 :]
        if not isinstance(layer, keras.layers.BatchNormalization)
    )
    for block in blocks
]
figure, axes = plt.subplots(figsize=(7, 3.5), layout="constrained")
bars = axes.bar(blocks, np.array(trained) / 1e6)
axes.bar_label(bars, fmt="%.1f")
axes.set(
    title="Weights of InceptionV3 that fine-tuning trains",
    xlabel="fine_tune_from",
    ylabel="Weights (millions)",
)
axes.margins(y=0.12)
axes.tick_params(axis="x", labelrotation=45)

# %%
# Fit
# ---
# A fit on a few synthetic images of the smallest size that InceptionV3 accepts. The
# weights are random, so the accuracy is of no interest; the fit time would be the same
# with published weights. On a dataset as small as this one, building the network takes
# most of the time.

import time

from amzest import ImageInceptionClassifier, make_products

X, y = make_products(24, n_categories=4, image_size=75, return_X_y=True, random_state=0)
for fine_tune_from in (None, "mixed9"):
    network = ImageInceptionClassifier(
        architecture="inception_v3",
        weights=path,
        frozen_epochs=1,
        fine_tune_from=fine_tune_from,
        image_size=75,
        max_epochs=2,
        random_state=0,
    )
    start = time.perf_counter()
    network.fit(X["image"], y)
    seconds = time.perf_counter() - start
    print(f"fine_tune_from={fine_tune_from!r:<9} {seconds:.0f} s for two epochs")

# %%
# As a transformer, the classifier returns the activations before the output layer:
# 2,048 features per image, which can be passed to a linear model. The fitted classifier
# stores all weights itself and no longer needs the file.

folder.cleanup()
network.transform(X["image"]).shape
