"""Tables of images that are read when they are needed: folders, shards, Parquet."""
