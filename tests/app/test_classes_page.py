"""The Classes page: composing a class map, its figures, and saving it."""

from __future__ import annotations

import pytest

from core.errors import InvalidInput
from core.services import mapping, training
from pages.ui import class_draft, class_scores
from tests.app.conftest import stands, texts
from tests.app.hands import button, cards, click, matrices
from tests.seeding import LABELS


def test_an_empty_workspace_points_to_the_overview(empty):
    assert "There is no data set in this workspace yet." in texts(empty.open("classes"))


def test_without_a_run_a_map_can_be_composed_and_the_page_says_what_is_missing(full):
    for run in training.list_runs(full.ws, full.ids.dataset):
        training.archive_run(full.ws, run.id)
    app = full.open("classes")
    assert "No run over the labels yet" in texts(app)
    merge(app, "A", "B")
    assert "4 labels → 3 classes" in texts(app)


def merge(app, *classes, name=""):
    (picker,) = [m for m in app.multiselect if m.label == "Merge these classes"]
    stands(picker.set_value(list(classes)).run())
    if name:
        (field,) = [t for t in app.text_input if t.label == "Name of the merged class"]
        stands(field.set_value(name).run())
    return stands(button(app, "Merge").click().run())


def test_merging_changes_figures_matrix_and_sentence(full):
    app = full.open("classes")
    before = cards(app)
    assert "No two classes are merged yet" in texts(app)
    merge(app, "C", "D")
    after = cards(app)
    assert float(after["Accuracy"][:-2]) > float(before["Accuracy"][:-2])
    assert float(after["Chance level"][:-2]) > float(before["Chance level"][:-2])
    assert "Fewer classes raise accuracy by themselves" in texts(app)
    assert [m["rows"] for m in matrices(app)] == [["A", "B", "C+D"], list(LABELS)]


def test_the_split_decides_on_which_images_the_figures_stand(full):
    app = full.open("classes")
    assert "24 validation images" in texts(app)
    app = stands(app.button_group(key="classes_split").set_value("test").run())
    assert "24 test images" in texts(app)


def test_undo_redo_split_and_start_over(full):
    app = merge(full.open("classes"), "A", "B", name="early")
    assert "4 labels → 3 classes" in texts(app)
    click(app, "Undo")
    assert "4 labels → 4 classes" in texts(app)
    click(app, "Redo")
    assert "**early**" in texts(app)
    click(app, "Split")
    assert "4 labels → 4 classes" in texts(app)
    merge(app, "A", "B", "C")
    click(app, "Start over")
    assert "4 labels → 4 classes" in texts(app)


def test_a_confused_pair_is_merged_with_one_click(full):
    app = full.open("classes")
    (offer,) = [b for b in app.button if b.label.startswith("C + D")]
    app = stands(offer.click().run())
    assert "4 labels → 3 classes" in texts(app)


def test_a_name_that_is_taken_is_one_sentence(full):
    app = merge(full.open("classes"), "A", "B", name="C")
    assert "This name is taken" in app.error[0].value
    assert "4 labels → 4 classes" in texts(app)


def test_saving_makes_a_version_with_its_reason(full):
    app = merge(full.open("classes"), "C", "D")
    app.text_input(key="map_save_name").set_value("three")
    app.text_area(key="map_why").set_value("They grow into each other.")
    app.text_input(key="who").set_value("Ana")
    app = click(app, "Save class map")
    newest = mapping.list_class_maps(full.ws, full.ids.dataset)[0]
    assert (newest.name, newest.version, newest.who) == ("three", 2, "Ana")
    assert newest.why == "They grow into each other."
    assert newest.class_of["D"] == "C+D"
    assert "three@2" in texts(app)


def test_a_map_without_a_name_is_called_by_its_number_of_classes(full):
    app = merge(full.open("classes"), "A", "B")
    assert "3 classes@1" in texts(click(app, "Save class map"))


def test_a_map_with_a_name_that_cannot_be_is_refused(full):
    app = full.open("classes")
    app.text_input(key="map_save_name").set_value("a@b")
    app = click(app, "Save class map")
    assert "name" in app.error[0].value
    assert len(mapping.list_class_maps(full.ws, full.ids.dataset)) == 1


def test_names_are_shown_as_they_are_and_never_as_markup(full):
    app = merge(full.open("classes"), "A", "B", name="<b>*early*</b>")
    assert r"\<b\>\*early\*\</b\>" in texts(app)
    app.text_input(key="map_save_name").set_value("[a](b)")
    app = click(app, "Save class map")
    assert r"\[a\]\(b\)@1" in texts(app)


def test_a_saved_map_is_taken_up_again(full):
    app = click(full.open("classes"), "Continue from this")
    assert "4 labels → 3 classes" in texts(app)


def test_a_draft_forgets_the_way_forth_after_a_new_change():
    draft = class_draft.undo(class_draft.merge(class_draft.fresh("abc"), ["a", "b"]))
    assert class_draft.redo(draft).groups == {"a+b": ["a", "b"], "c": ["c"]}
    assert class_draft.merge(draft, ["b", "c"]).future == ()
    assert class_draft.undo(class_draft.fresh("abc")) == class_draft.fresh("abc")


@pytest.mark.parametrize(("classes", "name"), [(["a"], ""), (["a", "b"], "c"), ([], "x")])
def test_a_merge_that_makes_no_sense_is_refused(classes, name):
    with pytest.raises(InvalidInput):
        class_draft.merge(class_draft.fresh("abc"), classes, name)


def test_the_name_of_a_label_outside_a_merge_stays_its_own():
    once = class_draft.merge(class_draft.fresh("abcd"), ["a", "b"], "early")
    with pytest.raises(InvalidInput):
        class_draft.merge(once, ["c", "d"], "a")  # splitting "early" would make two classes one


def figures(n_classes, accuracy, chance, kappa, bits):
    return {
        "classes": list(range(n_classes)),
        "accuracy": accuracy,
        "chance": chance,
        "kappa": kappa,
        "bits": bits,
    }


def test_the_verdict_says_when_merging_gives_up_what_the_run_could_tell():
    before, after = figures(4, 0.9, 0.25, 0.87, 1.6), figures(2, 0.92, 0.5, 0.84, 0.6)
    said = class_scores.verdict(before, after)
    assert "Fewer classes raise accuracy by themselves" in said
    assert "kappa does not rise" in said
    assert "gives up distinctions" in said
    assert "kappa rises" in class_scores.verdict(before, figures(3, 0.99, 0.4, 0.98, 1.5))
    assert "nothing left" in class_scores.verdict(before, figures(1, 1.0, 1.0, 0.0, 0.0))
