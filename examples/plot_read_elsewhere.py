"""
Read a fitted model elsewhere
=============================

A model is trained in one process, often on a machine with a GPU, and answers in
another one, mostly without. What is in its file, how large is it, does it say the same
there, and how long does an answer take? This example writes a fitted pipeline to a
file, reads it in a second Python process and measures.

"""

# %%
# Train and write
# ---------------
# A fitted pipeline is written as any other of scikit-learn, with pickle or joblib.

from pathlib import Path
from tempfile import TemporaryDirectory

import joblib
from sklearn.pipeline import make_pipeline

from amzest import ColumnSelector, TextCNNClassifier, make_products

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
path = Path(folder.name, "model.joblib")
_ = joblib.dump(model, path)

# %%
# What the file holds
# -------------------
# No live network is in it. What `fit` has learnt are NumPy arrays and plain values, and
# nothing in them says where they were computed: a model that was trained on a GPU with
# ``device="auto"`` is read where there is none and computes on the processor. The
# network is built again from `architecture_` and `weights_` when it is first asked.

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
# Nearly all of it is one table: the vectors of words and of hashed character n-grams.
# Where the size matters, a smaller `n_buckets` makes it small, and more n-grams share a
# row. That may cost accuracy, which is to be measured on your products.

small = make_pipeline(
    ColumnSelector(["title", "description"]),
    TextCNNClassifier(max_epochs=6, n_buckets=4096, random_state=0),
)
small.fit(X_train, y_train)
_ = joblib.dump(small, path.with_name("small.joblib"))
for name, fitted in {"model.joblib": model, "small.joblib": small}.items():
    size = path.with_name(name).stat().st_size / 1e6
    print(f"{name}: {size:.1f} MB, accuracy {fitted.score(X_new, y[500:]):.3f}")

# %%
# Who wants to look at the live network gets it as `net_`: a skorch net for texts, whose
# `module_` is the PyTorch module, and for photos a scikeras classifier, whose `model_`
# is the Keras model. It is built on demand and never written.

network.net_.module_

# %%
# Read in another process
# -----------------------
# The other process needs amzest and the model's framework, here PyTorch, and no line of
# the code above. The answers are the same to the last bit.

import subprocess
import sys

import numpy as np

X_new.to_pickle(Path(folder.name, "new.pkl"))
program = """
import time

import joblib
import numpy as np
import pandas as pd

X_new = pd.read_pickle("new.pkl")
start = time.perf_counter()
model = joblib.load("model.joblib")
print(f"reading: {time.perf_counter() - start:.2f} s")
for call in ("first", "second", "third"):
    start = time.perf_counter()
    model.predict(X_new[:1])
    print(f"{call} product: {time.perf_counter() - start:.4f} s")
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
# The first answer takes longest, because it imports PyTorch and builds the network. A
# service should ask the model about one product before it takes requests.
#
# Equal to the last bit are answers to the same rows in one call, on the same machine
# with the same versions. In calls of another size, on a GPU or with another version of
# PyTorch, sums may be made in another order and the last digits differ, see
# :doc:`/user_guide/reproducibility`.
#
# How long an answer takes
# ------------------------
# A call has a cost of its own, whatever the number of rows. The picture shows the
# median of several calls: milliseconds a call on the left, a product on the right.

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
figure.suptitle("Time to predict, by number of products in a call")
for ax, values, label in [
    (axes[0], per_call, "milliseconds a call"),
    (axes[1], per_call / batch_sizes, "milliseconds a product"),
]:
    ax.loglog(batch_sizes, values, "o-")
    ax.set(xlabel="products in a call", ylabel=label)
    ax.grid(alpha=0.3)

# %%
# Where the left curve is flat, further products cost next to nothing, and the right one
# falls. So hand over products together where they come together, and do not loop over
# the rows of a table. See :doc:`/user_guide/speed` for what else helps.
#
# What a pickle asks for
# ----------------------
# - *Trust.* Reading a pickle can run any code that its writer wanted. Read only files
#   that you or people you trust have written; that holds for every scikit-learn model.
# - *The same versions.* A file should be read with the versions of Python,
#   scikit-learn, NumPy and amzest that wrote it; a file of another version of amzest
#   gives an :class:`~amzest.exceptions.InconsistentVersionWarning`. Keep the versions
#   beside the file, and the code that trains the model, so that it can be made again.
# - *Functions that can be imported.* A function that is a part of the pipeline, in a
#   :class:`~sklearn.preprocessing.FunctionTransformer` for example, is not in the file
#   but found by its name. Put it into a module that the other process has.
# - *The same paths.* Photos are not in the file. A pipeline that takes photos by
#   relative paths looks for them under `image_root`, from where it runs.

import sklearn

import amzest

print(f"Python {sys.version.split()[0]}, scikit-learn {sklearn.__version__}, ", end="")
print(f"NumPy {np.__version__}, amzest {amzest.__version__}")
folder.cleanup()

# sphinx_gallery_thumbnail_number = 1
