"""The report: one file with the story of a data set, and the source of each of its figures."""
