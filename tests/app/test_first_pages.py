"""Overview, Data set and Explore: what they say, and what their controls do to the workspace."""

from __future__ import annotations

import pytest

from core.records import Problem
from core.services import jobs
from core.services.data import datasets, exploring
from core.store import datasets as store
from core.store.database import utc_now
from tests.app.conftest import stands, texts
from tests.app.hands import matrices


def click(app, label):
    """Click the one button with this label."""
    (button,) = [b for b in app.button if b.label == label]
    return stands(button.click().run())


def kinds_queued(place):
    return [job.kind for job in jobs.list_jobs(place.ws, active_only=True)]


def test_an_empty_workspace_offers_the_demo_and_an_import(empty):
    app = empty.open()
    assert {"Build the demo", "Import images"} <= {b.label for b in app.button}


def test_the_demo_button_queues_the_demo_and_shows_its_progress(empty):
    app = click(empty.open(), "Build the demo")
    assert kinds_queued(empty) == ["demo"]
    assert "Build the demo" not in [b.label for b in app.button]
    assert "Waiting" in texts(app)


def test_a_queued_demo_can_be_cancelled_and_tried_again(empty):
    app = click(empty.open(), "Build the demo")
    page_button = next(b for b in app.button if b.label == "Cancel" and "card" in b.key)
    app = stands(page_button.click().run())
    assert kinds_queued(empty) == []
    assert "was cancelled" in texts(app)
    click(app, "Try again")
    assert kinds_queued(empty) == ["demo"]


def test_a_page_without_a_data_set_points_to_the_overview(empty):
    app = empty.open("explore")
    assert "There is no data set in this workspace yet." in texts(app)
    assert not app.get("plotly_chart")


def test_the_overview_tells_the_story_and_the_next_step(full):
    app = full.open()
    said = texts(app)
    assert "120 images, 4 labels" in said
    assert "The story so far" in said
    assert "Accuracy" in said and "Chance" in said and "Kappa" in said
    assert "Synthetic" not in said
    assert [b.label for b in app.button if b.label.startswith("Go to")]


def test_the_overview_shows_what_each_step_gained_and_hands_over_the_report(full):
    app = full.open()
    said = texts(app).replace("\\", "")
    assert "What each step gained" in said and "What is open" in said
    assert "by themselves" in said and "Not done yet" in said
    assert app.get("plotly_chart")
    assert {b.label for b in app.get("download_button")} == {
        "Report (HTML, to read and print)",
        "Markdown",
        "All figures (JSON)",
    }


def test_the_overview_speaks_spanish(full):
    said = texts(full.open(language="Español"))
    assert "Lo que ganó cada paso" in said and "La historia hasta ahora" in said


def test_a_synthetic_set_is_called_so(full):
    with full.ws.write() as conn:
        store.add(conn, record_of(full, "drawn", note="Synthetic: drawn."), [], [], [])
    assert "Synthetic: drawn" in texts(full.open(dataset="drawn")).replace("\\", "")


def record_of(place, name, note="", problems=()):
    """Return the row of another data set on the same files."""
    old = datasets.get_dataset(place.ws, "seeded")
    kept = ("source", "size_px", "fit", "seed", "pixels", "atlas", "atlas_offsets")
    return {
        **{key: getattr(old, key) for key in kept},
        "id": f"ds-{name}",
        "name": name,
        "labels": list(old.labels),
        "n_images": 0,
        "n_duplicates": 0,
        "note": note,
        "sidecar": None,
        "created_at": utc_now(),
    }


def test_the_address_names_the_data_set(full):
    with full.ws.write() as conn:
        store.add(conn, record_of(full, "other"), [], [], [])
    assert full.open("dataset", dataset="seeded").selectbox(key="dataset").value == "seeded"
    assert full.open("dataset", dataset="other").selectbox(key="dataset").value == "other"


def test_an_address_with_an_unknown_data_set_falls_back(full):
    assert full.open("dataset", dataset="nowhere").selectbox(key="dataset").value == "seeded"


def shown(app):
    """Return how many thumbnails the gallery was given, and the captions under them."""
    import json

    (grid,) = [e for e in app.get("bidi_component") if "items" in (e.proto.json or "")]
    items = json.loads(grid.proto.json)["items"]
    return len(items), {item["caption"] for item in items}


def test_the_gallery_follows_label_and_split(full):
    app = full.open("dataset")
    assert shown(app) == (48, {"A", "B"})
    app = stands(app.selectbox(key="label").select("C").run())
    assert shown(app) == (30, {"C"})
    app = stands(app.button_group(key="split").set_value("test").run())
    assert shown(app) == (6, {"C"})


def test_the_second_page_of_a_gallery_shows_the_next_images(full):
    app = full.open("dataset")
    (pages,) = app.get("pagination")
    app = stands(pages.set_value(3).run())
    assert shown(app) == (24, {"D"})


@pytest.mark.parametrize(
    ("view", "sentence"),
    [("Balance", "Splits are drawn with seed 0"), ("Problems", "Every file of the source")],
)
def test_views_of_the_data_set(full, view, sentence):
    assert sentence in texts(full.open("dataset", view=view))


def test_problems_are_listed_with_their_reason(full):
    problems = [
        Problem("a.jpg", "unreadable", "the file ends too early"),
        Problem("b.jpg", "duplicate", "the same bytes as c.jpg"),
    ]
    with full.ws.write() as conn:
        store.add(conn, record_of(full, "rough"), [], [], problems)
    app = full.open("dataset", dataset="rough", view="Problems")
    assert "2 files could not be taken" in texts(app)
    assert list(app.dataframe[0].value["Reason"]) == [p.reason for p in problems]


def test_archiving_hides_the_set_and_the_import_view_brings_it_back(full):
    app = click(full.open("dataset"), "Archive")
    assert datasets.list_datasets(full.ws) == []
    app = click(app, "Bring back")
    assert [d.name for d in datasets.list_datasets(full.ws)] == ["seeded"]
    assert app.selectbox(key="dataset").value == "seeded"


def fill_path(place, path, name):
    app = place.open("dataset", **{"view": "Import", "from": "A path on this machine"})
    app.text_input[0].set_value(path)
    app.text_input(key="import-name-path").set_value(name)
    return click(app, "Import")


def test_an_import_by_path_queues_a_job(full, tmp_path):
    folder = tmp_path / "images" / "a"
    folder.mkdir(parents=True)
    (folder / "1.png").write_bytes(full_png(full))
    fill_path(full, str(tmp_path / "images"), "mine")
    (job,) = jobs.list_jobs(full.ws, active_only=True)
    assert (job.kind, job.params["name"]) == ("import", "mine")


def test_an_import_by_path_asks_for_the_path_and_takes_its_name(full, tmp_path):
    assert "Name a folder or a file first" in texts(fill_path(full, " ", ""))
    folder = tmp_path / "roses" / "a"
    folder.mkdir(parents=True)
    (folder / "1.png").write_bytes(full_png(full))
    fill_path(full, str(tmp_path / "roses"), "")
    (job,) = jobs.list_jobs(full.ws, active_only=True)
    assert job.params["name"] == "roses"


def full_png(place):
    import io

    from PIL import Image

    frame = datasets.images(place.ws, place.ids.dataset)
    buffer = io.BytesIO()
    Image.fromarray(datasets.picture(place.ws, frame["image_id"][0])).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("path", "name", "sentence"),
    [
        ("/nowhere/at/all", "mine", "/nowhere/at/all"),
        ("/tmp", "no/slash", "name"),
        ("/tmp", "seeded", "exists already"),
    ],
)
def test_a_wrong_import_is_one_sentence_and_queues_nothing(full, path, name, sentence):
    app = fill_path(full, path, name)
    assert sentence in app.error[0].value
    assert kinds_queued(full) == []


def test_the_upload_form_asks_for_a_file(full):
    app = click(full.open("dataset", view="Import"), "Import")
    assert "Choose a file first" in texts(app)


def test_an_upload_that_is_no_archive_is_refused(empty):
    app = empty.open("dataset")
    app.file_uploader[0].upload("bad.zip", b"this is no zip")
    app = click(app, "Import")
    assert app.error[0].value
    assert kinds_queued(empty) == []


def test_the_verdict_and_its_evidence_are_shown(full):
    app = full.open("explore")
    assert "3 clusters: gap statistic, BIC and stability name 3." in texts(app)  # said anew
    assert list(app.dataframe[0].value["k"]) == [1, 2, 3, 4]


def test_what_labels_share_leads_to_the_classes(full):
    app = full.open("explore")
    assert "**C and D** share cluster 3: 97 % or more of each lie in it." in texts(app)
    (link,) = app.get("page_link")
    assert link.proto.page == "classes"


def test_a_label_that_may_be_two_opens_both_groups(full):
    app = full.open("explore")
    assert "**A** may be two: 15 images and 15." in texts(app)
    assert "Group 2 lies among images labelled B" in texts(app)
    app = stands(app.selectbox(key="inside").set_value("A").run())
    assert texts(app).count("15 images") >= 2
    assert {"**Group 1**, 15 images", "**Group 2**, 15 images"} <= {m.value for m in app.markdown}


def test_what_other_rules_found_is_not_shown(full, monkeypatch):
    monkeypatch.setattr(exploring, "RULES", exploring.RULES + 1)
    app = full.open("explore")
    assert "Gather the evidence" in [b.label for b in app.button]


def test_the_table_of_clusters_follows_k(full):
    def table(app):
        (data,) = matrices(app)
        return data

    app = full.open("explore")
    data = table(app)  # as many as the verdict is about
    assert data["rows"] == ["cluster 1", "cluster 2", "cluster 3"]
    assert data["counts"][2] == [0, 0, 30, 30]
    app = stands(app.select_slider(key="k").set_value(4).run())
    assert len(table(app)["rows"]) == 4


def test_a_set_without_embeddings_offers_to_embed(full):
    with full.ws.write() as conn:
        store.add(conn, record_of(full, "bare"), [], [], [])
    app = full.open("explore", dataset="bare")
    click(app, "Embed the images")
    assert sorted(kinds_queued(full)) == ["embed", "projection"]  # the map is drawn after it
