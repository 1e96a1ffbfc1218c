"""From raw files, fetched or at hand, to one table."""
