"""Which model is better, and is it really: models side by side, from their stored answers."""
