"""The map of the product: which page sits where."""

from __future__ import annotations

from core.language import phrase
from pages.ui.shell import Route, run

ROUTES = {
    phrase("Data"): [
        Route("overview", phrase("Overview"), "home"),
        Route("dataset", phrase("Data set"), "photo_library"),
    ],
    phrase("Understand"): [
        Route("explore", phrase("Explore"), "scatter_plot"),
        Route("classes", phrase("Classes"), "merge"),
        Route("review", phrase("Review"), "rate_review"),
    ],
    phrase("Improve"): [
        Route("train", phrase("Train"), "model_training"),
        Route("compare", phrase("Compare"), "leaderboard"),
    ],
    phrase("Decide"): [
        Route("cascade", phrase("Cascade"), "alt_route"),
        Route("decisions", phrase("Decisions"), "gavel"),
        Route("predict", phrase("Predict"), "image_search"),
    ],
}

run(ROUTES)
