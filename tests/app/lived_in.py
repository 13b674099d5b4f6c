"""A workspace in which people have worked: reviews, label sets, imported and deleted runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from sqlalchemy import update

from core.services.comparing.questions import Question
from core.services.data.datasets import get_dataset, image_ids, label_indices, splits
from core.services.labels import label_work
from core.services.runs import adopting, exporting, marking
from core.store import reviews
from core.store.tables import dataset_problem, run
from tests.app.conftest import Place
from tests.app.test_compare_more_images import add_curve
from tests.app.test_predict_page import add_taught
from tests.app.test_review_page import PEOPLE, event
from tests.seeding import LABELS, add_cascade, add_crossval, add_run, generalist_probs

_KINDS = ("unreadable", "refused", "duplicate", "label_conflict", "unlabelled")


def live_in(place: Place, folder: Path) -> Place:
    """Fill a workspace that `tests.seeding` made with what people do afterwards."""
    ws, ids, rng = place.ws, place.ids, np.random.default_rng(0)
    assert ids is not None
    dataset = get_dataset(ws, ids.dataset)
    truth, images = label_indices(ws, dataset), image_ids(ws, dataset.id)
    for person, care in PEOPLE.items():
        says = np.where(rng.random(len(truth)) < care, truth, rng.integers(0, 4, len(truth)))
        with ws.write() as conn:
            for n in range(100):
                reviews.add(conn, event(dataset, images[n], person, LABELS[says[n]], n))
    add_crossval(ws, ids.generalist, generalist_probs(truth, np.random.default_rng(1)))
    add_curve(place, Question(ids.dataset, LABELS))
    label_work.consensus(ws, ids.dataset, method="majority")
    file = folder / "answers.csv"
    exporting.write_predictions(ws, ids.second, file)
    adopting.import_predictions(ws, ids.dataset, file, adopting.Origin("elsewhere"))
    gone = add_run(ws, dataset, truth, splits(ws, dataset.id), generalist_probs(truth, rng), seed=7)
    marking.hide(ws, gone)
    taught = add_run(
        ws, dataset, truth, splits(ws, dataset.id), generalist_probs(truth, rng),
        algorithm="prototypical",
    )  # fmt: skip
    add_taught(place, taught)
    marking.star(ws, ids.second)
    marking.pin(ws, ids.second)
    add_cascade(ws, ids.generalist, [ids.expert], 0.3)
    with ws.write() as conn:
        rows = [
            {"dataset_id": ids.dataset, "seq": n, "file": f"{n}.png", "kind": kind, "reason": ""}
            for n, kind in enumerate(_KINDS)
        ]
        conn.execute(dataset_problem.insert(), rows)
        conn.execute(update(run).values(device="CPU"))  # "test" is a split, too
    return place
