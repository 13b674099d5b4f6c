"""The map of the product: which page sits where."""

from __future__ import annotations

from pages.ui.shell import Route, run

ROUTES = {
    "Data": [
        Route("overview", "Overview", "home"),
        Route("dataset", "Data set", "photo_library"),
    ],
    "Understand": [
        Route("explore", "Explore", "scatter_plot"),
        Route("classes", "Classes", "merge"),
        Route("review", "Review", "rate_review"),
    ],
    "Improve": [
        Route("train", "Train", "model_training"),
        Route("compare", "Compare", "leaderboard"),
    ],
    "Decide": [
        Route("cascade", "Cascade", "alt_route"),
        Route("predict", "Predict", "image_search"),
    ],
}

run(ROUTES)
