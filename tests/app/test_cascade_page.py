"""The Cascade page: pairs, experts, the threshold and everything it moves."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from core.services.runs import cascading, training
from pages.parts import threshold
from pages.parts.cascade_chart import threshold_curves
from tests.app.conftest import stands, texts
from tests.app.hands import button, cards, choose_cell, click, counts, matrices, queued, tiles


def test_an_empty_workspace_points_to_the_overview(empty):
    assert "There is no data set in this workspace yet." in texts(empty.open("cascade"))


def test_without_a_generalist_the_page_points_to_train(full):
    for run in training.list_runs(full.ws, full.ids.dataset):
        training.archive_run(full.ws, run.id)
    app = full.open("cascade")
    assert "There is no generalist yet." in texts(app)
    assert [link.value for link in app.page_link] == ["Train a generalist"]


def open_on(place, **query):
    return place.open("cascade", generalist=place.ids.generalist, **query)


def inputs_of(place):
    return cascading.load_cascade_inputs(place.ws, place.ids.generalist, [place.ids.expert])


def test_the_confused_pairs_say_what_an_expert_could_gain_and_whether_there_is_one(full):
    app = open_on(full)
    first = cascading.confused_pairs(full.ws, full.ids.generalist)[0]
    said = texts(app)
    assert (first["a"], first["b"]) == ("C", "D")
    assert f"{first['n_confused']} images :small[(100 %)]" in said
    assert f"**+{100 * first['oracle_gain']:.1f} points**" in said
    (val,) = [run.metrics["val"] for run in inputs_of(full).experts]
    assert f"**{100 * val['accuracy']:.0f} %** :small[of {val['n_images']} images]" in said


def test_a_missing_expert_is_trained_with_one_click(full):
    training.archive_run(full.ws, full.ids.expert)
    app = open_on(full)
    assert "the threshold appears here" in texts(app)
    first = next(b for b in app.button if b.label == "Train expert")
    app = stands(first.click().run())
    (job,) = queued(full)
    assert (job.kind, job.params["pair"]) == ("train", ["C", "D"])
    assert "Waiting" in texts(app)


def test_the_experts_are_trained_with_the_algorithm_that_was_chosen(full):
    app = open_on(full)
    app = stands(app.button_group(key="expert_algorithm").set_value("cnn").run())
    first = next(b for b in app.button if b.label == "Train expert")
    stands(first.click().run())
    assert [job.params["algorithm"] for job in queued(full)] == ["cnn"]


def test_an_expert_that_arrives_joins_the_cascade(full):
    training.archive_run(full.ws, full.ids.expert)
    app = open_on(full)
    training.restore_run(full.ws, full.ids.expert)
    app = stands(app.run())
    assert app.multiselect(key="experts").value == [full.ids.expert]


def test_another_generalist_brings_its_own_experts(full):
    app = full.open("cascade", generalist=full.ids.merged)
    assert not app.slider
    app = stands(app.selectbox(key="generalist").select(full.ids.second).run())
    assert app.multiselect(key="experts").value == [full.ids.expert]


def test_the_slider_starts_on_the_best_threshold_of_validation(full):
    app = open_on(full)
    assert app.slider(key="tau").value == inputs_of(full).best_tau
    assert button(app, f"Best on validation: {inputs_of(full).best_tau:.3f}").disabled


def test_the_slider_moves_every_figure_and_the_matrix(full):
    inputs = inputs_of(full)
    app = open_on(full)
    for tau in (0.0, 0.52, 1.0):
        app = stands(app.slider(key="tau").set_value(tau).run())
        wanted = inputs.test.sweep.at(tau)
        shown = cards(app)
        assert shown["Accuracy"] == f"{100 * wanted['accuracy']:.1f} %"
        assert shown["Net gain"] == f"{100 * wanted['gain']:+.1f} points"
        assert shown["Deferral rate"] == f"{100 * wanted['deferral_rate']:.1f} %"
        assert shown["Recovery"] == f"{100 * wanted['recovery']:.1f} %"
        assert shown["Breakage"] == f"{100 * wanted['breakage']:.1f} %"
        (matrix,) = matrices(app)
        assert counts(matrix) == wanted["confusion"]
    assert wanted["n_deferred"] > 0


def test_at_zero_nothing_is_deferred_and_the_page_says_so(full):
    app = stands(open_on(full).slider(key="tau").set_value(0.0).run())
    assert cards(app)["Deferral rate"] == "0.0 %"
    assert "nothing is deferred" in texts(app)


def test_the_way_back_to_the_best_threshold(full):
    best = inputs_of(full).best_tau
    app = stands(open_on(full).slider(key="tau").set_value(0.999).run())
    app = click(app, f"Best on validation: {best:.3f}")
    assert app.slider(key="tau").value == best


def test_a_threshold_in_the_address_wins(full):
    assert open_on(full, tau="0.25").slider(key="tau").value == 0.25


def test_the_figures_can_be_shown_on_validation(full):
    app = open_on(full)
    app = stands(app.button_group(key="cascade_split").set_value("val").run())
    wanted = inputs_of(full).val.sweep.at(app.slider(key="tau").value)
    assert cards(app)["Accuracy"] == f"{100 * wanted['accuracy']:.1f} %"
    assert "validation images" in texts(app)


def test_the_random_control_stands_beside_the_cascade(full):
    inputs, app = inputs_of(full), open_on(full)
    wanted = cascading.report(inputs, app.slider(key="tau").value)["controls"]["random"]
    assert cards(app)["Random deferral"] == f"{100 * wanted['accuracy']:.1f} %"


def test_the_curve_marks_where_the_slider_stands(full):
    app = stands(open_on(full).slider(key="tau").set_value(0.3).run())
    layout = json.loads(app.get("plotly_chart")[0].proto.spec)["layout"]
    assert 0.3 in {shape["x0"] for shape in layout["shapes"]}
    assert inputs_of(full).best_tau in {shape["x0"] for shape in layout["shapes"]}


def test_a_cell_opens_its_images(full):
    app = stands(open_on(full).slider(key="tau").set_value(0.0).run())
    choose_cell(app, f"cascade-{full.ids.generalist}-test", 2, 3)
    wanted = cascading.positions_in_cell(inputs_of(full), 0.0, "C", "D")
    assert wanted and tiles(app) == [wanted]


def test_the_accounting_names_each_expert(full):
    (row,) = open_on(full).dataframe[0].value.to_dict("records")
    assert (row["pair"], row["expert"]) == ("C / D", full.ids.expert)


def test_saving_keeps_the_threshold_and_where_it_came_from(full):
    app = stands(open_on(full).slider(key="tau").set_value(0.3).run())
    app = click(app, "Save this cascade at 0.300")
    newest = cascading.list_cascades(full.ws, full.ids.dataset)[0]
    assert (newest.tau, newest.tau_from) == (0.3, "hand")
    assert "cascade at 0.300 with 1 expert" in texts(app).replace("\\", "")


def test_without_an_expert_chosen_nothing_is_computed(full):
    app = stands(open_on(full).multiselect(key="experts").set_value([]).run())
    assert "Choose one or more experts" in texts(app)
    assert not app.slider


@pytest.mark.parametrize(
    ("low", "high", "kind"), [(0.01, 0.1, "success"), (-0.1, -0.01, "error"), (-0.1, 0.1, "info")]
)
def test_the_verdict_is_as_plain_as_its_colour(low, high, kind, full, monkeypatch):
    said = []
    for name in ("success", "error", "info"):
        monkeypatch.setattr(threshold.st, name, lambda text, icon, name=name: said.append(name))
    report = {"test": {"gain_ci": [low, high]}, "verdict": "so it is."}
    threshold.verdict(inputs_of(full), report)
    assert said == [kind]


def test_an_expert_that_never_pays_is_said_to(full, monkeypatch):
    said = []
    monkeypatch.setattr(threshold.st, "info", lambda text, icon: said.append(text))
    inputs = replace(inputs_of(full), best_tau=0.0)
    threshold.verdict(inputs, {"test": {"gain_ci": [-0.1, 0.1]}, "verdict": "no gain."})
    assert "do not pay" in said[0]


def test_the_curve_keeps_every_step_and_drops_the_rest(full):
    curves = inputs_of(full).test.sweep.curves()
    figure = threshold_curves(curves, curves, 0.5, 0.4, ("test", "validation"))
    line = next(t for t in figure.data if t.name == "cascade, test")
    assert len(line.x) < len(curves["tau"])
    step = np.searchsorted(line.x, curves["tau"], side="right") - 1
    assert np.array_equal(np.asarray(line.y)[step], curves["accuracy"])
