"""What the pages draw, as figures and as data for the browser, without a browser."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from core.language import text
from pages.parts import evidence, label_splits, sweep_chart
from pages.ui import charts, gallery, matrix, messages

HOSTILE = "<img src=x onerror=alert(1)>"


def test_few_epochs_have_whole_ticks():
    history = pd.DataFrame({"run": "r", "epoch": [1, 2, 3], "name": "loss", "value": [3, 2, 1]})
    assert charts.training_curves(history).layout.xaxis.dtick == 1
    assert charts.training_curves(history.assign(epoch=[1, 2, 90])).layout.xaxis.dtick is None


def test_names_are_never_html_in_a_chart():
    frame = pd.DataFrame({"label": [HOSTILE], "train": [1], "val": [0], "test": [0]})
    assert "<img" not in charts.balance(frame).data[0].y[0]
    assert "<img" not in charts.probabilities([HOSTILE], [1.0]).data[0].y[0]


def test_the_sweep_leaves_out_what_a_criterion_cannot_say_and_rings_its_suggestion():
    rows = [
        {"k": k, "silhouette": None if k == 1 else 0.1 * k, "gap": 0.2, "gap_se": 0.01,
         "stability": 0.9, "stability_null": 0.5, "bic": -100.0 * k, "pac": 0.1, "pac_null": 0.2,
         "separation": None if k == 1 else 0.1, "separation_se": None if k == 1 else 0.01}
        for k in range(1, 21)
    ]  # fmt: skip
    figure = sweep_chart.k_sweep(rows, {"silhouette": 3, "gap": 1})
    rings = [t for t in figure.data if t.mode == "markers"]
    assert [(list(r.x), list(r.y)) for r in rings] == [([1], [0.2]), ([3], [pytest.approx(0.3)])]
    silhouette = next(t for t in figure.data if t.xaxis == "x5")
    assert list(silhouette.x) == list(range(2, 21))
    assert list(figure.layout.xaxis.tickvals) == [1, 5, 10, 15, 20]
    dotted = [t for t in figure.data if t.mode == "lines"]
    assert [t.y[0] for t in dotted] == [0.5, 0.2]
    short = sweep_chart.k_sweep(rows[:4], {})
    assert list(short.layout.xaxis.tickvals) == [1, 2, 3, 4]


def test_labels_and_their_groups_are_said_without_markup_of_theirs():
    found = {"shared": [{"labels": ["A_b", "C*"], "cluster": 1, "share": 0.964}]}
    (said,) = evidence.shared_sentences(found)
    assert said == "**A\\_b and C\\*** share cluster 2: 96 % or more of each lie in it."
    split = {"label": "A_b", "sizes": [1200, 30], "stability": 0.9, "looks_like": [None, "C*"]}
    said = label_splits.sentence(split)
    assert "A\\_b" in said and "1,200 images and 30" in said
    assert "Group 2 lies among images labelled C\\*" in said


def test_training_curves_have_a_dotted_and_a_solid_line_a_run():
    history = pd.DataFrame(
        [("r1", e, name, 1.0 / e) for e in (1, 2) for name in ("loss", "val_loss", "accuracy")],
        columns=["run", "epoch", "name", "value"],
    )
    figure = charts.training_curves(history, "loss")
    assert [trace.line.dash for trace in figure.data] == ["dot", "solid"]
    assert figure.data[0].line.color == figure.data[1].line.color
    assert list(figure.data[0].x) == [1, 2]


def test_training_curves_of_a_job_that_has_not_reported_are_empty():
    empty = pd.DataFrame(columns=["run", "epoch", "name", "value"])
    assert len(charts.training_curves(empty).data) == 0


def test_intervals_reach_from_low_to_high():
    figure = charts.intervals(["a"], [0.7], [[0.6, 0.75]], "accuracy", reference=0.2)
    assert figure.data[0].error_x.array[0] == pytest.approx(0.05)
    assert figure.data[0].error_x.arrayminus[0] == pytest.approx(0.1)


def table(counts, **more):
    names = [f"c{i}" for i in range(len(counts))]
    return matrix.table_data(np.array(counts), names, names, ("true ↓", "{n} is {row}"), **more)


def test_a_matrix_carries_counts_and_the_images_of_each_row():
    data = table([[3, 1], [0, 4]], marked=[(0, 1)])
    assert data["counts"] == [[3, 1], [0, 4]]
    assert data["totals"] == [4, 4]
    assert data["marked"] == [[0, 1]]
    assert table([[3, 1], [0, 4]], totals=[9, 8])["totals"] == [9, 8]


@pytest.mark.parametrize(
    ("n", "size"), [(10, "full"), (11, "compact"), (30, "compact"), (31, "dense")]
)
def test_cells_get_smaller_with_more_classes(n, size):
    assert table(np.eye(n, dtype=int))["size"] == size


def test_a_gallery_carries_pictures_and_no_addresses():
    rows = pd.DataFrame(
        {"position": [7], "label": [HOSTILE], "path": ["a/b.png"], "split": ["test"]}
    )
    (item,) = gallery.items(rows, [b"\xff\xd8jpeg"])
    assert item["position"] == 7
    assert item["src"].startswith("data:image/jpeg;base64,")
    assert item["caption"] == HOSTILE  # the browser sets it as text, never as HTML
    assert item["sub"] == "test"


@pytest.mark.parametrize("script", sorted(matrix._ASSETS.glob("*.js")), ids=lambda p: p.name)
def test_components_write_text_only(script):
    source = script.read_text()
    for door in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
        assert door not in source


def test_a_cell_holds_the_images_of_its_cluster_and_label():
    images = pd.DataFrame({"position": [0, 1, 2], "label": ["a", "b", "a"]})
    assert evidence.in_cell(images, np.array([1, 1, 0]), "cluster 2", "a") == [0]


def test_groups_follow_the_colouring():
    images = pd.DataFrame({"label": ["b", "a"], "split": ["test", "train"]})
    assert evidence.groups(images, ["a", "b"], "label", None, None) == (["b", "a"], ["a", "b"])
    assert evidence.groups(images, ["a", "b"], "split", None, None)[0] == ["test", "train"]
    found = {"clusters": {2: np.array([1, 0])}}
    named, order = evidence.groups(images, ["a", "b"], "cluster", found, 2)
    assert (named, order) == (["cluster 2", "cluster 1"], ["cluster 1", "cluster 2"])


def test_another_choice_has_another_fingerprint():
    assert evidence.fingerprint([1, 2]) == evidence.fingerprint([1, 2])
    assert evidence.fingerprint([1, 2]) != evidence.fingerprint([1, 3])


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.84, "0.8 s"), (42.4, "42 s"), (185, "3 min 05 s"), (7800, "2 h 10 min")],
)
def test_durations_as_people_say_them(seconds, words):
    assert text.duration(seconds) == words


def test_shares_become_percent_only_here():
    assert text.percent(0.7425) == "74.2 %"
    assert text.percent(None) == text.percent(float("nan")) == "–"
    assert text.interval([0.701, 0.78]) == "70.1 to 78.0 %"
    assert text.points(-0.021) == "-2.1 points"
    now = datetime(2026, 11, 23, 12, tzinfo=UTC)
    assert text.ago(now - timedelta(minutes=5), now) == "5 min ago"
    assert text.ago(now - timedelta(days=3), now) == "20 November 2026"


def test_markdown_in_a_name_is_shown_as_it_is():
    assert messages.plain("a*b_[c](d)") == r"a\*b\_\[c\]\(d\)"
    assert messages.capitalise("tau is 2.") == "Tau is 2."


@pytest.mark.parametrize(
    ("n", "said"),
    [
        (1, "1st"),
        (2, "2nd"),
        (3, "3rd"),
        (4, "4th"),
        (11, "11th"),
        (112, "112th"),
        (1002, "1,002nd"),
    ],
)
def test_ranks_are_said_as_people_say_them(n, said):
    assert text.ordinal(n) == said
