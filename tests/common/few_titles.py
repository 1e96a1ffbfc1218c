"""A few titles of two categories, on which a classifier is fitted in no time."""

TITLES = ["red running shoe", "leather boot", "garden hose", "steel spade"] * 8
KINDS = ["shoes", "shoes", "garden", "garden"] * 8
