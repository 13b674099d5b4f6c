"""Cascades: a generalist, experts for what it confuses, a person for what is left."""
