"""Download photos."""
