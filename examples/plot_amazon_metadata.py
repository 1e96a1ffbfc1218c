"""
From Amazon's published metadata to a table
===========================================

How do the raw lines of Amazon's published product metadata become a table that can be
learnt from, with photos, and split so that the score can be believed? This example
goes through the steps one by one, looks at what each of them says of its work, and
then does all of them in one call.

The lines are made up here, in the forms of the releases of 2014, 2018 and 2023, and
photos and files come from a server on this machine. With the published files only the
paths differ.
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
        """Say nothing."""


server = ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=web))
threading.Thread(target=server.serve_forever, daemon=True).start()
address = f"http://127.0.0.1:{server.server_port}"

# %%
# Raw lines
# ---------
# The release of 2014 has Python literals, those of 2018 and 2023 have JSON under
# other keys. They share some trouble: products that stand there twice, variants of one
# product, texts that were decoded wrongly, style sheets in the place of prices, photos
# that are gone, lines that were cut off.

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
    if i % 4 == 0:  # a variant with the same photo
        variant = write_line(release, f"C{i:09d}", f"{title} XL", product, url)
        lines[release].append(variant)
lines["2018"][7] = lines["2018"][7][:50]  # cut off

files = [folder / f"meta_{release}.json" for release in lines]
for file, written in zip(files, lines.values(), strict=True):
    file.write_text("\n".join(written), encoding="utf-8")
    print(f"{file.name}: {written[5][:66]} ...")

# %%
# Reading
# -------
# :func:`~amzest.datasets.read_amazon_metadata` returns an
# :class:`~amzest.datasets.AmazonMetadataReader`: an iterator over frames of one schema,
# so that memory depends on ``chunk_size`` and not on the files. What it had to pass
# over and what it could not read, it counts.

reader: datasets.AmazonMetadataReader = datasets.read_amazon_metadata(
    files, chunk_size=500, on_error="skip"
)
frame = pd.concat(reader)
print(f"{reader.n_products_} products read, lines skipped: {reader.n_skipped_}")
print(reader.skipped_[0].replace(temporary.name, "..."))
print("values that could not be read:", dict(reader.unreadable_))
frame.drop(columns=["description", "image_url"]).head(3)

# %%
# Cleaning
# --------
# :func:`~amzest.datasets.clean_products` mends texts, drops what repeats, and brings
# categories of all releases to one set of names. "published" stands for
# :obj:`~amzest.datasets.PUBLISHED_CATEGORIES`, ten categories under all their names. A
# mapping of your own does as well. Products of other categories are dropped.

for name in ("Grocery & Gourmet Food", "Gourmet Food", "Home & Kitchen"):
    print(name, "->", datasets.PUBLISHED_CATEGORIES.get(name))
table, report = datasets.clean_products(frame, categories="published")
report

# %%
# The :class:`~amzest.datasets.CleaningReport` can be stored beside the table as plain
# values.

stored = json.dumps(report.to_dict())
datasets.CleaningReport.from_dict(json.loads(stored)).examples().head(4)

# %%
# Photos
# ------
# :func:`~amzest.datasets.download_images` fetches several at a time, checks that each
# is a whole picture, and tries again what may pass. Called again it fetches only what
# is missing. A photo that cannot be had is an empty cell, and the manifest says why.
# Addresses in private networks, as here, are refused unless ``allow_private=True``.

photos = folder / "photos"
table, manifest = datasets.download_images(
    table, photos, allow_private=True, progress=False
)
print(table["image"].isna().sum(), "of", len(table), "products without a photo")
manifest.groupby(["status", "reason"], dropna=False).size().rename("photos").to_frame()

# %%
# A split without twins
# ---------------------
# Shops list one product many times, in other colours and sizes. After a random split
# many test products have a twin in training. :func:`~amzest.datasets.split_products`
# keeps products with nearly equal titles or descriptions or equal photos on one side,
# in the groups of :func:`~amzest.datasets.group_products`. After the split
# :func:`~amzest.datasets.balance_products` evens out the training part; the test part
# goes on showing how frequent each category is.

from sklearn.model_selection import train_test_split

groups = pd.Series(datasets.group_products(table, image_root=photos), table.index)
drawn = train_test_split(table, stratify=table["category"], random_state=0)
train, test = datasets.split_products(table, random_state=0, image_root=photos)
twins = {
    name: groups[rows.index].isin(groups[others.index]).mean()
    for name, (others, rows) in {
        "train_test_split": drawn,
        "split_products": (train, test),
    }.items()
}
balanced = datasets.balance_products(train, "smallest", random_state=0)

# %%
# The left picture shows the training part before and after balancing, the right one
# how many test products have a twin among the training products. To sort these, it is
# enough to have learnt the twins by heart, and no other product is sorted that way.

import matplotlib.pyplot as plt

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
figure.suptitle("What balancing leaves, and what a random split leaks")
counts = train["category"].value_counts()
left.barh(counts.index, counts, color="lightgrey", label="training part")
kept = balanced["category"].value_counts()[counts.index]
left.barh(counts.index, kept, height=0.4, label="balanced")
left.set(xlabel="Products")
left.legend()
bars = right.bar(list(twins), list(twins.values()), width=0.5)
right.bar_label(bars, fmt="{:.0%}")
_ = right.set(ylabel="Share of test products with a twin", ylim=(0, 0.6))

# %%
# All in one step
# ---------------
# :func:`~amzest.datasets.prepare_products` does all this with only a piece of the texts
# in memory, goes on where it was stopped, and writes a Parquet file. With
# ``n_per_category`` it balances before it splits: then the test part is balanced too.
# Its :class:`~amzest.datasets.PreparationReport` says what came of the lines.

prepared: datasets.PreparationReport = datasets.prepare_products(
    files,
    folder / "products.parquet",
    categories="published",
    images=photos,
    download_options={"allow_private": True},
    on_error="skip",
    progress=False,
)
print(str(prepared).replace(temporary.name, "..."))

# %%
# Where the files are still to be fetched,
# :func:`~amzest.datasets.fetch_amazon_products` downloads them first, in the manner of
# scikit-learn's fetchers, and keeps them and the table in ``data_home``. ``base_url``
# names a mirror, here the server above.

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
# Learning from it
# ----------------
# The groups keep twins apart in cross-validation as well, as ``groups`` of
# :class:`~sklearn.model_selection.GroupKFold`. Both scores below are of products
# without a twin among those that were learnt from.

from sklearn.model_selection import GroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline

network = make_pipeline(
    ColumnSelector(["title", "description"]),
    TextCNNClassifier(max_epochs=3, random_state=0),
)
X, y = balanced, balanced["category"]
folds = GroupKFold(3, shuffle=True, random_state=0)
scores = cross_val_score(network, X, y, cv=folds, groups=groups[X.index])
print("folds of the balanced training part:", scores.round(3))
print(f"test part: {network.fit(X, y).score(test, test['category']):.3f}")

server.shutdown()
server.server_close()
temporary.cleanup()

# sphinx_gallery_thumbnail_number = 1
