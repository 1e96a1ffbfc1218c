"""
Tables larger than memory
=========================

Classifiers of texts can be fitted to tables that do not fit in memory, and predict
them. This example writes a table to several Parquet files, reads it in pieces, compares
the result with that of the same rows in memory, and predicts the files.
"""

# %%
# The table
# ---------
# :func:`~amzest.make_products` generates products. A real table would have millions of
# rows, written by a database or a cluster as a folder of Parquet files.

from pathlib import Path
from tempfile import TemporaryDirectory

from amzest import ColumnSelector, TextLinearClassifier, make_products
from amzest.datasets import TableReader

temporary = TemporaryDirectory()
folder = Path(temporary.name, "shop")
folder.mkdir()
frame = make_products(2000, n_categories=4, random_state=0).frame
train, test = frame[:1500], frame[1500:]
for part in range(3):
    rows = train[500 * part : 500 * (part + 1)]
    rows[["title", "category"]].to_parquet(folder / f"part-{part}.parquet")

# %%
# Fit
# ---
# A :class:`~amzest.datasets.TableReader` is passed as ``X``. Its columns are selected
# by :class:`~amzest.ColumnSelector`, as those of a table in memory. The labels are read
# as a categorical: they take one byte each.

from sklearn.pipeline import make_pipeline

table = TableReader(folder)
model = make_pipeline(ColumnSelector("title"), TextLinearClassifier(random_state=0))
model.fit(table, table.labels("category"))
print(f"{len(table):,} rows, accuracy {model.score(test, test['category']):.3f}")

# %%
# The fit learns the same from the files as from the rows in memory.

in_memory = make_pipeline(ColumnSelector("title"), TextLinearClassifier(random_state=0))
in_memory.fit(train, train["category"])
print((model.predict_proba(test) == in_memory.predict_proba(test)).all())

# %%
# Predict
# -------
# :func:`~amzest.distributed.predict_table` writes the predictions of files to a folder,
# in parts: with several processes if ``n_jobs`` is larger, and a call that was killed
# is completed with ``resume=True``.

import pandas as pd

from amzest.distributed import predict_table

out = Path(temporary.name, "predictions")
predict_table(model, folder, out, rows_per_part=1000, chunk_size=250)
predictions = pd.read_parquet(out)
print(predictions[["title", "predicted_category", "predicted_confidence"]].head(3))

# %%
# Products whose prediction has a low confidence can be reviewed.

import matplotlib.pyplot as plt

figure, axes = plt.subplots(figsize=(6, 3.5), layout="constrained")
axes.hist(predictions["predicted_confidence"], bins=40)
_ = axes.set(xlim=(0, 1), xlabel="Confidence of the prediction", ylabel="Products")

temporary.cleanup()
