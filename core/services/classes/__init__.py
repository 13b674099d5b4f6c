"""Class maps: composed, judged, compared, taken along."""
