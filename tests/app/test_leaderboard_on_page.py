"""The leaderboard of the Compare page: every control changes what is shown or stored."""

from __future__ import annotations

import pandas as pd
import pytest

from core.services.comparing.choosing import Rival
from core.services.data import datasets
from core.services.labels import label_sets
from core.services.runs import marking, training
from pages.parts import compare_board, compare_verdict
from pages.ui import names, pickers
from tests.app.conftest import stands, texts
from tests.app.hands import button, click


def _rows(app):
    return list(app.dataframe[0].value["run"])


def _choose(app, *ids):
    return stands(app.multiselect(key="runs").set_value(list(ids)).run())


def test_a_person_is_told_which_model_to_take(full):
    said = texts(full.open("compare"))
    assert "**Take " in said
    assert "It is the best on validation" in said and "of the 24 test images" in said
    assert "runner-up" in said


def test_words_filter_the_table(full):
    app = stands(full.open("compare").text_input(key="board_find").set_value("CASCADE").run())
    assert _rows(app) == [full.ids.cascade]
    app = stands(app.text_input(key="board_find").set_value("no such model").run())
    assert "No model is like that" in texts(app)


def test_the_table_is_filtered_by_algorithm(full):
    app = full.open("compare")
    app = stands(app.multiselect(key="board_algorithm").set_value(["cascade"]).run())
    assert _rows(app) == [full.ids.cascade]


def test_the_table_is_filtered_by_the_classes_that_models_learned(full):
    app = stands(full.open("compare").selectbox(key="question").select_index(1).run())
    assert len(_rows(app)) == 4
    app = stands(app.multiselect(key="board_classes_of").set_value(["three@1"]).run())
    assert _rows(app) == [full.ids.merged]


def test_a_link_brings_filters_and_order(full):
    app = full.open("compare", board_find="probe", board_order="newest first")
    assert full.ids.cascade not in _rows(app)
    assert app.selectbox(key="board_order").value == "newest first"


def test_the_order_can_be_chosen_and_pinned_models_stand_first(full):
    app = full.open("compare")
    by_validation = _rows(app)
    app = stands(app.selectbox(key="board_order").set_value("name").run())
    assert list(app.dataframe[0].value["model"]) == sorted(app.dataframe[0].value["model"])
    app = stands(app.selectbox(key="board_order").set_value("validation accuracy").run())
    app = click(_choose(app, by_validation[-1]), "Pin")
    assert _rows(app) == [by_validation[-1], *by_validation[:-1]]
    assert "▲" in app.dataframe[0].value["marks"].iloc[0]
    assert _rows(click(app, "Unpin")) == by_validation


def test_stars_are_stored_shown_and_filtered_by(full):
    app = click(_choose(full.open("compare"), full.ids.second), "Star")
    assert training.get_run(full.ws, full.ids.second).starred
    assert "★" in set(app.dataframe[0].value["marks"])
    app = stands(app.toggle(key="board_starred").set_value(True).run())
    assert _rows(app) == [full.ids.second]
    click(app, "Unstar")
    assert not training.get_run(full.ws, full.ids.second).starred


def test_seeds_fold_into_one_row_a_recipe(full):
    app = full.open("compare")
    assert len(_rows(app)) == 3
    app = stands(app.toggle(key="board_recipes").set_value(True).run())
    table = app.dataframe[0].value
    assert len(table) == 2
    (folded,) = table[table["seed"] == "0, 1"].to_dict("records")
    assert " ± " in folded["accuracy"] and " ± " in folded["kappa"]
    assert folded["model"] == "probe, 2 seeds"


def test_models_get_names_and_old_links_still_find_them(full):
    old = names.run(training.get_run(full.ws, full.ids.second))
    app = _choose(full.open("compare"), full.ids.second)
    app.text_input(key=f"name-{full.ids.second}").set_value("Rosa")
    app = click(app, "Save")
    assert training.get_run(full.ws, full.ids.second).name == "Rosa"
    assert any(model.startswith("Rosa (") for model in app.dataframe[0].value["model"])
    assert app.multiselect(key="runs").value == [full.ids.second]
    again = full.open("compare", runs=old)
    assert again.multiselect(key="runs").value == [full.ids.second]
    assert any(words.startswith("Rosa · ") for words in again.multiselect(key="runs").options)


def test_what_an_address_means_is_found_by_the_id_at_its_end():
    options = {"run-1": "new · probe · run-1", "labels": "the labels"}
    assert pickers.meant("run-1", options) == "run-1"
    assert pickers.meant("old · probe · run-1", options) == "run-1"
    assert pickers.meant("old · probe · run-2", options) is None
    assert pickers.meant("", options) is None


def test_a_deleted_model_comes_back_with_undo(full):
    app = _choose(full.open("compare"), full.ids.second, full.ids.cascade)
    app = click(app, "Delete 2 chosen models")
    assert _rows(app) == [full.ids.generalist]
    assert "2 models deleted." in texts(app)
    app = click(app, "Undo")
    assert set(_rows(app)) == {full.ids.generalist, full.ids.second, full.ids.cascade}
    assert "deleted." not in texts(app)
    assert set(app.multiselect(key="runs").value) == {full.ids.second, full.ids.cascade}


def test_a_deleted_cascade_is_listed_and_comes_back_later(full):
    marking.hide(full.ws, full.ids.cascade)
    app = full.open("compare", compare_view="Deleted")
    assert full.ids.cascade not in _rows(app)
    app = click(app, "Bring back")
    assert full.ids.cascade in _rows(app)


def test_who_is_set_apart_is_listed_with_the_reason(full):
    app = full.open("compare")
    (box,) = [e for e in app.expander if e.label.startswith("Set apart")]
    assert box.label == "Set apart: 2 models"
    said = "\n".join(str(m.value) for m in box.markdown).replace("\\", "")
    assert "it is an expert and knows only C and D." in said
    assert "its class C+D holds C and D, which are asked apart." in said


def test_another_label_set_says_what_is_right(full):
    dataset = datasets.get_dataset(full.ws, full.ids.dataset)
    y = datasets.label_indices(full.ws, dataset)
    turned = label_sets.save_label_set(
        full.ws, full.ids.dataset, "turned", (y + 1) % 4, origin={"method": "test"}
    )
    app = full.open("compare")
    before = list(app.dataframe[0].value["accuracy"])
    app = stands(app.selectbox(key="labels").set_value(turned.id).run())
    assert list(app.dataframe[0].value["accuracy"]) != before
    assert (app.dataframe[0].value["accuracy"].str[:5].astype(float) < 50).all()


def test_ticked_rows_become_the_models_to_compare():
    ids = [["a"], ["b", "c"], ["d"], ["e"], ["f"]]
    assert compare_board.picked(ids, [0, 1], ["c"], 4) == ["c", "a"]
    assert compare_board.picked(ids, [], ["c"], 4) == []
    assert compare_board.picked(ids, [9], [], 4) == []
    assert compare_board.picked(ids, [0, 1, 2, 3, 4], ["a", "b", "d", "e"], 4) == list("bdef")


def test_ticks_follow_the_picker(full):
    app = _choose(full.open("compare"), full.ids.second)
    (row,) = app.session_state[compare_board.TABLE]["selection"]["rows"]
    assert _rows(app)[row] == full.ids.second


def test_buttons_are_there_only_for_chosen_models(full):
    app = _choose(full.open("compare"))
    assert not [b for b in app.button if b.label in ("Star", "Pin", "Undo")]
    assert button(_choose(app, full.ids.second), "Star")


BOARD = pd.DataFrame(
    {
        "run": ["a", "b", "c"],
        "accuracy": [0.9, 0.8, 0.7],
        "accuracy_low": [0.85, 0.7, 0.6],
        "accuracy_high": [0.93, 0.88, 0.8],
        "n_images": 100,
        "ms_per_image": [10.0, 1.0, None],
    }
)
CALLED = {"a": "A", "b": "B", "c": "C"}


@pytest.mark.parametrize(
    ("rivals", "wanted"),
    [
        ([], "There is no other model to compare it with."),
        ([Rival("b", 0.1, 0.02, 0.18, 0.01)], "better than the runner-up, B, by 10.0 points"),
        ([Rival("b", -0.1, -0.18, -0.02, 0.01)], "the runner-up, B, is better by 10.0 points"),
        ([Rival("b", 0.1, -0.02, 0.2, 0.2)], "cannot be told from these images: +10.0 points"),
        ([Rival("b", 0.1, -0.02, 0.2, 0.2)], "takes 1 ms for an image instead of 10."),
        (
            [Rival("b", 0.1, 0.02, 0.2, 0.01), Rival("c", 0.2, 0.1, 0.3, 0.01)],
            "It is better than all 2 others.",
        ),
        (
            [Rival("b", 0.1, -0.1, 0.2, 0.3), Rival("c", 0.2, 0.1, 0.3, 0.01)],
            "Of the 2 others it is better than 1",
        ),
        (
            [Rival("b", 0.1, -0.1, 0.2, 0.3), Rival("c", 0.2, -0.1, 0.3, 0.9)],
            "It cannot be told from any of the 2 others.",
        ),
    ],
)
def test_the_sentence_says_how_sure_it_is(rivals, wanted):
    said = compare_verdict.sentence(BOARD.iloc[: 1 + len(rivals)], rivals, CALLED, "test")
    assert said.startswith("**Take A.** It is the best on validation, and right on 90.0 %")
    assert "(95 % interval 85.0 to 93.0 %)" in said
    assert wanted in said
    assert "believe the test images" not in said
    on_val = compare_verdict.sentence(BOARD.iloc[: 1 + len(rivals)], rivals, CALLED, "val")
    assert "believe the test images" in on_val


def test_a_model_that_is_told_apart_is_not_offered_for_being_quick():
    beaten = [Rival("b", 0.1, 0.02, 0.18, 0.01)]
    assert "If time counts" not in compare_verdict.sentence(BOARD, beaten, CALLED, "test")
