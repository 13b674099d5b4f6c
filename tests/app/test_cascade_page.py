"""The Cascade page: pairs, experts, the threshold and everything it moves."""

from __future__ import annotations

import json
from dataclasses import replace

import pyarrow as pa
import pytest

from core.analysis.cascades.routes import Thresholds
from core.services.cascades import guaranteeing, members, pairs, reporting, saving
from core.services.costs import entering
from core.services.data import datasets
from core.services.runs import training
from pages.parts import cascade_outcome
from tests.app.conftest import stands, texts
from tests.app.hands import cards, click, queued, tiles


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
    return members.load(place.ws, place.ids.generalist, [place.ids.expert])


def key_of(place, rule="confidence"):
    return f"cascade-{place.ids.generalist}-{place.ids.expert}-{rule}"


def sliders(app):
    """Return what the browser was given to count from: (data, kept, owned), or None."""
    for element in app.get("bidi_component"):
        mixed = element.proto.mixed
        data = json.loads(mixed.json or "{}")
        if "taus" in data:
            tables = [pa.ipc.open_stream(b.data).read_all() for b in mixed.arrow_blobs.values()]
            return data, *(next(t for t in tables if name in t.column_names)
                           for name in ("said", "pair"))  # fmt: skip
    return None


def let_go(app, place, tau, person=0.0, cell=None, rule="confidence"):
    """Do what letting a slider go, and then a click on a cell, does."""
    value = {"taus": [tau], "person": person}
    app.session_state[key_of(place, rule)] = {"value": value, "cell": cell}
    return stands(app.run())


def test_the_confused_pairs_say_what_an_expert_could_gain_and_whether_there_is_one(full):
    app = open_on(full)
    first = pairs.confused_pairs(full.ws, full.ids.generalist)[0]
    said = texts(app)
    assert (first.a, first.b) == ("C", "D")
    assert f"{first.n_confused} images :small[(100 %)]" in said
    assert f"**+{100 * first.oracle_gain:.1f} points**" in said
    (val,) = [run.metrics["val"] for run in inputs_of(full).experts]
    assert f"**{100 * val['accuracy']:.0f} %** :small[of {val['n_images']} images]" in said


def test_where_mistakes_have_costs_the_desk_counts_them_and_the_accounting_says_what_is_saved(full):
    plain = open_on(full, tau="0.9")
    assert sliders(plain)[0]["charged"] is None
    assert "saved" not in plain.dataframe[-1].value.columns
    costs = [[0, 1, 1, 1], [1, 0, 1, 1], [1, 1, 0, 5], [1, 1, 2, 0]]
    entering.enter(full.ws, full.ids.dataset, costs, unit="EUR", person=0.25)
    app = open_on(full, tau="0.9")
    data, kept, owned = sliders(app)
    its = inputs_of(full)
    assert data["charged"] == {"unit": "EUR", "person": 0.25}
    assert data["means"]["mistakes"][0] == "Cost of mistakes"
    assert "0.25 EUR" in data["means"]["mistakes"][1]
    assert kept["cost"].to_pylist() == its.test.table.kept_cost.tolist()
    assert owned["cost_after"].to_pylist() == its.test.table.owned_cost[:, 1].tolist()
    told = reporting.figures(its, its.test, Thresholds((0.9,)))
    (saved,) = app.dataframe[-1].value["saved"]
    assert saved.startswith(f"{told['pairs'][0]['saved']:+.3f} (")
    assert f"costs {told['charged']['per_image']:.3f} EUR" in texts(app)


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


def test_an_expert_can_be_shown_sharper_images(full):
    app = open_on(full)
    assert "expert_sharper" not in {t.key for t in app.toggle}
    app = stands(app.button_group(key="expert_algorithm").set_value("prototypical").run())
    app = stands(app.toggle(key="expert_sharper").set_value(True).run())
    first = next(b for b in app.button if b.label == "Train expert")
    stands(first.click().run())
    dataset = datasets.get_dataset(full.ws, full.ids.dataset)
    (job,) = queued(full)
    assert job.params["options"] == {"input_px": max(40, min(80, dataset.size_px))}


def test_an_expert_for_three_classes_is_trained(full):
    app = open_on(full)
    app = stands(app.multiselect(key="expert_group").set_value(["D", "B"]).run())
    assert "Choose 3 to 3 classes" in texts(app)
    app = stands(app.multiselect(key="expert_group").set_value(["D", "B", "C"]).run())
    button = next(b for b in app.button if b.key == "train-expert-B-C-D")
    stands(button.click().run())
    assert [job.params["pair"] for job in queued(full)] == [["B", "C", "D"]]


def test_an_expert_that_arrives_joins_the_cascade(full):
    training.archive_run(full.ws, full.ids.expert)
    app = open_on(full)
    training.restore_run(full.ws, full.ids.expert)
    app = stands(app.run())
    assert app.multiselect(key="experts").value == [full.ids.expert]


def test_another_generalist_brings_its_own_experts(full):
    app = full.open("cascade", generalist=full.ids.merged)
    assert sliders(app) is None
    app = stands(app.selectbox(key="generalist").select(full.ids.second).run())
    assert app.multiselect(key="experts").value == [full.ids.expert]


def test_the_sliders_start_on_the_best_threshold_of_validation(full):
    data, _, _ = sliders(open_on(full))
    best = round(1000 * inputs_of(full).best_tau)
    assert (data["taus"], data["person"], data["best"]) == ([best], 0, best)


def test_the_browser_counts_from_the_split_that_is_shown(full):
    app = open_on(full)
    for split in ("test", "val"):
        app = stands(app.button_group(key="cascade_split").set_value(split).run())
        data, kept, owned = sliders(app)
        table = inputs_of(full).on(split).table
        assert kept.to_pandas()[["keeps", "true", "said", "n"]].to_numpy().tolist() == (
            table.kept.tolist()
        )
        assert owned.column("n").to_pylist() == table.n_owned.tolist()
        assert data["classes"] == ["A", "B", "C", "D"] and data["pairs"] == [[2, 3]]


def test_what_was_let_go_moves_the_accounts_and_the_address(full):
    app = open_on(full)
    for tau, person in ((0.0, 0.0), (0.52, 0.0), (1.0, 0.4)):
        app = let_go(app, full, tau, person)
        its = inputs_of(full)
        wanted = reporting.figures(its, its.test, Thresholds((tau,), person))["pairs"][0]
        row = app.dataframe[0].value.iloc[0]
        assert (row["n_deferred"], row["n_recovered"], row["n_broken"]) == (
            wanted["n_deferred"], wanted["n_recovered"], wanted["n_broken"],
        )  # fmt: skip
        assert app.query_params["tau"] == f"{tau:.3f}"
    assert app.query_params["person"] == "0.400"
    assert wanted["n_deferred"] > 0


def test_at_zero_nothing_is_deferred_and_the_page_says_so(full):
    assert "nothing is deferred" in texts(let_go(open_on(full), full, 0.0))


def test_thresholds_in_the_address_win_and_nonsense_does_not(full):
    data, _, _ = sliders(open_on(full, tau="0.25", person="0.5"))
    assert (data["taus"], data["person"]) == ([250], 500)
    data, _, _ = sliders(open_on(full, tau="banana", person="7"))
    assert (data["taus"], data["person"]) == ([data["best"]], 0)


def test_thresholds_of_another_cascade_do_not_stay_in_the_address(full):
    app = open_on(full, tau="0.25", person="0.5")
    app = stands(app.button_group(key="rule").set_value("learned").run())
    data, _, _ = sliders(app)
    best = members.load(full.ws, full.ids.generalist, [full.ids.expert], rule="learned").best_tau
    assert (data["taus"], data["person"]) == ([round(1000 * best)], 500)  # people's stays

    app = open_on(full, tau="0.25")
    app = stands(app.multiselect(key="experts").set_value([]).run())
    app = stands(app.multiselect(key="experts").set_value([full.ids.expert]).run())
    data, _, _ = sliders(app)
    assert data["taus"] == [data["best"]] != [250]

    app = open_on(full, tau="0.25", person="0.5")
    app = stands(app.selectbox(key="generalist").select(full.ids.second).run())
    data, _, _ = sliders(app)
    assert (data["taus"], data["person"]) == ([data["best"]], 0)


def test_learned_deferral_counts_from_other_keys(full):
    app = open_on(full)
    by_doubt = sliders(app)[2].to_pandas()
    app = stands(app.button_group(key="rule").set_value("learned").run())
    learned = sliders(app)[2].to_pandas()
    assert not learned["first"].equals(by_doubt["first"])


def test_the_controls_stand_beside_the_cascade(full):
    its, app = inputs_of(full), open_on(full)
    wanted = reporting.report(full.ws, its, Thresholds((its.best_tau,)))["controls"]
    shown = cards(app)
    assert shown["As many at random"] == f"{100 * wanted['random']['gain']:+.1f} points"
    assert shown["A second generalist instead"] == f"{100 * wanted['ensemble']['gain']:+.1f} points"


def test_a_cell_opens_its_images(full):
    cell = {"cell": [2, 3], "route": "all"}
    app = let_go(open_on(full), full, 0.0, cell=cell)
    wanted = reporting.cell_positions(inputs_of(full), Thresholds((0.0,)), (2, 3))
    assert wanted and tiles(app) == [wanted]
    app = let_go(app, full, 0.9, 0.99, cell={"cell": [2, 4], "route": "all"})
    wanted = reporting.cell_positions(inputs_of(full), Thresholds((0.9,), 0.99), (2, 4))
    assert wanted and tiles(app) == [wanted] and "left to a person" in texts(app)


def test_the_accounting_names_each_expert(full):
    (row,) = open_on(full).dataframe[0].value.to_dict("records")
    assert (row["pair"], row["expert"]) == ("C / D", full.ids.expert)


def test_with_few_images_no_promise_is_made_and_the_page_says_what_is_missing(full):
    assert "are missing" in texts(open_on(full))


def test_a_promise_is_marked_taken_and_voided_by_hand(full, monkeypatch):
    its = inputs_of(full)
    held = guaranteeing.Promise(
        replace(
            guaranteeing.promise(full.ws, its, (its.best_tau,), 0.5, 0.9).guarantee,
            threshold=0.3, n_accepted=12, n_errors=0, upper_bound=0.2,
        ),
        Thresholds((its.best_tau,), 0.3), 12, 1,
    )  # fmt: skip
    asked = []

    def promise(ws, members, taus, max_error, confidence):
        asked.append((max_error, confidence))
        return held

    monkeypatch.setattr(guaranteeing, "promise", promise)
    app = open_on(full)
    assert sliders(app)[0]["guaranteed"] == 300
    assert "moved by hand" in texts(app)
    app = click(app, "Move it there")
    assert sliders(app)[0]["person"] == 300
    assert "On 12 further test images 1 were wrong" in texts(app)
    app = stands(app.selectbox(key="max_error").select("10 %").run())
    app = stands(app.button_group(key="how_sure").set_value("99 %").run())
    assert asked[-1] == (0.1, 0.99)
    app = click(app, "Save this cascade")
    assert saving.all_of(full.ws, full.ids.dataset)[0].plan["promise"]["threshold"] == 0.3


def test_saving_keeps_the_thresholds_and_where_they_came_from(full):
    app = let_go(open_on(full), full, 0.3, 0.2)
    app = click(app, "Save this cascade")
    newest = saving.all_of(full.ws, full.ids.dataset)[0]
    assert (newest.tau, newest.tau_from, newest.plan["person"]) == (0.3, "hand", 0.2)
    assert "cascade at 0.300 with 1 expert" in texts(app).replace("\\", "")


def test_without_an_expert_chosen_nothing_is_computed(full):
    app = stands(open_on(full).multiselect(key="experts").set_value([]).run())
    assert "Choose one or more experts" in texts(app)
    assert sliders(app) is None


@pytest.mark.parametrize(
    ("low", "high", "kind"), [(0.01, 0.1, "success"), (-0.1, -0.01, "error"), (-0.1, 0.1, "info")]
)
def test_the_verdict_is_as_plain_as_its_colour(low, high, kind, full, monkeypatch):
    said = []
    for name in ("success", "error", "info"):
        monkeypatch.setattr(
            cascade_outcome.st, name, lambda text, icon, name=name: said.append(name)
        )
    report = {"test": {"gain_ci": [low, high]}, "verdict": "so it is."}
    cascade_outcome.verdict(inputs_of(full), report)
    assert said == [kind]


def test_an_expert_that_never_pays_is_said_to(full, monkeypatch):
    said = []
    monkeypatch.setattr(cascade_outcome.st, "info", lambda text, icon: said.append(text))
    its = replace(inputs_of(full), best_tau=0.0)
    cascade_outcome.verdict(its, {"test": {"gain_ci": [-0.1, 0.1]}, "verdict": "no gain."})
    assert "do not pay" in said[0]
