"""The map of Explore: what is sent, what is marked on it, and what a mark opens."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from core.services.data import exploring, neighbours
from pages.ui import scatter, selection
from tests.app.conftest import stands, texts
from tests.app.hands import click, maps, queued, tiles
from tests.seeding import LABELS

HOSTILE = "<img src=x onerror=alert(1)>"
MOST_BYTES = 2_000_000  # a map of 100,000 points


def legend(app):
    colours, _ = maps(app)["colours"]
    return dict(zip(colours["names"], map(int, colours["counts"]), strict=True))


def mark(app, found):
    """Do what a lasso or a click in the map does."""
    data, _ = maps(app)["points"]
    app.session_state[data["map"]] = {"selection": found}
    return stands(app.run())


def test_the_map_is_coloured_by_label_split_and_cluster(full):
    app = full.open("explore")
    assert legend(app) == dict.fromkeys(LABELS, 30)
    app = stands(app.button_group(key="colour").set_value("split").run())
    assert legend(app) == {"train": 72, "val": 24, "test": 24}
    app = stands(app.button_group(key="colour").set_value("cluster").run())
    assert len(legend(app)) == 3  # what the evidence names
    app = stands(app.select_slider(key="map-k").set_value(2).run())
    assert legend(app) == {"cluster 1": 30, "cluster 2": 90}


def test_umap_is_offered_and_drawn_in_a_job_while_pca_stands_in(full):
    app = full.open("explore", plane="UMAP")
    assert sum(legend(app).values()) == 120
    click(app, "Draw the UMAP map")
    assert [job.kind for job in queued(full)] == ["projection"]


def test_a_lasso_opens_exactly_its_images_and_survives_recolouring(full):
    points = exploring.points(full.ws, full.ids.dataset)
    low, high = points[:30].min(axis=0) - 0.1, points[:30].max(axis=0) + 0.1
    outline = [[float(x), float(y)] for x, y in (low, (high[0], low[1]), high, (low[0], high[1]))]
    inside = np.flatnonzero(((points > low) & (points < high)).all(axis=1))
    assert 30 <= len(inside) < len(points)
    app = mark(full.open("explore"), {"polygon": outline, "turn": 1})
    assert f"{len(inside)} images marked" in texts(app)
    assert tiles(app)[0] == inside[:20].tolist()
    assert "A 30" in texts(app)  # which labels are in there
    app = stands(app.button_group(key="colour").set_value("split").run())
    assert f"{len(inside)} images marked" in texts(app)
    assert maps(app)["pictures"][0]["selected"] == {"polygon": outline, "turn": 1}
    app = stands(app.switch_page("pages/train.py").run())  # other pages may go on with them
    assert app.session_state["_draft:marked-" + full.ids.dataset] == inside.tolist()


def test_a_click_opens_one_image_and_those_most_like_it(full):
    app = mark(full.open("explore"), {"row": 7, "turn": 1})
    assert "1 image marked: A" in texts(app)
    near = neighbours.neighbours(full.ws, full.ids.dataset, 7)
    assert tiles(app)[0] == [position for position, _ in near]


def test_nothing_marked_leaves_the_map_alone(full):
    app = mark(full.open("explore"), {"turn": 2})
    assert "marked" not in texts(app)
    assert tiles(app) == []


def test_recolouring_and_pictures_leave_the_points_as_they_were_sent(full):
    app = full.open("explore")
    points = maps(app)["points"]
    key = points[0]["map"]
    app.session_state[f"{key}-pictures"] = {"asked": [3, 4, 10_000]}
    app = stands(app.button_group(key="colour").set_value("split").run())
    assert maps(app)["points"] == points
    pictures = maps(app)["pictures"][0]["pictures"]
    assert [row for row, *_ in pictures] == [3, 4]  # a row that is not there has no picture
    row, picture, said, path = pictures[0]
    assert picture.startswith("data:image/jpeg;base64,")
    assert said.startswith("A, ") and path == "A/0003.png"


def synthetic(n, n_labels=300, seed=0):
    rng = np.random.default_rng(seed)
    names = [f"label {i}" for i in range(n_labels)]
    return (
        rng.normal(size=(n, 2)).astype(np.float32),
        pd.Series(np.array(names, dtype=object)[rng.integers(0, n_labels, n)]),
        names,
    )


def test_a_hundred_thousand_points_are_two_megabytes_at_most():
    points, labels, names = synthetic(selection.N_DRAWN)
    rows = selection.drawn(len(points))
    data = scatter.map_data(points, rows, labels, names)
    colours = scatter.colour_data(labels.tolist(), names, rows)
    n_bytes = sum(len(names_of) for names_of in names) + sum(
        pa.Table.from_pandas(frame).nbytes for frame in (data["points"], colours["groups"])
    )
    assert len(rows) == 100_000  # every point
    assert n_bytes < MOST_BYTES / 2


def test_positions_are_sent_within_half_a_step():
    points, labels, names = synthetic(500, n_labels=3)
    data = scatter.map_data(points, np.arange(500), labels, names)
    frame = data["points"]
    back = frame[["x", "y"]].to_numpy() / 65_535 * data["span"] + np.array(data["origin"])
    assert np.abs(back - points).max() <= data["span"] / 65_535 * 0.51
    assert frame["label"].dtype == np.uint8
    assert [names[i] for i in frame["label"]] == labels.tolist()


@pytest.mark.parametrize("points", [np.zeros((1, 2)), np.full((3, 2), 7.0)])
def test_a_map_of_one_place_is_still_a_map(points):
    labels = pd.Series(["a"] * len(points))
    data = scatter.map_data(points, np.arange(len(points)), labels, ["a"])
    assert data["points"][["x", "y"]].to_numpy().max() == 0
    assert data["span"] == 1.0


def test_a_larger_map_is_thinned_at_random_and_the_same_way_each_time():
    n = selection.N_DRAWN + 50_000
    rows = selection.drawn(n)
    assert len(rows) == selection.N_DRAWN == len(set(rows.tolist()))
    assert (rows == selection.drawn(n)).all()
    assert abs(rows.mean() / n - 0.5) < 0.01  # density-true: no part of the order is preferred


def test_an_outline_takes_points_that_were_not_drawn():
    points = np.random.default_rng(1).uniform(size=(selection.N_DRAWN + 1_000, 2))
    square = [[0, 0], [0.5, 0], [0.5, 0.5], [0, 0.5]]
    expected = np.flatnonzero((points < 0.5).all(axis=1)).tolist()
    assert selection.positions({"polygon": square}, points) == expected
    last = selection.drawn(len(points))[-1]
    assert selection.positions({"row": selection.N_DRAWN - 1}, points) == [last]


@pytest.mark.parametrize(
    "marked", [None, {}, {"turn": 3}, {"polygon": []}, {"polygon": [[0, 0], [1, 1]]}, {"row": 99}]
)
def test_what_encloses_nothing_marks_nothing(marked):
    assert selection.positions(marked, np.full((10, 2), 0.5)) == []


def test_names_are_data_and_never_html():
    data = scatter.colour_data([HOSTILE], [HOSTILE], np.arange(1))
    assert data["names"] == [HOSTILE]  # the browser sets it as text
