"""What do people say is on these images? Review labels, see who agrees, and make one label of all.

For specialists, who answer; and for whoever decides which labels to train on.
"""

from __future__ import annotations

from core.language import t
from pages.parts import (
    review_agreement,
    review_consensus,
    review_files,
    review_start,
    review_suspects,
    review_task,
    review_worth,
)
from pages.ui import messages, shell, views

ctx = shell.enter(
    t("Review"),
    t(
        "Are the labels right? Say what you see, one image at a time; see where people agree; "
        "train on what they agree on."
    ),
)
VIEWS = {
    review_start.REVIEW: review_task.tab,
    review_start.AGREEMENT: review_agreement.tab,
    review_start.SUSPECTS: review_suspects.tab,
    review_start.CONSENSUS: review_consensus.tab,
    review_start.WORTH: review_worth.tab,
    review_start.FILES: review_files.tab,
}
tabs = views.tabs(list(VIEWS), review_start.VIEW)
for tab, draw in zip(tabs, VIEWS.values(), strict=True):
    if tab.open:
        with tab, messages.guard():
            draw(ctx.ws, ctx.dataset)
