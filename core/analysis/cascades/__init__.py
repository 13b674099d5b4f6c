"""The cascade: which image goes where, and every threshold at once."""
