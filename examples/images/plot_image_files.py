"""
Images in folders, tar files and Parquet files
==============================================

Large sets of images are published in three layouts: a folder for each category, tar
files in the layout of WebDataset, and Parquet files with a column of bytes. This
example writes the same images in all three, and fits the same classifier to each.
"""

# %%
# The files
# ---------
# :func:`~amzest.make_products` generates images and titles. A tar file has the members
# of a product under one name: its image, its category and its title.

import io
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image

from amzest import make_products

frame = make_products(
    240, n_categories=3, n_text_only=0, n_image_only=0, image_size=32, random_state=0
).frame
images = []
for pixels in frame["image"]:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    images.append(file.getvalue())

temporary = TemporaryDirectory()
root = Path(temporary.name)
for number, (image, category) in enumerate(zip(images, frame["category"], strict=True)):
    path = root / "folders" / category / f"{number:04d}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(image)

frame.assign(image=images)[["image", "category", "title"]].to_parquet(
    root / "images.parquet", row_group_size=100
)

for shard in range(2):
    with tarfile.open(root / f"shard-{shard}.tar", "w") as tar:
        for number in range(shard, len(frame), 2):
            members = {
                "png": images[number],
                "cls": frame["category"][number].encode(),
                "txt": frame["title"][number].encode(),
            }
            for extension, content in members.items():
                member = tarfile.TarInfo(f"{number:04d}.{extension}")
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))

# %%
# The tables
# ----------
# The cells of images are paths or references to a part of a file. Nothing is extracted,
# and the images are not read yet.

from amzest.datasets import read_image_folder, read_image_parquet, read_image_shards

tables = {
    "a folder for each category": read_image_folder(root / "folders"),
    "tar files": read_image_shards(f"{root}/shard-{{0..1}}.tar"),
    "Parquet": read_image_parquet(root / "images.parquet"),
}
for name, table in tables.items():
    print(f"{name}: {len(table)} images, columns {list(table.columns)}")

# %%
# Fit
# ---
# With a folder as ``cache``, the decoded images are shared by all processes and runs.

from sklearn.model_selection import train_test_split

from amzest import ImageCNNClassifier

scores = {}
for name, table in tables.items():
    train, test = train_test_split(
        table, test_size=0.25, stratify=table["category"], random_state=0
    )
    classifier = ImageCNNClassifier(
        filters=(8, 16),
        image_size=32,
        max_epochs=6,
        calibrate=False,
        cache=root / "decoded",
        random_state=0,
    )
    classifier.fit(train["image"], train["category"])
    scores[name] = classifier.score(test["image"], test["category"])
    print(f"{name}: accuracy {scores[name]:.3f}")

# %%
# The first images of the tar files, with their categories.

import matplotlib.pyplot as plt

shards = tables["tar files"]
figure, axes = plt.subplots(1, 6, figsize=(9, 2.2), layout="constrained")
for axis, (_, product) in zip(axes, shards.iloc[:6].iterrows(), strict=True):
    axis.imshow(Image.open(io.BytesIO(images[int(product["key"])])))
    axis.set_title(product["category"], fontsize=9)
    axis.set_axis_off()

temporary.cleanup()
