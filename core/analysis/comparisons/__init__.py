"""Models side by side on the same images: intervals, paired tests, what more images would bring."""
