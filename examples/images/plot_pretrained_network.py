"""
Classify images with a pretrained network
=========================================

A few dozen images per category are too few to train a network from scratch, but enough
to fit a classifier of the features of a pretrained one. This example shows what
:class:`~amzest.PretrainedImageClassifier` accepts, and what its parameter ``trainable``
changes.

Nothing is downloaded: the network is made here and has random weights. It has not
learned anything, and its features are only good enough for synthetic images, whose
categories differ by shape and color. :doc:`/user_guide/pretrained` shows how to get a
real network and how accurate it is on real products.
"""

# %%
# A folder with a network
# -----------------------
# A folder in the layout of transformers has a configuration, weights in the safetensors
# format, and the size and normalization of the images in preprocessor_config.json.
# ``hf download microsoft/resnet-50 --local-dir resnet`` fetches such a folder.

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from transformers import ResNetConfig, ResNetModel
from transformers.utils import logging

logging.disable_progress_bar()
torch.manual_seed(0)
folder = TemporaryDirectory()
model = Path(folder.name, "tiny-resnet")

config = ResNetConfig(
    embedding_size=16, hidden_sizes=[32, 64], depths=[1, 1], layer_type="basic"
)
ResNetModel(config).save_pretrained(model)
settings = {
    "size": {"height": 48, "width": 48},
    "rescale_factor": 1 / 255,
    "image_mean": [0.485, 0.456, 0.406],
    "image_std": [0.229, 0.224, 0.225],
}
(model / "preprocessor_config.json").write_text(json.dumps(settings))
sorted(path.name for path in model.iterdir())

# %%
# Synthetic products
# ------------------
# Some products have no image. They are not used for training, and get the class
# frequencies as their probabilities.

from sklearn.model_selection import train_test_split

from amzest import make_products

X, y = make_products(400, n_text_only=0, image_size=48, return_X_y=True, random_state=0)
X_train, X_test, y_train, y_test = train_test_split(
    X, y, train_size=200, stratify=y, random_state=0
)

# %%
# What is trained
# ---------------
# With ``trainable="head"``, the default, the network is not changed. Each image is
# encoded once, also in a cross-validation or a search, because the features are cached
# by the content of the images. With an integer, the last blocks of the network are
# trained as well, here the last one of two. This takes longer, and is worth trying if
# the images differ from those that the network has learned from. Here it is less
# accurate: 200 images are not enough for a block whose weights are random.

import time

import pandas as pd

from amzest import PretrainedImageClassifier

rows = []
for trainable in ("head", 1):
    classifier = PretrainedImageClassifier(model, trainable=trainable, random_state=0)
    start = time.process_time()
    classifier.fit(X_train["image"], y_train)
    seconds = time.process_time() - start
    accuracy = classifier.score(X_test["image"], y_test)
    rows.append((trainable, round(accuracy, 2), round(seconds, 1)))
pd.DataFrame(rows, columns=["trainable", "accuracy", "seconds"])

# %%
# Features beside texts
# ---------------------
# :class:`~amzest.PretrainedImageEncoder` returns the features, for other estimators.

from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from amzest import PretrainedImageEncoder

image = make_pipeline(PretrainedImageEncoder(model), StandardScaler())
features = ColumnTransformer(
    [("title", TfidfVectorizer(), "title"), ("image", image, "image")]
)
both = make_pipeline(features, LogisticRegression(max_iter=2000))
titles = X_train.fillna({"title": ""}), X_test.fillna({"title": ""})
print(f"Accuracy: {both.fit(titles[0], y_train).score(titles[1], y_test):.2f}")

# %%
# A network of your own
# ---------------------
# A module of PyTorch is accepted too, such as those of timm. Pass the size and the
# normalization of the images, unless the module has them (``pretrained_cfg`` of timm).
# ``layer`` names the submodule whose output is used, if it is not the last one.

from torch import nn

network = nn.Sequential(
    nn.Conv2d(3, 32, kernel_size=5, stride=2),
    nn.ReLU(),
    nn.Conv2d(32, 64, 3),
    nn.ReLU(),
)
own = PretrainedImageClassifier(
    network, image_size=48, mean=0.5, std=0.25, random_state=0
)
print(
    f"Accuracy: {own.fit(X_train['image'], y_train).score(X_test['image'], y_test):.2f}"
)

folder.cleanup()
