"""Numbers of clusters: k-means, its evidence, and what it says."""
