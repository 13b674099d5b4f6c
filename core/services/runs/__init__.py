"""Runs: planned, trained, compared, joined into cascades, used and taken away."""
