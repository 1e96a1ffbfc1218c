"""Product catalogues: load and check real ones, draw artificial ones."""

from amzest.datasets._check_products import check_products
from amzest.datasets._load_products import load_products
from amzest.datasets._make_products import make_products
from amzest.datasets._read_amazon_metadata import (
    AmazonMetadataReader,
    read_amazon_metadata,
)

__all__ = [
    "AmazonMetadataReader",
    "check_products",
    "load_products",
    "make_products",
    "read_amazon_metadata",
]
