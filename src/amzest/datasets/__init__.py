"""Read, clean, split and load product tables, and generate synthetic ones."""

from amzest.datasets._amazon_metadata._read_amazon_metadata import (
    AmazonMetadataReader,
    read_amazon_metadata,
)
from amzest.datasets._amazon_pipeline._fetch_amazon_products import (
    fetch_amazon_products,
)
from amzest.datasets._amazon_pipeline._preparation_report import PreparationReport
from amzest.datasets._amazon_pipeline._prepare_products import prepare_products
from amzest.datasets._cleaning._categories import PUBLISHED_CATEGORIES
from amzest.datasets._cleaning._clean_products import clean_products
from amzest.datasets._cleaning._cleaning_report import CleaningReport
from amzest.datasets._image_downloads._download_images import download_images
from amzest.datasets._image_sources._read_image_folder import read_image_folder
from amzest.datasets._image_sources._read_image_parquet import read_image_parquet
from amzest.datasets._image_sources._read_image_shards import read_image_shards
from amzest.datasets._product_tables._check_products import check_products
from amzest.datasets._product_tables._load_products import load_products
from amzest.datasets._product_tables._table_reader import TableReader
from amzest.datasets._splitting._balance_products import balance_products
from amzest.datasets._splitting._group_products import group_products
from amzest.datasets._splitting._split_products import split_products
from amzest.datasets._synthetic._make_products import make_products

__all__ = [
    "PUBLISHED_CATEGORIES",
    "AmazonMetadataReader",
    "CleaningReport",
    "PreparationReport",
    "TableReader",
    "balance_products",
    "check_products",
    "clean_products",
    "download_images",
    "fetch_amazon_products",
    "group_products",
    "load_products",
    "make_products",
    "prepare_products",
    "read_amazon_metadata",
    "read_image_folder",
    "read_image_parquet",
    "read_image_shards",
    "split_products",
]
