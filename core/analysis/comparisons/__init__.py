"""Comparing models: which is better, is it really, and would more images help."""
