"""Schema versions: every change of `tables.py` is one file in `versions/`, named NNNN_what.py."""
