"""Download the images that a product table links to."""
