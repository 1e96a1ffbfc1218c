"""From raw Amazon metadata files to one cleaned and split product table."""
