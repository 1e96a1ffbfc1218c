"""Download the images of a product table."""
