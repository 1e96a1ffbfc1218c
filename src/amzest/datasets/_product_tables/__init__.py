"""Load and check product tables of any origin."""
