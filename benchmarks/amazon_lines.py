"""Random lines in the format of Amazon's published metadata.

    python benchmarks/amazon_lines.py 1000000 meta.json --release 2014

Lengths, frequencies and irregularities follow the published files: missing keys, HTML
entities, style sheets instead of prices, placeholder images, products with several
categories, duplicate ASINs and nearly equal titles. The products are synthetic.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

RELEASES = ("2014", "2018", "2023")
TOPS = {
    "Books": 0.25,
    "Electronics": 0.11,
    "Clothing, Shoes & Jewelry": 0.15,
    "Home & Kitchen": 0.08,
    "Sports & Outdoors": 0.08,
    "Toys & Games": 0.07,
    "Health & Personal Care": 0.06,
    "Grocery & Gourmet Food": 0.05,
    "Patio, Lawn & Garden": 0.04,
    "Musical Instruments": 0.03,
    "Arts, Crafts & Sewing": 0.03,
    "Movies & TV": 0.05,
}
COLOURS = [
    "Black",
    "White",
    "Red",
    "Blue",
    "Green",
    "Pink",
    "Silver",
    "Gold",
    "Brown",
    "Purple",
    "Grey",
    "Navy",
]
SIZES = [
    "Small",
    "Medium",
    "Large",
    "X-Large",
    "8-Ounce",
    "12-Inch",
    "2-Pack",
    "100-Count",
    "32GB",
    "6-Foot",
]
ASIDES = [
    "it's",
    "&amp;",
    "don't miss",
    "100% cotton",
    'the 12" one',
    "Caf\u00c3\u00a9",
    "&#34;new&#34;",
    "<br />",
    "users' choice",
    "h\u00e9",
]
SYLLABLES = [
    "ka",
    "lo",
    "mi",
    "tra",
    "ven",
    "sol",
    "dor",
    "bex",
    "ani",
    "quo",
    "ter",
    "lin",
    "mar",
    "pex",
    "zu",
    "fin",
    "gal",
    "hor",
]
STYLE_SHEET = (
    ".a-box-inner{background-color:#fff}#alohaBuyBoxWidget .selected{color:red}"
)
IMAGES = "http://ecx.images-amazon.com/images/I/"


def make_lines(n: int, release: str = "2014", seed: int = 0) -> Iterator[str]:
    """Yield lines in the format of a release, without newlines."""
    write = ascii if release == "2014" else json.dumps
    form = {"2014": _as_2014, "2018": _as_2018, "2023": _as_2023}[release]
    for product in _make_products(n, np.random.default_rng(seed)):
        yield write(form(product))


def write_lines(path: Path, n: int, release: str = "2014", seed: int = 0) -> None:
    """Write lines to a file."""
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in make_lines(n, release, seed))


def _make_products(n: int, rng: np.random.Generator) -> Iterator[dict[str, Any]]:
    words = ["".join(rng.choice(SYLLABLES, rng.integers(2, 4))) for _ in range(30_000)]
    frequency = 1 / np.arange(10, len(words) + 10)
    frequency /= frequency.sum()
    tops = list(TOPS)
    shares = np.array(list(TOPS.values())) / sum(TOPS.values())
    made = 0
    while made < n:
        size = min(20_000, n - made)
        draws = rng.random((size, 12))
        pool = rng.choice(len(words), size * 30, p=frequency)
        text = iter([words[i] for i in pool])
        categories = rng.choice(len(tops), (size, 2), p=shares)
        lengths = rng.integers(3, 9, size)
        described = rng.geometric(1 / 70, size)
        related = rng.geometric(1 / 40, size)
        asins = rng.integers(0, 36**8, size)
        previous: dict[str, Any] = {}
        for i in range(size):
            draw = draws[i]
            asin = "B0" + np.base_repr(asins[i], 36).rjust(8, "0")
            if previous and draw[0] < 0.02:  # a duplicate of the previous product
                yield previous
                continue
            top = tops[categories[i, 0]]
            if previous and draw[0] < 0.12:  # a variant of the previous product
                title = f"{previous['stem']}, {COLOURS[int(draw[1] * 12)]}"
                stem, paths = previous["stem"], previous["paths"]
            else:
                stem = " ".join(next(text).title() for _ in range(lengths[i]))
                stem += f" {top.split()[0].strip(',')} {asin[-4:]}"
                title = stem
                if draw[1] < 0.4:
                    title += (
                        f" ({COLOURS[int(draw[2] * 12)]}, {SIZES[int(draw[3] * 10)]})"
                    )
                if draw[2] < 0.15:
                    title += f" {ASIDES[int(draw[3] * 10)]}"
                paths = [
                    [top, f"{top} {int(draw[4] * 9)}", f"Shelf {int(draw[5] * 40)}"]
                ]
                if draw[6] < 0.1:
                    paths.append([tops[categories[i, 1]], "More"])
            start = int(draw[7] * (len(pool) - 400))
            description = [
                words[j] for j in pool[start : start + min(described[i], 400)]
            ]
            for _ in range(len(description) // 30):
                description.insert(len(description) // 2, ASIDES[int(draw[8] * 10)])
            previous = {
                "asin": asin,
                "title": title,
                "stem": stem,
                "paths": paths,
                "description": " ".join(description) if draw[9] < 0.65 else "",
                "brand": stem.split()[0] if draw[10] < 0.5 else "",
                "price": round(float(draw[11]) * 200 + 0.5, 2)
                if draw[10] < 0.7
                else None,
                "image": asin if draw[8] < 0.95 else "",
                "related": [asin[:5] + f"{k:05d}" for k in range(min(related[i], 150))],
                "draw": float(draw[5]),
            }
            yield previous
        made += size


def _as_2014(product: dict[str, Any]) -> dict[str, Any]:
    line: dict[str, Any] = {"asin": product["asin"], "title": product["title"]}
    if product["price"] is not None:
        line["price"] = product["price"]
    name = (
        f"{product['image']}.jpg" if product["image"] else "no-img-sm._CB192198896_.gif"
    )
    line["imUrl"] = IMAGES + name
    if product["draw"] < 0.75:
        half = len(product["related"]) // 2
        line["related"] = {
            "also_bought": product["related"][:half],
            "also_viewed": product["related"][half:],
        }
    line["salesRank"] = {product["paths"][0][0]: int(product["draw"] * 1e6)}
    if product["brand"]:
        line["brand"] = product["brand"]
    line["categories"] = product["paths"]
    if product["description"]:
        line["description"] = product["description"]
    return line


def _as_2018(product: dict[str, Any]) -> dict[str, Any]:
    price = "" if product["price"] is None else f"${product['price']:,.2f}"
    urls = [f"{IMAGES}{product['image']}._SX38_.jpg"] if product["image"] else []
    return {
        "category": [level.replace("&", "&amp;") for level in product["paths"][0]],
        "tech1": "",
        "description": [product["description"]] if product["description"] else [],
        "fit": "",
        "title": product["title"],
        "also_buy": product["related"],
        "tech2": "",
        "brand": product["brand"],
        "feature": [product["stem"]] * 3,
        "rank": [f">#{int(product['draw'] * 1e6):,} in {product['paths'][0][0]}"],
        "also_view": product["related"],
        "details": {"ASIN: ": product["asin"], "Shipping:": "Only within the U.S."},
        "main_cat": product["paths"][0][0],
        "similar_item": "",
        "date": "",
        "price": STYLE_SHEET if product["draw"] < 0.02 else price,
        "asin": product["asin"],
        "imageURL": urls,
        "imageURLHighRes": [url.replace("._SX38_", "") for url in urls],
    }


def _as_2023(product: dict[str, Any]) -> dict[str, Any]:
    url = f"{IMAGES}{product['image']}"
    image = {
        "thumb": f"{url}._SX38_.jpg",
        "large": f"{url}.jpg",
        "variant": "MAIN",
        "hi_res": None,
    }
    return {
        "main_category": product["paths"][0][0],
        "title": product["title"],
        "average_rating": 4.5,
        "rating_number": len(product["related"]),
        "features": [product["stem"]],
        "description": [product["description"]] if product["description"] else [],
        "price": product["price"],
        "images": [image] if product["image"] else [],
        "videos": [],
        "store": product["brand"] or None,
        "categories": product["paths"][0],
        "details": {"Brand": product["brand"]},
        "parent_asin": product["asin"],
        "bought_together": None,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("n", type=int, help="number of lines")
    parser.add_argument("path", type=Path, help="file to write")
    parser.add_argument("--release", choices=RELEASES, default="2014")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    write_lines(options.path, options.n, options.release, options.seed)
    return 0


if __name__ == "__main__":
    sys.exit(main())
