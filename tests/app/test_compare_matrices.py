"""Compare: what differs between two models, in sentences and cell by cell; every control counts."""

from __future__ import annotations

import json

import numpy as np
import pytest

from core.services.cascades import saving
from core.services.comparing import confusions, differences, questions
from core.services.comparing.questions import Question
from pages.parts import compare_cells, compare_differences
from pages.ui.confusion_panel import short
from tests.app.conftest import stands, texts
from tests.app.hands import choose_cell, counts, matrices, tiles
from tests.seeding import LABELS


def chosen(app):
    """Return the ids of the models that are compared."""
    return list(app.multiselect(key="runs").value)


def answers(full, model_id, split="test"):
    asked = Question(full.ids.dataset, LABELS, split=split)
    return questions.answers(full.ws, asked, questions.find(full.ws, model_id))


def confusion_view(full, **query):
    return full.open("compare", compare_view="Confusion", **query)


def key(*ids):
    """Return the key of a matrix, or of a difference, with the classes as given."""
    return f"compare-{'-'.join(ids)}-test-{short(LABELS)}"


def option(app, name, value):
    return stands(app.button_group(key=name).set_value(value).run())


def test_two_runs_are_compared_on_the_same_images_and_said_in_a_sentence(full):
    app = full.open("compare")
    (pair,) = differences.pairs_of([answers(full, i) for i in chosen(app)])
    assert "on the same 24 images" in texts(app)
    assert pair["p_words"] in texts(app) or pair["difference"] == 0
    (row,) = app.dataframe[1].value.to_dict("records")
    for name in ("n_images", "n_only_a", "n_only_b", "mcnemar_p", "holm_p"):
        assert row[name] == pair[name]


def test_every_figure_of_a_pair_is_shown_with_its_interval(full):
    app = full.open("compare")
    rows = app.dataframe[2].value.to_dict("records")
    assert [row["figure"] for row in rows] == list(compare_differences.WORDS.values())
    (pair,) = differences.pairs_of([answers(full, i) for i in chosen(app)])
    kappa = pair["figures"]["kappa"]
    assert rows[3]["difference"] == f"{kappa['difference']:+.3f}"
    assert rows[3]["interval"] == " to ".join(f"{x:+.3f}" for x in kappa["ci"])


def test_three_models_are_three_pairs_and_holm_counts_them(full):
    ids = full.ids
    app = full.open("compare")
    three = [ids.generalist, ids.second, ids.cascade]
    app = stands(app.multiselect(key="runs").set_value(three).run())
    assert len(app.dataframe[1].value) == 3
    assert len(app.dataframe[2].value) == 3 * len(compare_differences.WORDS)
    assert "all 3 pairs counted" in texts(app)


def test_matrices_stand_side_by_side_and_a_cell_opens_its_images_with_all_answers(full):
    app = confusion_view(full)
    ids = chosen(app)
    for drawn, model_id in zip(matrices(app), ids, strict=True):
        assert counts(drawn) == confusions.confusion(answers(full, model_id)).tolist()
        assert drawn["models"] is None
    said = [answers(full, model_id) for model_id in ids]
    app = choose_cell(app, key(ids[1]), 2, 3)
    wanted = confusions.cell_positions(said[1], LABELS, "C", "D")
    assert wanted and tiles(app) == [wanted]
    under = _subs(app)[0][0].split("\n")
    for line, letter, its in zip(under, "AB", said, strict=True):
        (answer,) = confusions.answers_at(its, LABELS, wanted[:1])
        assert line == f"{letter} {100 * answer.confidence:.0f} % {answer.predicted}"


def test_the_difference_is_a_minus_b_and_a_cell_opens_what_only_one_puts_there(full):
    app = confusion_view(full, matrices="Difference")
    ids = chosen(app)
    a, b = (answers(full, model_id) for model_id in ids)
    (drawn,) = matrices(app)
    found = confusions.difference(a, b)
    assert counts(drawn) == found.difference.tolist()
    assert drawn["of_a"] == confusions.confusion(a).tolist()
    assert drawn["models"] == ["A", "B"]
    most = np.minimum(found.only_a + found.only_b, found.both)
    i, j = (int(at) for at in np.unravel_index(most.argmax(), most.shape))
    app = choose_cell(app, key(*ids), i, j)
    inside = confusions.difference_positions(a, b, LABELS, LABELS[i], LABELS[j])
    assert tiles(app) == [part for part in (inside.only_a, inside.only_b) if part] != []
    assert f"{inside.n_both} more image" in texts(app)


def test_of_three_models_a_pair_is_chosen(full):
    app = confusion_view(full, matrices="Difference")
    ids = [full.ids.generalist, full.ids.second, full.ids.cascade]
    app = stands(app.multiselect(key="runs").set_value(ids).run())
    first = counts(matrices(app)[0])
    app = option(app, "minus", "A − C")
    a, c = answers(full, ids[0]), answers(full, ids[2])
    assert counts(matrices(app)[0]) == confusions.difference(a, c).difference.tolist() != first
    assert matrices(app)[0]["models"] == ["A", "C"]


def test_one_model_has_no_difference_to_choose(full):
    app = full.open("compare", compare_view="Confusion", runs=full.ids.generalist)
    assert "matrices" not in [group.key for group in app.button_group]
    assert len(matrices(app)) == 1


@pytest.mark.parametrize("how", ["Side by side", "Difference"])
def test_numbers_and_diagonal_change_what_is_drawn(full, how):
    app = confusion_view(full, matrices=how)
    assert [(m["numbers"], m["diagonal"]) for m in matrices(app)][0] == ("counts", True)
    app = option(app, "numbers", "Row shares")
    assert {m["numbers"] for m in matrices(app)} == {"shares"}
    assert all("row shares" in m["title"] for m in matrices(app))
    app = stands(app.toggle(key="no_diagonal").set_value(True).run())
    assert {m["diagonal"] for m in matrices(app)} == {False}


@pytest.mark.parametrize(
    ("value", "numbers"), [("By confusion", [3, 1, 2, 0]), ("By cluster", [2, 3, 0, 1])]
)
def test_the_order_moves_rows_columns_and_totals_and_gives_a_choice_up(
    full, monkeypatch, value, numbers
):
    monkeypatch.setattr(confusions, "by_cluster", lambda ws, question: [2, 3, 0, 1])
    monkeypatch.setattr(confusions, "by_confusion", lambda matrix: [3, 1, 2, 0])
    app = confusion_view(full)
    ids = chosen(app)
    said = [answers(full, model_id) for model_id in ids]
    app = choose_cell(app, key(ids[0]), 2, 3)
    app = option(app, "order", value)
    for drawn, its in zip(matrices(app), said, strict=True):
        matrix = confusions.confusion(its)
        assert drawn["rows"] == drawn["columns"] == [LABELS[i] for i in numbers]
        assert counts(drawn) == matrix[np.ix_(numbers, numbers)].tolist()
        assert drawn["totals"] == matrix.sum(axis=1)[numbers].tolist()
        assert drawn["selected"] is None
    assert tiles(app) == []


def test_clusters_are_offered_only_where_explore_found_some(full, monkeypatch):
    app = confusion_view(full)
    assert app.button_group(key="order").options[-1] == "By cluster"
    monkeypatch.setattr(confusions, "by_cluster", lambda ws, question: None)
    app = stands(app.run())
    assert app.button_group(key="order").options[-1] == "By confusion"


def test_the_split_changes_the_matrices(full):
    app = confusion_view(full)
    before = [counts(m) for m in matrices(app)]
    app = option(app, "compare_split", "val")
    assert [counts(m) for m in matrices(app)] != before
    assert (
        counts(matrices(app)[0])
        == confusions.confusion(answers(full, chosen(app)[0], "val")).tolist()
    )


def test_a_matrix_names_the_files_and_the_picture(full):
    app = confusion_view(full, matrices="Difference")
    ids = chosen(app)
    (drawn,) = matrices(app)
    assert drawn["file"] == f"difference-{ids[0]}-{ids[1]}-test"
    assert "test, 24 images, counts" in drawn["title"]
    assert "more images by A" in drawn["notes"][0]


@pytest.mark.parametrize(
    ("n_significant", "n_tested", "said"),
    [(0, 0, "In no cell"), (0, 3, "No cell differs"), (1, 3, "Outlined: 1 cell differs"),
     (2, 3, "Outlined: 2 cells differ")],
)  # fmt: skip
def test_what_is_outlined_is_said(n_significant, n_tested, said):
    assert compare_cells._about(n_significant, n_tested).startswith(said)


def test_a_cascade_is_compared_like_a_run(full):
    app = confusion_view(full)
    ids = [full.ids.generalist, full.ids.cascade]
    app = stands(app.multiselect(key="runs").set_value(ids).run())
    record = saving.get(full.ws, full.ids.cascade)
    assert counts(matrices(app)[1]) == confusions.confusion(answers(full, record.id)).tolist()


def _subs(app):
    """Return the lines under the thumbnails of each gallery."""
    found = [json.loads(e.proto.json or "{}") for e in app.get("bidi_component")]
    return [[item["sub"] for item in data["items"]] for data in found if "items" in data]
