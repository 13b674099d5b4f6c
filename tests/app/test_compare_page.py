"""The Compare page: the leaderboard, differences, and the images behind the matrices."""

from __future__ import annotations

import pytest

from core.services.comparing import confusions, questions
from core.services.comparing.questions import Question
from core.services.runs import exporting, training
from pages.parts import compare_differences
from tests.app.conftest import stands, texts
from tests.app.hands import choose_cell, click, counts, matrices, tiles
from tests.seeding import LABELS


def test_an_empty_workspace_points_to_the_overview(empty):
    assert "There is no data set in this workspace yet." in texts(empty.open("compare"))


def test_the_leaderboard_shows_one_question_with_intervals_and_counts(full):
    app = full.open("compare")
    table = app.dataframe[0].value
    assert set(table["run"]) == {full.ids.generalist, full.ids.second, full.ids.cascade}
    assert set(table["n_images"]) == {24}
    assert "24 images" in texts(app)
    for name in ("accuracy", "balanced_accuracy", "macro_f1", "kappa", "bits", "log_loss", "ece"):
        assert all(" (" in figure and " to " in figure for figure in table[name])
    assert all(" to " in figure for figure in table["augrc"])


def test_every_question_can_be_asked(full):
    app = full.open("compare")
    questions = app.selectbox(key="question").options
    assert [q.split(":")[0] for q in questions] == [
        "4 classes",
        "3 classes of three@1",
        "expert for C / D",
    ]
    app = stands(app.selectbox(key="question").select_index(2).run())
    ids = full.ids
    assert set(app.dataframe[0].value["run"]) == {
        *(ids.expert, ids.generalist, ids.second, ids.cascade)
    }


def test_the_split_decides_which_figures_are_shown(full):
    app = full.open("compare")
    test = list(app.dataframe[0].value["accuracy"])
    app = stands(app.button_group(key="compare_split").set_value("val").run())
    assert "Validation split" in texts(app)
    assert list(app.dataframe[0].value["accuracy"]) != test


def test_two_runs_are_compared_on_the_same_images(full):
    app = full.open("compare")
    assert "on the same 24 images" in texts(app)
    (pair,) = app.dataframe[1].value.to_dict("records")
    assert pair["n_images"] == 24
    assert 0 <= pair["mcnemar_p"] <= pair["holm_p"] <= 1


def test_a_link_names_the_question_by_its_runs(full):
    app = full.open("compare", runs=full.ids.merged)
    assert "C+D" in app.selectbox(key="question").value
    assert app.multiselect(key="runs").value == [full.ids.merged]


def test_matrices_stand_side_by_side_and_a_cell_opens_its_images(full):
    app = full.open("compare", compare_view="Confusion")
    asked = Question(full.ids.dataset, LABELS)
    for drawn, model_id in zip(matrices(app), app.multiselect(key="runs").value, strict=True):
        said = questions.answers(full.ws, asked, questions.find(full.ws, model_id))
        assert counts(drawn) == confusions.confusion(said).tolist()
    model_id = app.multiselect(key="runs").value[1]
    choose_cell(app, f"compare-{model_id}-test", 2, 3)
    said = questions.answers(full.ws, asked, questions.find(full.ws, model_id))
    wanted = confusions.cell_positions(said, LABELS, "C", "D")
    assert wanted and tiles(app) == [wanted]


def test_how_the_runs_learned(full):
    app = full.open("compare", compare_view="Learning")
    assert len(app.get("plotly_chart")) == 2


def test_hidden_runs_come_back(full):
    app = full.open("compare", compare_view="Deleted")
    app = stands(
        app.multiselect(key="runs").set_value([full.ids.generalist, full.ids.second]).run()
    )
    app = click(app, "Delete 2 chosen models")
    assert len(training.list_runs(full.ws, full.ids.dataset)) == 2
    app = stands(app.button_group(key="compare_view").set_value("Deleted").run())
    restore = [b for b in app.button if b.label == "Bring back"]
    assert len(restore) == 2
    stands(restore[0].click().run())
    assert len(training.list_runs(full.ws, full.ids.dataset)) == 3


def test_when_every_run_is_hidden_the_page_still_brings_them_back(full):
    for run in training.list_runs(full.ws, full.ids.dataset):
        training.archive_run(full.ws, run.id)
    app = full.open("compare")
    assert "There is no run to compare yet." in texts(app)
    stands(next(b for b in app.button if b.label == "Bring back").click().run())
    assert len(training.list_runs(full.ws, full.ids.dataset)) == 1


def test_nothing_chosen_is_said(full):
    app = full.open("compare")
    app = stands(app.multiselect(key="runs").set_value([]).run())
    assert "Choose one or more models" in texts(app)


@pytest.mark.parametrize(
    ("difference", "holm_p", "begin"),
    [(0.1, 0.01, "run a is better than run b"), (-0.1, 0.01, "run b is better than run a"),
     (0.1, 0.2, "No difference can be told")],
)  # fmt: skip
def test_a_difference_is_only_called_one_when_luck_does_not_explain_it(difference, holm_p, begin):
    pair = {"a": "1", "b": "2", "n_images": 100, "difference": difference,
            "ci": [difference - 0.05, difference + 0.05], "holm_p": holm_p}  # fmt: skip
    said = compare_differences.pair_sentence(pair, {"1": "run a", "2": "run b"})
    assert said.startswith(begin)
    assert "100 images" in said


def test_a_model_from_elsewhere_is_brought_in(full, tmp_path):
    path = tmp_path / "theirs.csv"
    exporting.write_predictions(full.ws, full.ids.generalist, path)
    app = full.open("compare")
    app.file_uploader[0].upload("theirs.csv", path.read_bytes(), "text/csv")
    app.text_input(key="predictions-name").set_value("Their net")
    app = click(app, "Add to the leaderboard")
    assert "Their net is run-" in texts(app)
    (theirs,) = [r for r in training.list_runs(full.ws, full.ids.dataset) if r.is_imported]
    assert theirs.id in set(app.dataframe[0].value["run"])


def test_a_model_without_a_file_or_a_name_is_a_sentence(full):
    app = click(full.open("compare"), "Add to the leaderboard")
    assert "Choose a file first." in texts(app)
