"""Exported models: a folder that answers without a workspace, written, opened and proved."""
