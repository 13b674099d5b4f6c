"""Compare: calibration, coverage and mistakes, each control of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from core.analysis.comparisons.intervals import Estimate
from core.services.comparing import calibrations, coverage, mistakes, questions, slicing
from core.services.comparing.questions import Question
from core.services.runs import exporting
from pages.parts import (
    compare_calibration,
    compare_coverage,
    compare_mistakes,
    compare_slices,
    coverage_chart,
    explore_map,
    mistake_images,
    reliability_chart,
)
from pages.ui import state
from tests.app.conftest import stands, texts
from tests.app.hands import button, tiles
from tests.seeding import LABELS


def said_by(full, *ids):
    asked = Question(full.ids.dataset, LABELS)
    return [questions.answers(full.ws, asked, questions.find(full.ws, i)) for i in ids]


def chosen(app):
    return app.multiselect(key="runs").value


def tables(app):
    """Return the tables under the leaderboard."""
    return [frame.value for frame in app.dataframe[1:]]


def downloads(app):
    labels = [e.proto.label for e in app.get("download_button")]
    return [label for label in labels if label != "Download the leaderboard"]


def error_after(row):
    """Return the error before its interval."""
    return float(row["after"].split()[0])


def reliability(claimed, error, floor, loss):
    """Return what a model that is right in 60 % of cases claimed."""
    ece = Estimate(error, 0.0, 2 * error)
    return calibrations.Reliability(pd.DataFrame(), claimed, 0.6, ece, floor, loss)


# Calibration


def test_calibration_stands_before_and_after_with_its_noise_floor(full):
    app = full.open("compare", compare_view="Calibration")
    (table,) = tables(app)
    asked = Question(full.ids.dataset, LABELS)
    for model_id, row in zip(chosen(app), table.to_dict("records"), strict=True):
        found = calibrations.correction(calibrations.evidence(full.ws, asked, model_id))
        assert error_after(row) == pytest.approx(100 * found.after.ece.value, abs=0.05)
        mean = float(row["floor"].split()[0])
        assert mean == pytest.approx(100 * found.after.floor.mean, abs=0.05)
        if found.before is not None:
            assert float(row["before"]) == pytest.approx(100 * found.before.ece.value, abs=0.05)
    assert len(app.get("plotly_chart")) == 2
    assert "Test split, 24 images" in texts(app)
    assert "validation images" in texts(app)
    assert downloads(app) == ["Download the table", "Download the diagrams"]


def test_another_number_of_bins_changes_the_error(full):
    app = full.open("compare", compare_view="Calibration")
    (before,) = tables(app)
    app = stands(app.select_slider(key="calibration_bins").set_value(5).run())
    (after,) = tables(app)
    asked = Question(full.ids.dataset, LABELS)
    found = calibrations.correction(calibrations.evidence(full.ws, asked, chosen(app)[0]), 5)
    rows = after.to_dict("records")
    assert error_after(rows[0]) == pytest.approx(100 * found.after.ece.value, abs=0.05)
    assert after["after"][0] != before["after"][0]


def test_a_cascade_has_no_temperature_of_its_own(full):
    app = full.open("compare", compare_view="Calibration", runs=full.ids.cascade)
    assert "A cascade has no temperature of its own" in texts(app).replace("\\", "")
    (table,) = tables(app)
    assert table[["temperature", "before", "change"]].to_numpy().tolist() == [["–"] * 3]


def test_on_validation_the_fit_has_seen_the_images(full):
    app = full.open("compare", compare_view="Calibration", compare_split="validation")
    assert "on test it may be larger" in texts(app).replace("\\", "")


@pytest.mark.parametrize(
    ("claimed", "p_after", "words"),
    [(0.9, 0.5, ["too sure of itself: it claimed 90.0 %", "no more than chance"]),
     (0.3, 0.5, ["too shy: it claimed 30.0 %"]),
     (0.6, 0.01, ["a difference that chance explains", "is more than chance"])],
)  # fmt: skip
def test_the_sentence_says_what_was_wrong_and_what_is_left(claimed, p_after, words):
    floor = calibrations.NoiseFloor(0.02, 0.03, p_after, 0.05)
    before = calibrations.Reliability(
        pd.DataFrame(), claimed, 0.6, Estimate(0.071, 0.04, 0.1), floor, 1.0
    )
    after = calibrations.Reliability(
        pd.DataFrame(), 0.6, 0.6, Estimate(0.02, 0.0, 0.04), floor, 0.9
    )
    its = calibrations.Correction(
        "m", "test", 157, {"m": 1.7}, 158, before, after, Estimate(-0.1, -0.2, 0.0)
    )
    said = compare_calibration.sentence(its)
    assert (
        "T = 1.70, fitted on 158 validation images, brings the calibration error from 7.1 to"
        in said
    )
    for word in words:
        assert word in said


def test_a_correction_that_does_not_pay_is_said_so():
    floor = calibrations.NoiseFloor(0.02, 0.03, 0.5, 0.05)
    before = calibrations.Reliability(
        pd.DataFrame(), 0.6, 0.6, Estimate(0.02, 0.0, 0.04), floor, 1.4
    )
    for loss, words in ((1.3, "falls (1.400 to 1.300)"), (1.5, "does not fall either")):
        after = calibrations.Reliability(
            pd.DataFrame(), 0.6, 0.6, Estimate(0.05, 0.0, 0.1), floor, loss
        )
        its = calibrations.Correction(
            "m", "test", 157, {"m": 1.2}, 158, before, after, Estimate(loss - 1.4, -0.2, 0.2)
        )
        said = compare_calibration.sentence(its)
        assert "takes the calibration error from 2.0 to 5.0 points" in said
        assert words in said


def test_a_diagram_has_a_panel_for_each_state():
    table = pd.DataFrame(
        {"n_images": [3, 4], "confidence": [0.5, 0.9], "accuracy": [0.4, 1.0],
         "low": [0.1, 0.6], "high": [0.8, 1.0]}
    )  # fmt: skip
    figure = reliability_chart.reliability({"before": table, "after": table})
    assert [len(trace.x) for trace in figure.data] == [2, 2, 2, 2]
    assert [a.text for a in figure.layout.annotations] == ["before", "after"]
    assert list(figure.data[1].error_y.arrayminus) == pytest.approx([0.3, 0.4])


# Coverage


def test_a_wanted_accuracy_moves_the_threshold(full):
    app = full.open("compare", compare_view="Coverage")
    assert "chosen on 24 validation images for accuracy 90.0 %" in texts(app).replace("\\", "")
    (before,) = tables(app)
    app = stands(app.slider(key="wanted_accuracy").set_value(0.99).run())
    (after,) = tables(app)
    assert (after["threshold"] > before["threshold"]).any()
    assert downloads(app) == ["Download the table", "Download the curves"]


def test_a_wanted_coverage_is_an_operating_point_too(full):
    app = full.open("compare", compare_view="Coverage")
    app = stands(app.button_group(key="coverage_wanted").set_value("coverage").run())
    app = stands(app.slider(key="wanted_coverage").set_value(0.5).run())
    assert "for coverage 50.0 %" in texts(app).replace("\\", "")
    (table,) = tables(app)
    asked = Question(full.ids.dataset, LABELS)
    val = Question(full.ids.dataset, LABELS, split="val")
    for model_id, row in zip(chosen(app), table.to_dict("records"), strict=True):
        model = questions.find(full.ws, model_id)
        on = coverage.coverage(questions.answers(full.ws, val, model), "val")
        report = coverage.coverage(questions.answers(full.ws, asked, model), "test")
        point = coverage.operate(on, report, "coverage", 0.5)
        assert row["threshold"] == pytest.approx(point.threshold)
        assert float(row["augrc"].split()[0]) == pytest.approx(1000 * report.augrc.value, abs=0.05)


def test_generalized_risk_is_drawn_on_request(full):
    app = full.open("compare", compare_view="Coverage")
    (before,) = app.get("plotly_chart")
    app = stands(app.button_group(key="coverage_curves").set_value("risk").run())
    (after,) = app.get("plotly_chart")
    assert "wrong answers kept" in after.proto.spec
    assert "wrong answers kept" not in before.proto.spec


def test_on_validation_a_threshold_is_optimistic(full):
    app = full.open("compare", compare_view="Coverage", compare_split="validation")
    assert "the images it was chosen on" in texts(app)


def test_what_cannot_be_reached_is_said():
    kept = coverage.Kept(157, 157, 80)
    nowhere = coverage.OperatingPoint("m", None, kept, "val", None, "test")
    said = compare_coverage.sentence(nowhere, "accuracy", 0.99)
    assert said == "no threshold is right in 99.0 % of what it keeps of 157 validation images."
    none = coverage.OperatingPoint("m", 0.99, kept, "val", coverage.Kept(156, 0, 0), "test")
    assert "keeps none of 156 test images" in compare_coverage.sentence(none, "accuracy", 0.99)


def test_curves_have_bands_and_rings():
    table = pd.DataFrame(
        {"threshold": [0.9, 0.5], "coverage": [0.5, 1.0], "n_kept": [1, 2], "accuracy": [1.0, 0.5],
         "low": [0.2, 0.1], "high": [1.0, 0.9], "risk": [0.0, 0.5], "risk_low": [0.0, 0.1],
         "risk_high": [0.6, 0.9]}
    )  # fmt: skip
    figure = coverage_chart.coverage({"a<b": table}, "risk", {"a<b": (0.5, 0.0)}, "coverage")
    band, line, ring = figure.data
    assert list(band.y) == [0.0, 0.1, 0.9, 0.6]
    assert list(line.y) == [0.0, 0.5] and line.name == "a&lt;b"
    assert (ring.x[0], ring.y[0]) == (0.5, 0.0)
    assert figure.layout.yaxis.range[0] == 0.0


# Mistakes


def test_the_surest_errors_of_the_chosen_model(full):
    app = full.open("compare", compare_view="Mistakes")
    for model_id in chosen(app):
        app = stands(app.selectbox(key="mistakes_of").set_value(model_id).run())
        (its,) = said_by(full, model_id)
        wanted = its.positions[mistakes.surest(its)].tolist()
        assert wanted and tiles(app) == [wanted]
        assert f"is wrong on {len(wanted)} of 24 test images" in texts(app)
    assert downloads(app) == [f"Download all {len(wanted)}"]


def test_what_all_get_wrong_goes_to_review(full):
    app = full.open("compare", compare_view="Mistakes", mistakes_view="Wrong for all")
    app = stands(
        app.multiselect(key="runs").set_value([full.ids.generalist, full.ids.second]).run()
    )
    shared = mistakes.shared(said_by(full, *chosen(app)))
    positions = said_by(full, chosen(app)[0])[0].positions[shared.rows].tolist()
    assert tiles(app) == [positions]
    n = len(positions)
    assert n
    word = "this 1 image" if n == 1 else f"these {n} images"
    app = stands(button(app, f"Review {word}").click().run())
    assert app.title[0].value == "Review"
    assert app.query_params["queue"] == "selection"
    assert app.session_state[state._DRAFT + explore_map._MARKED + full.ids.dataset] == positions


def test_what_only_one_gets_right_and_what_joining_is_worth(full):
    app = full.open(
        "compare", compare_view="Mistakes", mistakes_view="Right for one only",
        runs=full.ids.generalist,
    )  # fmt: skip
    assert "Choose a second model" in texts(app)
    app = stands(
        app.multiselect(key="runs").set_value([full.ids.generalist, full.ids.second]).run()
    )
    both = said_by(full, full.ids.generalist, full.ids.second)
    found = mistakes.worth(both)
    (table,) = tables(app)
    assert table["accuracy"].tolist() == pytest.approx(
        [share.accuracy for share in (*found.own, found.any_right, found.averaged)]
    )
    for model_id, rows in zip(chosen(app), found.alone, strict=True):
        app = stands(app.selectbox(key="right_only_for").set_value(model_id).run())
        wanted = both[0].positions[rows].tolist()
        assert tiles(app) == ([wanted] if wanted else [])


@pytest.mark.parametrize(
    ("gain", "p", "end"),
    [(0.05, 0.01, "it pays."), (-0.05, 0.01, "it does harm."), (0.05, 0.4, "chance explains.")],
)
def test_joining_is_only_called_worth_it_when_luck_does_not_explain_it(gain, p, end):
    share = mistakes.Share(100, 80)
    found = mistakes.Worth((share, share), (np.arange(2), np.arange(0)), share, share, 0,
                           gain, (gain - 0.02, gain + 0.02), p)  # fmt: skip
    said = compare_mistakes.worth_sentence(found, ["a", "b"], "test")
    assert said.endswith(end) and "100 test images" in said


def test_a_slice_opens_its_images_the_errors_first(full):
    app = full.open("compare", compare_view="Mistakes", mistakes_view="Slices")
    model_id = app.selectbox(key="mistakes_of").value
    (its,) = said_by(full, chosen(app)[0])
    assert model_id
    divided = slicing.slicings(full.ws, Question(full.ids.dataset, LABELS))
    found = slicing.findings(its, divided)
    (table,) = tables(app)
    assert table["n_images"].tolist() == [f.slice.n_images for f in found]
    assert f"corrected for {len(found)} slices" in texts(app)
    for one in (found[0], found[-1]):
        picked = f"{one.by}-{one.code}"
        app = stands(app.selectbox(key="slice").set_value(picked).run())
        rows, right = slicing.images_in(its, divided, one)
        assert tiles(app) == [its.positions[rows].tolist()]
        assert f"{int((~right).sum())} answered wrongly" in texts(app)
    assert downloads(app) == ["Download the table"]
    app = stands(button(app, f"Review these {len(rows)} images").click().run())
    assert app.title[0].value == "Review"


def test_a_row_of_the_table_chooses_its_slice(monkeypatch):
    set_to = {}
    monkeypatch.setattr(state, "set_widget", set_to.__setitem__)
    compare_slices.choose(["class-0", "class-1"], [1])
    assert set_to == {"slice": "class-1"}
    compare_slices.choose(["class-0"], [])
    compare_slices.choose(["class-0"], [4])
    assert set_to == {"slice": "class-1"}


def test_noise_is_not_sold_as_a_finding():
    weak = slicing.Finding("class", "A", 0, slicing.Slice(20, 10, 100, 75), 0.3)
    strong = slicing.Finding("size", (900.0, 2e6), 1, slicing.Slice(40, 10, 80, 75), 0.001)
    said = compare_slices.sentence([weak], "m")
    assert said.startswith("On none of 1 slices is m worse")
    assert "1 other slice would look so, too; among 1, chance" in said
    said = compare_slices.sentence([strong, weak], "m")
    assert "on Size 900 to 2.0 million pixels (25.0 % of 40 images, -68.8 points)" in said


def test_lines_say_once_what_all_say(full):
    a, b = said_by(full, full.ids.generalist, full.ids.second)
    rows = np.flatnonzero(a.predicted == b.predicted)[:1]
    (line,) = mistake_images.answer_lines(LABELS, [a, b], rows)
    assert line.count(LABELS[a.predicted[rows[0]]]) == 1
    assert line.endswith(" %")


def test_another_split_and_every_view_with_one_model(full):
    for view in ("Calibration", "Coverage", "Mistakes"):
        app = full.open(
            "compare", compare_view=view, compare_split="validation", runs=full.ids.generalist
        )
        assert "24 validation images" in texts(app)


def test_a_download_is_a_csv_without_formulas():
    made = exporting.csv_bytes(pd.DataFrame({"model": ["=cmd"]}))
    assert made == b"model\n'=cmd\n"
