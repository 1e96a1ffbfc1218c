"""Read the metadata files that Amazon product datasets are published in."""
