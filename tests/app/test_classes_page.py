"""The Classes page: a suggestion, a class map in the making, its worth, advice, and saved maps."""

from __future__ import annotations

import json

import numpy as np
import pytest

from core.analysis.merges import merging as analysis
from core.errors import InvalidInput
from core.language import text
from core.services.classes import mapping, merging, merging_images
from core.services.classes.retraining import Retrained
from core.services.costs import entering
from core.services.data import datasets
from core.services.runs import training
from pages.parts import class_draft, class_ranking, class_retrain, class_verdict
from tests.app.conftest import stands, texts
from tests.app.hands import button, choose_cell, click, counts, matrices, queued, tiles
from tests.seeding import LABELS, add_crossval


def test_an_empty_workspace_points_to_the_overview(empty):
    assert "There is no data set in this workspace yet." in texts(empty.open("classes"))


def test_without_a_run_a_map_can_be_composed_and_the_page_says_what_is_missing(full):
    for run in training.list_runs(full.ws, full.ids.dataset):
        if run.pair is None:
            training.archive_run(full.ws, run.id)  # an expert alone is no run over the labels
    app = full.open("classes")
    assert "No run over the labels yet" in texts(app)
    merge(app, "A", "B")
    assert "4 labels → 3 classes" in texts(app)


def merge(app, *classes):
    (picker,) = [m for m in app.multiselect if m.label == "Merge these classes"]
    stands(picker.set_value(list(classes)).run())
    return click(app, "Merge")


def box_of(place, **more):
    return merging.open_sandbox(place.ws, place.ids.generalist, **more)


def opened(place, **query):
    return place.open("classes", run=place.ids.generalist, **query)


def test_the_suggestion_is_that_of_the_sandbox_and_is_taken_with_one_click(full):
    found = analysis.suggest(box_of(full))
    app = opened(full)
    assert class_verdict.headline(found, LABELS) in texts(app)
    assert "C \\+ D" in class_verdict.headline(found, LABELS)
    app = click(app, "Take this suggestion")
    assert matrices(app)[0]["rows"] == ["A", "B", "C+D"]
    assert button(app, "Taken").disabled


def test_merging_changes_every_figure_as_the_sandbox_says(full):
    app = opened(full)
    assert "Nothing is merged yet" in texts(app)
    app = merge(app, "C", "D")
    box = box_of(full)
    was, now = analysis.examine(box, [0, 1, 2, 3]), analysis.examine(box, [0, 1, 2, 2])
    said = texts(app)
    for before, after in (
        (f"{was.itca:.3f}", f"{now.itca:.3f}"),
        (text.percent(was.accuracy), text.percent(now.accuracy)),
        (text.percent(was.chance), text.percent(now.chance)),
        (f"{was.kappa:.3f}", f"{now.kappa:.3f}"),
        (f"{was.skill:.3f}", f"{now.skill:.3f}"),
    ):
        assert f"{before} → **{after}**" in said
    assert f"1st of {now.n_same_sizes}" in said
    assert now.verdict.capitalize() in said
    drawn = matrices(app)[0]
    assert drawn["rows"] == ["A", "B", "C+D"]
    assert sum(map(sum, counts(drawn))) == 24


def test_what_was_chosen_is_confirmed_on_test_images(full):
    said = texts(merge(opened(full), "C", "D"))
    tested = analysis.examine(box_of(full, evidence="test"), [0, 1, 2, 2])
    assert "24 test images" in said
    assert f"**{tested.itca_gain:+.3f}**" in said
    assert "Winner's curse" in said


def test_a_merge_that_loses_what_the_run_could_tell_is_advised_against(full):
    said = texts(merge(opened(full), "A", "B"))
    assert analysis.examine(box_of(full), [0, 0, 1, 2]).verdict == "do not merge"
    assert "Do not merge" in said


def test_a_single_class_has_nothing_left_to_recognise(full):
    said = texts(merge(opened(full), *LABELS))
    assert "nothing left to recognise" in said
    assert "4 labels → 1 class" in said


def test_undo_redo_rename_split_and_start_over(full):
    app = merge(opened(full), "A", "B")
    (field,) = [t for t in app.text_input if t.label == "Name of A, B"]
    app = stands(field.set_value("early").run())
    assert matrices(app)[0]["rows"] == ["early", "C", "D"]
    app = click(app, "Undo")
    assert matrices(app)[0]["rows"] == ["A+B", "C", "D"]
    app = click(click(app, "Undo"), "Redo")
    assert matrices(app)[0]["rows"] == ["A+B", "C", "D"]
    app = click(app, "Split up")
    assert "4 labels → 4 classes" in texts(app)
    app = click(merge(app, "A", "B", "C"), "Start over")
    assert "4 labels → 4 classes" in texts(app)


def test_a_name_that_is_taken_is_one_sentence(full):
    app = merge(opened(full), "A", "B")
    (field,) = [t for t in app.text_input if t.label == "Name of A, B"]
    app = stands(field.set_value("C").run())
    assert "This name is taken" in app.error[0].value
    assert matrices(app)[0]["rows"] == ["A+B", "C", "D"]


def test_ordered_stages_refuse_what_are_no_neighbours(full):
    app = opened(full, ordered="true")
    app = merge(app, "A", "C")
    assert "A and C are not neighbours" in app.error[0].value
    assert "4 labels → 4 classes" in texts(app)
    app = merge(app, "A", "B")
    assert not app.error
    assert "4 labels → 3 classes" in texts(app)


def test_a_map_that_skips_a_stage_is_pointed_out_when_stages_become_ordered(full):
    app = merge(opened(full), "A", "C")
    assert "not neighbours" not in texts(app)
    app = stands(app.toggle(key="ordered").set_value(True).run())
    assert "joins stages that are not neighbours" in texts(app)


def test_a_cell_shows_its_images_and_merges_its_classes(full):
    app = opened(full)
    key = f"classes-{full.ids.generalist}-val-A|B|C|D"
    app = choose_cell(app, key, 2, 3)
    wanted = merging_images.positions_in_cell(full.ws, full.ids.generalist, "val", ["C"], ["D"])
    assert tiles(app)[0] == wanted
    app = click(app, "Merge C and D")
    assert matrices(app)[0]["rows"] == ["A", "B", "C+D"]


def test_more_images_are_one_click_away(full):
    app = opened(full)
    (offer,) = [b for b in app.button if b.label.startswith("Judge on all")]
    sources = {s.name: s for s in merging.evidence_sources(full.ws, full.ids.generalist)}
    assert offer.label == f"Judge on all {sources['crossval'].n_images} images"
    app = stands(offer.click().run())
    (job,) = queued(full)
    assert (job.kind, job.params["run"]) == ("crossval", full.ids.generalist)
    assert not [b for b in app.button if b.label.startswith("Judge on all")]


def test_cross_validated_answers_are_judged_on_once_they_are_there(full):
    run = training.get_run(full.ws, full.ids.generalist)
    split = datasets.splits(full.ws, run.dataset_id)
    y = mapping.run_classes(full.ws, run)[split != "test"]
    add_crossval(full.ws, run.id, np.eye(4)[y], over="train+val")
    app = opened(full)
    assert counts(matrices(app)[0]) == np.diag(np.bincount(y)).tolist()
    assert "Keep all 4 classes." in texts(app)
    assert "No pair of classes is confused more than once" in texts(app)
    assert not [b for b in app.button if b.label.startswith("Judge on all")]
    app = stands(app.button_group(key="judged_on").set_value("val").run())
    assert sum(map(sum, counts(matrices(app)[0]))) == 24


def test_another_run_that_was_not_cross_validated_is_judged_on_validation(full):
    run = training.get_run(full.ws, full.ids.generalist)
    split = datasets.splits(full.ws, run.dataset_id)
    y = mapping.run_classes(full.ws, run)[split != "test"]
    add_crossval(full.ws, run.id, np.eye(4)[y], over="train+val")
    app = opened(full)
    app = stands(app.button_group(key="judged_on").set_value("crossval").run())
    app = stands(app.selectbox(key="run").set_value(full.ids.second).run())
    assert sum(map(sum, counts(matrices(app)[0]))) == 24
    assert [b for b in app.button if b.label.startswith("Judge on all")]


def test_advice_about_a_pair_is_given_with_its_numbers_and_done_with_one_click(full):
    app = opened(full)
    said = texts(app)
    assert "**C / D**" in said
    assert "no reviews yet" in said
    (go,) = [b for b in app.button if b.label == "Merge them"]
    app = stands(go.click().run())
    assert matrices(app)[0]["rows"] == ["A", "B", "C+D"]


def test_where_mistakes_have_costs_the_ranking_shows_and_follows_what_is_saved(full):
    costs = [[0, 1, 1, 1], [1, 0, 1, 1], [1, 1, 0, 5], [1, 1, 2, 0]]
    plain = opened(full)
    assert "Saved" not in str(plain.dataframe[0].value.columns)
    entering.enter(full.ws, full.ids.dataset, costs, unit="EUR")
    app = opened(full, merges_by="cost of mistakes saved")
    found = merging.rank_merges(full.ws, full.ids.generalist, n_top=10, order="cost")
    wanted = sorted({round(m["saved"], 9) for m in found["merges"]}, reverse=True)
    shown = [float(cell.split()[0]) for cell in app.dataframe[0].value["saved"]]
    assert shown == sorted(shown, reverse=True)
    assert shown[0] == round(wanted[0], 3)
    app = merge(app, "C", "D")
    (mine,) = [m for m in found["merges"] if m["class_map"] == "C+D"]
    said = texts(app)
    assert f"{mine['saved']:+.3f} saved" in said
    assert f"**{mine['test_saved']:+.3f}**" in said
    assert "What mistakes cost, in EUR" in said


def test_the_ranking_has_the_best_merges_and_the_draft(full):
    app = merge(opened(full), "A", "B", "D")
    shown = app.dataframe[0].value
    assert "● A + B + D" in list(shown["merge"])
    assert shown["merge"].str.startswith("●").sum() == 1
    assert "C + D" in list(shown["merge"])
    assert "no merge" in list(shown["merge"])


def test_a_chosen_row_is_a_class_map_and_a_row_that_is_gone_is_none(full):
    rows = analysis.best(box_of(full), 3)
    assert class_ranking.picked({"selection": {"rows": [1]}}, rows) == rows[1].partition
    assert class_ranking.picked({"selection": {"rows": []}}, rows) is None
    assert class_ranking.picked({"selection": {"rows": [9]}}, rows) is None


def save(app, **texts_of):
    for key, value in texts_of.items():
        app.text_input(key=key).set_value(value)
    return click(app, "Save class map")


def test_saving_makes_a_version_with_its_reason(full):
    app = merge(opened(full), "C", "D")
    why = "They grow into each other."
    app = save(app, map_save_name="three", map_why=why, who="Ana")
    newest = mapping.list_class_maps(full.ws, full.ids.dataset)[0]
    assert (newest.name, newest.version, newest.who) == ("three", 2, "Ana")
    assert newest.why == why
    assert newest.class_of["D"] == "C+D"
    assert "three@2" in texts(app)


def test_a_map_without_a_name_is_called_by_its_number_of_classes(full):
    assert "3 classes@1" in texts(save(merge(opened(full), "A", "B")))


def test_a_map_with_a_name_that_cannot_be_is_refused(full):
    app = save(opened(full), map_save_name="a@b")
    assert "name" in app.error[0].value
    assert len(mapping.list_class_maps(full.ws, full.ids.dataset)) == 1


def test_names_are_shown_as_they_are_and_never_as_markup(full):
    app = save(opened(full), map_save_name="[a](b)", map_why="<b>*early*</b>")
    assert r"\[a\]\(b\)@1" in texts(app)
    assert r"\<b\>\*early\*\</b\>" in texts(app)


def test_a_saved_map_is_taken_up_again(full):
    app = click(opened(full), "Continue from this")
    assert "4 labels → 3 classes" in texts(app)


def test_a_class_map_comes_in_from_a_file(full):
    app = opened(full)
    content = json.dumps({"class_of": {"A": "A", "B": "X", "C": "X", "D": "X"}, "name": "two"})
    (field,) = [f for f in app.get("file_uploader") if f.label == "JSON or CSV"]
    app = stands(field.set_value([("mine.json", content.encode(), "application/json")]).run())
    assert "**two**: 2 classes" in texts(app)
    app = click(app, "Load it into the draft")
    assert matrices(app)[0]["rows"] == ["A", "X"]


def test_a_file_that_is_no_class_map_is_one_sentence(full):
    app = opened(full)
    (field,) = [f for f in app.get("file_uploader") if f.label == "JSON or CSV"]
    app = stands(field.set_value([("mine.csv", b"label,class\nA,A\n", "text/csv")]).run())
    assert "B" in app.error[0].value
    assert not [b for b in app.button if b.label == "Load it into the draft"]


def test_retraining_on_a_saved_map_is_offered_where_it_is_opened(full):
    app = opened(full)
    assert "Retrain and compare" not in [b.label for b in app.button]
    app.session_state[f"retrain-{full.ids.class_map}"] = True
    app = click(stands(app.run()), "Retrain and compare")
    (job,) = queued(full)
    assert job.params["class_map"] == full.ids.class_map
    assert "Retrain and compare" not in [b.label for b in app.button]


@pytest.mark.parametrize(
    ("ci", "said"),
    [((0.01, 0.05), "Retrain"), ((-0.05, -0.01), "Merge after"), ((-0.01, 0.01), "No difference")],
)
def test_the_interval_decides_which_way_to_merged_classes_is_better(ci, said):
    figures = {"accuracy": 0.9, "accuracy_ci": (0.8, 0.95)}
    found = Retrained("run-1", ("a", "b"), "test", 50, figures, figures, sum(ci) / 2, ci, 0.5)
    assert class_retrain.verdict(found).startswith(f"**{said}")


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
    with pytest.raises(InvalidInput):
        class_draft.rename(once, "early", "c")
    assert class_draft.rename(once, "early", " a ").groups["a"] == ["a", "b"]
    assert class_draft.rename(once, "early", "").groups["a+b"] == ["a", "b"]


def test_a_partition_and_a_draft_are_the_same_thing():
    draft = class_draft.merge(class_draft.fresh("abcd"), ["a", "d"])
    assert draft.partition == (0, 1, 2, 0)
    assert class_draft.from_partition("abcd", draft.partition) == draft.mapping


def test_neighbours_are_counted_by_classes_that_may_be_merged_already():
    draft = class_draft.merge(class_draft.fresh("abcd"), ["b", "c"])
    class_draft.check_neighbours(draft, ["a", "b+c"])
    with pytest.raises(InvalidInput, match="b\\+c between"):
        class_draft.check_neighbours(draft, ["a", "d"])
    assert class_draft.apart(draft) is None
    assert class_draft.apart(class_draft.merge(draft, ["a", "d"])) == "a+d"
