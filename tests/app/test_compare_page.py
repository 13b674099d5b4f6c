"""The Compare page: questions, the leaderboard, how runs learned, hidden runs."""

from __future__ import annotations

from core.services.runs import exporting, training
from tests.app.conftest import stands, texts
from tests.app.hands import click


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


def test_a_link_names_the_question_by_its_runs(full):
    app = full.open("compare", runs=full.ids.merged)
    assert "C+D" in app.selectbox(key="question").value
    assert app.multiselect(key="runs").value == [full.ids.merged]


def test_how_the_runs_learned(full):
    app = full.open("compare", compare_view="Learning")
    assert len(app.get("plotly_chart")) == 2
    n_val = training.get_run(full.ws, full.ids.second).metrics["val"]["n_images"]
    assert any(f"{n_val:,} validation images" in c.value for c in app.caption)


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
    learning = full.open("compare", compare_view="Learning")
    learning = stands(learning.multiselect(key="runs").set_value([theirs.id]).run())
    assert not learning.get("plotly_chart")
    assert "no curves" in texts(learning)


def test_a_model_without_a_file_or_a_name_is_a_sentence(full):
    app = click(full.open("compare"), "Add to the leaderboard")
    assert "Choose a file first." in texts(app)
