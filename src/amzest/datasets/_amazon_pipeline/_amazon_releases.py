"""Addresses and files of the releases of Amazon's metadata."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

#: Files with most products of the ten categories of the published experiment.
_PUBLISHED = (
    *("Arts_Crafts_and_Sewing", "Books", "Clothing_Shoes_and_Jewelry"),
    *("Electronics", "Grocery_and_Gourmet_Food", "Musical_Instruments"),
    *("Patio_Lawn_and_Garden", "Sports_and_Outdoors", "Toys_and_Games"),
)


@dataclass(frozen=True)
class Release:
    """A release: folder on the web, path pattern of its files, and their categories."""

    base_url: str
    pattern: str
    files: tuple[str, ...]
    published: tuple[str, ...]

    def paths(self, categories: str | Sequence[str]) -> list[str]:
        """Return the paths of the files of categories, relative to the base URL."""
        if categories == "published":
            return list(self.published)
        names = [categories] if isinstance(categories, str) else list(categories)
        known = {_plain(file): file for file in self.files}
        unknown = [name for name in names if _plain(name) not in known]
        if unknown or not names:
            msg = (
                "`categories` must be 'published' or names of "
                f"{', '.join(self.files)}; got {categories!r}."
            )
            raise ValueError(msg)
        files = dict.fromkeys(known[_plain(name)] for name in names)
        return [self.pattern.format(file) for file in files]


def _plain(name: str) -> str:
    """Return the letters of a category, for "Toys & Games" and "Toys_and_Games"."""
    return "".join(re.findall(r"[a-z]+", name.lower().replace("&", "and")))


def _release(
    base_url: str, pattern: str, files: str, published: Sequence[str] | None = None
) -> Release:
    names = tuple(files.split())
    if published is None:
        health = [name for name in names if "Beauty" in name or "Health" in name]
        published = [pattern.format(name) for name in sorted([*_PUBLISHED, *health])]
    return Release(base_url, pattern, names, tuple(published))


RELEASES = {
    # Arts and crafts do not have a file of their own, only the complete file has them.
    "2014": _release(
        "http://snap.stanford.edu/data/amazon/productGraph/",
        "categoryFiles/meta_{}.json.gz",
        """
        Amazon_Instant_Video Apps_for_Android Automotive Baby Beauty Books
        CDs_and_Vinyl Cell_Phones_and_Accessories Clothing_Shoes_and_Jewelry
        Digital_Music Electronics Grocery_and_Gourmet_Food Health_and_Personal_Care
        Home_and_Kitchen Kindle_Store Movies_and_TV Musical_Instruments
        Office_Products Patio_Lawn_and_Garden Pet_Supplies Sports_and_Outdoors
        Tools_and_Home_Improvement Toys_and_Games Video_Games
        """,
        ["metadata.json.gz"],
    ),
    "2018": _release(
        "https://mcauleylab.ucsd.edu/public_datasets/data/amazon_v2/metaFiles2/",
        "meta_{}.json.gz",
        """
        All_Beauty AMAZON_FASHION Appliances Arts_Crafts_and_Sewing Automotive Books
        CDs_and_Vinyl Cell_Phones_and_Accessories Clothing_Shoes_and_Jewelry
        Digital_Music Electronics Gift_Cards Grocery_and_Gourmet_Food Home_and_Kitchen
        Industrial_and_Scientific Kindle_Store Luxury_Beauty Magazine_Subscriptions
        Movies_and_TV Musical_Instruments Office_Products Patio_Lawn_and_Garden
        Pet_Supplies Prime_Pantry Software Sports_and_Outdoors
        Tools_and_Home_Improvement Toys_and_Games Video_Games
        """,
    ),
    "2023": _release(
        "https://mcauleylab.ucsd.edu/public_datasets/data/amazon_2023/raw/"
        "meta_categories/",
        "meta_{}.jsonl.gz",
        """
        All_Beauty Amazon_Fashion Appliances Arts_Crafts_and_Sewing Automotive
        Baby_Products Beauty_and_Personal_Care Books CDs_and_Vinyl
        Cell_Phones_and_Accessories Clothing_Shoes_and_Jewelry Digital_Music
        Electronics Gift_Cards Grocery_and_Gourmet_Food Handmade_Products
        Health_and_Household Health_and_Personal_Care Home_and_Kitchen
        Industrial_and_Scientific Kindle_Store Magazine_Subscriptions Movies_and_TV
        Musical_Instruments Office_Products Patio_Lawn_and_Garden Pet_Supplies
        Software Sports_and_Outdoors Subscription_Boxes Tools_and_Home_Improvement
        Toys_and_Games Unknown Video_Games
        """,
    ),
}
