"""Backbones, embeddings, algorithms and their training; Keras is imported inside functions."""
