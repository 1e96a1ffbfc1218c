"""What several rooms of amzest.datasets need: rows in messages, titles, the schema."""
