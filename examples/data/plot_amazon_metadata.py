"""
Prepare a dataset from Amazon metadata
======================================

This example converts raw files of Amazon product metadata into a dataset for training:
it reads and cleans the metadata, downloads images, and splits the data without leakage.
At the end, a single function does all steps.

The files are generated in the formats of the releases of 2014, 2018 and 2023, and the
images are served by a server on this machine. With the published files, only the paths
differ.
"""

import gzip
import html
import json
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from amzest import ColumnSelector, TextCNNClassifier, datasets, make_products

temporary = TemporaryDirectory()
folder = Path(temporary.name)
web = folder / "web"


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        """Do not log requests."""


server = ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=web))
threading.Thread(target=server.serve_forever, daemon=True).start()
address = f"http://127.0.0.1:{server.server_port}"

# %%
# Raw metadata
# ------------
# The release of 2014 contains Python literals; those of 2018 and 2023 contain JSON with
# other keys. All of them contain duplicates, variants of the same product, encoding
# errors, style sheets in the price field, missing images and truncated lines.

TOPS = {
    "Board Games": "Toys & Games",
    "Books": "Books",
    "Headphones": "Electronics",
    "Tea": "Grocery & Gourmet Food",
    "Water Bottles": "Home & Kitchen",
    "Watches": "Clothing, Shoes & Jewelry",
}


def write_line(release, asin, title, product, url):
    path, price = [TOPS[product["category"]], product["category"]], product["price"]
    line = {"title": title, "price": price, "description": [product["description"]]}
    if release == "2014":
        line |= {"description": product["description"], "categories": [path]}
        return repr({"asin": asin, **line, "imUrl": url})
    if release == "2018":
        line |= {"category": [html.escape(level) for level in path]}
        line["price"] = ".a-box{background-color:#fff}" if price < 12 else f"${price:,}"
        return json.dumps({"asin": asin, **line, "imageURLHighRes": [url]})
    line |= {"main_category": path[0], "categories": path}
    images = [{"large": url, "hi_res": None, "variant": "MAIN"}]
    return json.dumps({"parent_asin": asin, **line, "images": images})


catalogue = make_products(
    600,
    n_categories=6,
    n_text_only=0,
    n_image_only=0,
    weights=[5, 8, 3, 3, 3, 2],
    image_folder=web,
    random_state=0,
).frame
lines = {"2014": [], "2018": [], "2023": []}
for i, product in catalogue.iterrows():
    release, title = list(lines)[i % 3], product["title"]
    url = f"{address}/{product['id']}.png"
    if i % 20 == 1:
        title += " for the Café".encode().decode("latin-1")
    if i % 25 == 2:
        title = f"<b>{title}</b> &amp; more"
    if i % 30 == 3:
        url = "http://g-ecx.images-amazon.com/images/G/01/nav2/no-img-sm.gif"
    if i % 60 == 4:
        url = f"{address}/gone-{i}.png"
    line = write_line(release, f"B{i:09d}", title, product, url)
    lines[release] += [line, line] if i % 15 == 5 else [line]
    if i % 4 == 0:  # a variant with the same image
        variant = write_line(release, f"C{i:09d}", f"{title} XL", product, url)
        lines[release].append(variant)
lines["2018"][7] = lines["2018"][7][:50]  # truncated

files = [folder / f"meta_{release}.json" for release in lines]
for file, written in zip(files, lines.values(), strict=True):
    file.write_text("\n".join(written), encoding="utf-8")
    print(f"{file.name}: {written[5][:66]} ...")

# %%
# Read
# ----
# :func:`~amzest.datasets.read_amazon_metadata` returns an
# :class:`~amzest.datasets.AmazonMetadataReader`, an iterator over dataframes with the
# same columns, so that the memory depends on ``chunk_size`` and not on the size of the
# files. It counts skipped lines and values that could not be parsed.

reader: datasets.AmazonMetadataReader = datasets.read_amazon_metadata(
    files, chunk_size=500, on_error="skip"
)
frame = pd.concat(reader)
print(f"{reader.n_products_} products read, skipped lines: {reader.n_skipped_}")
print(reader.skipped_[0].replace(temporary.name, "..."))
print("values that could not be parsed:", dict(reader.unreadable_))
frame.drop(columns=["description", "image_url"]).head(3)

# %%
# Clean
# -----
# :func:`~amzest.datasets.clean_products` cleans texts, drops duplicates and maps the
# categories of all releases to common names. "published" stands for
# :obj:`~amzest.datasets.PUBLISHED_CATEGORIES`, which maps names to ten categories; you
# can also pass your own mapping. Products of other categories are dropped.

for name in ("Grocery & Gourmet Food", "Gourmet Food", "Home & Kitchen"):
    print(name, "->", datasets.PUBLISHED_CATEGORIES.get(name))
table, report = datasets.clean_products(frame, categories="published")
report

# %%
# A :class:`~amzest.datasets.CleaningReport` can be converted to plain values, to store
# it with the table.

stored = json.dumps(report.to_dict())
datasets.CleaningReport.from_dict(json.loads(stored)).examples().head(4)

# %%
# Download images
# ---------------
# :func:`~amzest.datasets.download_images` downloads several images at a time, checks
# that each of them is a complete image, and retries temporary failures. Called again,
# it downloads only those that are missing. If a download fails, the cell is empty and
# the manifest contains the reason. Addresses in private networks, as here, raise an
# error unless ``allow_private=True``.

images = folder / "images"
table, manifest = datasets.download_images(
    table, images, allow_private=True, progress=False
)
print(table["image"].isna().sum(), "of", len(table), "products without an image")
manifest.groupby(["status", "reason"], dropna=False).size().rename("images").to_frame()

# %%
# Split without leakage
# ---------------------
# Online shops list the same product several times, for example in different colors and
# sizes. In a random split, many test products have a near-duplicate in the training
# data. :func:`~amzest.datasets.split_products` keeps products with similar titles or
# descriptions or equal images on the same side, as grouped by
# :func:`~amzest.datasets.group_products`. After the split,
# :func:`~amzest.datasets.balance_products` balances the training data; the test data
# keep the frequencies of the categories.

from sklearn.model_selection import train_test_split

groups = pd.Series(datasets.group_products(table, image_root=images), table.index)
random_split = train_test_split(table, stratify=table["category"], random_state=0)
train, test = datasets.split_products(table, random_state=0, image_root=images)
near_duplicates = {
    name: groups[rows.index].isin(groups[others.index]).mean()
    for name, (others, rows) in {
        "train_test_split": random_split,
        "split_products": (train, test),
    }.items()
}
balanced = datasets.balance_products(train, "smallest", random_state=0)

# %%
# The left plot shows the training data before and after balancing. The right plot shows
# the fraction of test products with a near-duplicate in the training data. A model can
# classify these by memorizing the training data, which does not help for other
# products.

import matplotlib.pyplot as plt

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
figure.suptitle("Balanced training data, and leakage of random splits")
counts = train["category"].value_counts()
left.barh(counts.index, counts, color="lightgrey", label="training data")
kept = balanced["category"].value_counts()[counts.index]
left.barh(counts.index, kept, height=0.4, label="balanced")
left.set(xlabel="Products")
left.legend()
bars = right.bar(list(near_duplicates), list(near_duplicates.values()), width=0.5)
right.bar_label(bars, fmt="{:.0%}")
_ = right.set(ylabel="Fraction with a near-duplicate", ylim=(0, 0.6))

# %%
# All steps in one function
# -------------------------
# :func:`~amzest.datasets.prepare_products` does all of this with only a chunk of the
# texts in memory, continues where it was interrupted, and writes a Parquet file. With
# ``n_per_category`` it balances before splitting, so that the test data are balanced
# too. :class:`~amzest.datasets.PreparationReport` summarizes the steps.

prepared: datasets.PreparationReport = datasets.prepare_products(
    files,
    folder / "products.parquet",
    categories="published",
    images=images,
    download_options={"allow_private": True},
    on_error="skip",
    progress=False,
)
print(str(prepared).replace(temporary.name, "..."))

# %%
# :func:`~amzest.datasets.fetch_amazon_products` also downloads the metadata files, like
# the fetchers of scikit-learn, and stores them and the table in ``data_home``.
# ``base_url`` is a mirror, here the server above.

for name in ("Books", "Toys_and_Games"):
    top = name.replace("_and_", " &amp; ")
    written = [line for line in lines["2018"] if f'"{top}"' in line]
    with gzip.open(web / f"meta_{name}.json.gz", "wt", encoding="utf-8") as file:
        file.write("\n".join(written))
products = datasets.fetch_amazon_products(
    "2018",
    categories=["Books", "Toys & Games"],
    data_home=folder,
    base_url=address,
    progress=False,
)
pd.crosstab(products.target, products.split)

# %%
# Train a classifier
# ------------------
# In cross-validation, pass the groups as ``groups`` to a splitter such as
# :class:`~sklearn.model_selection.GroupKFold`. Both scores below are for products
# without a near-duplicate in the training data.

from sklearn.model_selection import GroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline

network = make_pipeline(
    ColumnSelector(["title", "description"]),
    TextCNNClassifier(max_epochs=3, random_state=0),
)
X, y = balanced, balanced["category"]
folds = GroupKFold(3, shuffle=True, random_state=0)
scores = cross_val_score(network, X, y, cv=folds, groups=groups[X.index])
print("cross-validation:", scores.round(3))
print(f"test set: {network.fit(X, y).score(test, test['category']):.3f}")

server.shutdown()
server.server_close()
temporary.cleanup()

# sphinx_gallery_thumbnail_number = 1
