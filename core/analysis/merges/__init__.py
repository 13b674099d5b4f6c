"""Merging classes: what each merge gains and costs, and what to do about a pair."""
