"""
Save a model and load it in another process
===========================================

A model is often trained on one machine, for example with a GPU, and used on another.
This example saves a fitted pipeline, shows what the file contains, loads it in a second
Python process, and measures the time of predictions.
"""

# %%
# Fit and save
# ------------
# :func:`amzest.save` writes a fitted pipeline to a file that runs no code when it is
# loaded.

from pathlib import Path
from tempfile import TemporaryDirectory

from sklearn.pipeline import make_pipeline

from amzest import ColumnSelector, TextCNNClassifier, load, make_products, save

X, y = make_products(1500, image_size=8, return_X_y=True, random_state=0)
texts = X[["title", "description"]]
X_train, y_train, X_new = texts[:500], y[:500], texts[500:]

model = make_pipeline(
    ColumnSelector(["title", "description"]),
    TextCNNClassifier(max_epochs=6, random_state=0),
)
model.fit(X_train, y_train)
proba = model.predict_proba(X_new)

folder = TemporaryDirectory()
path = save(
    model,
    Path(folder.name, "model.amz"),
    description="Departments of synthetic products.",
    data=X_train,
    scores={"accuracy": model.score(X_new, y[500:])},
)

# %%
# Content of the file
# -------------------
# The file contains no PyTorch or TensorFlow objects. The fitted attributes are NumPy
# arrays and plain Python values, independent of the device: a model that was trained on
# a GPU with ``device="auto"`` can be loaded on a machine without one. The network is
# rebuilt from `architecture_` and `weights_` at the first prediction.

from pprint import pprint

import pandas as pd

network = model[-1]
print(f"{path.name}: {path.stat().st_size / 1e6:.1f} MB")
print(f"vocabulary_: {len(network.vocabulary_)} words")
print("architecture_:")
pprint(network.architecture_, compact=True, sort_dicts=False)
pd.DataFrame(
    [
        (name, value.shape, value.dtype, value.nbytes / 1e6)
        for name, value in network.weights_.items()
    ],
    columns=["weights_", "shape", "dtype", "MB"],
).round(3)

# %%
# Most of the file is one table, the embeddings of words and hashed character n-grams. A
# smaller `n_buckets` reduces the size; several n-grams then share a row. Measure the
# effect on the accuracy on your own data.

small = make_pipeline(
    ColumnSelector(["title", "description"]),
    TextCNNClassifier(max_epochs=6, n_buckets=4096, random_state=0),
)
small.fit(X_train, y_train)
small_path = save(small, path.with_name("small.amz"))
for each in (path, small_path):
    accuracy = load(each).score(X_new, y[500:])
    print(f"{each.name}: {each.stat().st_size / 1e6:.1f} MB, accuracy {accuracy:.3f}")

# %%
# The metadata are read without loading the model, here as a model card in Markdown.

from amzest.persistence import model_card

print(model_card(path, title="Departments"))

# %%
# `net_` is the live network: a skorch net for texts, whose `module_` is a PyTorch
# module, and a scikeras classifier for images, whose `model_` is a Keras model. It is
# created on demand and not saved.

network.net_.module_

# %%
# Load in another process
# -----------------------
# The other process needs amzest and the framework of the model, here PyTorch, but not
# the code above. The predictions are identical.

import subprocess
import sys

import numpy as np

X_new.to_pickle(Path(folder.name, "new.pkl"))
program = """
import time

import amzest
import numpy as np
import pandas as pd

X_new = pd.read_pickle("new.pkl")
start = time.perf_counter()
model = amzest.load("model.amz")
print(f"loading: {time.perf_counter() - start:.2f} s")
for call in ("first", "second", "third"):
    start = time.perf_counter()
    model.predict(X_new[:1])
    print(f"{call} prediction: {time.perf_counter() - start:.4f} s")
np.save("proba.npy", model.predict_proba(X_new))
"""
done = subprocess.run(
    [sys.executable, "-c", program],
    cwd=folder.name,
    capture_output=True,
    text=True,
    check=True,
)
print(done.stdout)
print("equal:", np.array_equal(proba, np.load(Path(folder.name, "proba.npy"))))

# %%
# The first prediction takes longest, because it imports PyTorch and builds the network.
# A service should make one prediction at startup. :func:`~amzest.serving.create_app`
# returns a web service that does so, for uvicorn and other servers; the command
# ``amzest serve model.amz`` runs it.

from amzest.serving import create_app

app = create_app(model)
print([route.path for route in app.routes])

# %%
# Predictions are identical for the same batch on the same machine with the same
# versions. In batches of another size, on a GPU or with another version of PyTorch, the
# last digits can differ; see :doc:`/user_guide/reproducibility`.
#
# Prediction time
# ---------------
# Each call has a constant overhead. The plot shows the median time per call on the left
# and per product on the right.

import time

import matplotlib.pyplot as plt

batch_sizes = [1, 3, 10, 30, 100, 300, 1000]
seconds = []
for batch_size in batch_sizes:
    calls = []
    for _ in range(7):
        start = time.perf_counter()
        model.predict_proba(X_new[:batch_size])
        calls.append(time.perf_counter() - start)
    seconds.append(np.median(calls))

per_call = 1000 * np.array(seconds)
figure, axes = plt.subplots(1, 2, figsize=(8, 3.6), layout="constrained")
figure.suptitle("Prediction time by batch size")
for ax, values, label in [
    (axes[0], per_call, "Milliseconds per call"),
    (axes[1], per_call / batch_sizes, "Milliseconds per product"),
]:
    ax.loglog(batch_sizes, values, "o-")
    ax.set(xlabel="Batch size", ylabel=label)
    ax.grid(alpha=0.3)

# %%
# Where the left curve is flat, additional products take almost no time. Predict many
# products in one call, and do not loop over the rows of a table. See
# :doc:`/user_guide/speed`.
#
# Requirements
# ------------
#
# - *Types.* Classes and functions of other packages, or of your own, are refused unless
#   they are passed as ``trusted``, and must be importable in the other process.
#   :func:`~amzest.persistence.trusted_types` are those that are not refused; MLflow
#   needs them as ``skops_trusted_types``.
# - *Versions.* Another version of amzest issues an
#   :class:`~amzest.exceptions.InconsistentVersionWarning`. The versions are in the
#   metadata.
# - *Paths.* Images are not in the file. Relative image paths start at `image_root`, or
#   at the working directory of the process.
#
# :doc:`/user_guide/persistence` has more details.

from amzest.persistence import read_metadata, trusted_types

print(trusted_types()[0])
pprint(read_metadata(path)["versions"], sort_dicts=False)
folder.cleanup()

# sphinx_gallery_thumbnail_number = 1
