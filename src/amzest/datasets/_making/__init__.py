"""Draw an artificial catalogue."""
