"""Models side by side on the same images: intervals, paired tests, risk over coverage."""
