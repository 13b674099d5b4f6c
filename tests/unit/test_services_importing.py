"""Importing: from files to a data set in one transaction, or to nothing."""

from __future__ import annotations

import io
import os
import shutil
import time
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from core.errors import Conflict, InvalidInput
from core.services.data import datasets, importing, uploads
from core.store.database import Workspace


def png(seed: int, size: tuple[int, int] = (40, 32)) -> bytes:
    """Return a PNG of noise, the same for equal seeds."""
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two labels of twenty images; one file is no image, one image lies there twice."""
    root = tmp_path / "pictures"
    for label in ("ant", "bee"):
        (root / label).mkdir(parents=True)
        for i in range(20):
            (root / label / f"{i:02d}.png").write_bytes(png(i + (100 if label == "bee" else 0)))
    (root / "ant" / "broken.png").write_bytes(png(5)[:200])
    (root / "bee" / "again.png").write_bytes(png(100))
    return root


def run(ws: Workspace, source: Path | str, name: str = "mine", **options: object) -> dict:
    chosen = replace(importing.ImportOptions(), **options)
    return importing.import_now(ws, str(source), name, chosen, lambda *_: None, lambda: False)


def test_what_can_be_read_is_imported_and_the_rest_is_listed(workspace, folder):
    told = run(workspace, folder)
    assert told["n_images"] == 40 and told["labels"] == {"ant": 20, "bee": 20}
    assert [p["file"] for p in told["skipped"]] == ["ant/broken.png"]
    assert told["n_duplicates"] == 1
    kinds = {p.kind for p in datasets.problems(workspace, told["dataset"])}
    assert kinds == {"unreadable", "duplicate"}


def test_the_original_bytes_and_the_cached_pixels_belong_together(workspace, folder):
    told = run(workspace, folder)
    dataset = datasets.get_dataset(workspace, told["dataset"])
    frame = datasets.images(workspace, dataset.id)
    row = frame.loc[frame["path"] == "bee/03.png"].iloc[0]
    expected = np.asarray(Image.open(io.BytesIO(png(103))).convert("RGB"))
    np.testing.assert_array_equal(datasets.picture(workspace, row["image_id"]), expected)
    cached = datasets.pixels(workspace, dataset)
    np.testing.assert_array_equal(cached[row["position"]], expected[:, 4:36])


def test_the_same_import_under_another_name_shares_images_but_is_another_data_set(
    workspace, folder
):
    first, second = run(workspace, folder), run(workspace, folder, "other")
    assert first["dataset"] != second["dataset"]
    assert first["splits"] == second["splits"]


def test_a_name_that_is_taken_is_refused_and_nothing_is_lost(workspace, folder):
    told = run(workspace, folder)
    with pytest.raises(Conflict, match="exists already"):
        run(workspace, folder)
    with pytest.raises(Conflict):
        importing.submit_import(workspace, str(folder), "mine")
    assert [d.id for d in datasets.list_datasets(workspace)] == [told["dataset"]]


def test_a_source_without_a_readable_image_makes_no_data_set(workspace, tmp_path):
    (tmp_path / "x" / "a").mkdir(parents=True)
    (tmp_path / "x" / "a" / "1.png").write_bytes(b"not an image")
    with pytest.raises(InvalidInput, match=r"a/1\.png"):
        run(workspace, tmp_path / "x")
    assert datasets.list_datasets(workspace) == []
    assert not list(workspace.path.glob("scratch/*"))


def test_a_given_split_is_respected_and_the_shares_fill_the_rest(workspace, folder):
    frame = pd.DataFrame(
        {
            "path": [f"ant/{i:02d}.png" for i in range(20)]
            + [f"bee/{i:02d}.png" for i in range(20)],
            "label": ["ant"] * 20 + ["bee"] * 20,
            "split": ["test"] * 5 + [None] * 35,
        }
    )
    frame.to_csv(folder / "table.csv", index=False)
    told = run(workspace, folder / "table.csv")
    split = datasets.images(workspace, told["dataset"]).set_index("path")["split"]
    assert (split[[f"ant/{i:02d}.png" for i in range(5)]] == "test").all()
    assert set(split) == {"train", "val", "test"}


def test_an_upload_is_kept_and_can_be_imported_from(workspace, folder, tmp_path):
    archive = shutil.make_archive(str(tmp_path / "z"), "zip", folder)
    with open(archive, "rb") as file:
        kept = uploads.save_upload(workspace, "my pictures.zip", iter([file.read()]))
    assert Path(kept).is_relative_to(workspace.path)
    assert run(workspace, kept)["n_images"] == 40


@pytest.mark.parametrize("filename", ["x.exe", "x", "x.zip.svg", "../../x.tar", "list.csv"])
def test_an_upload_of_another_kind_is_refused(workspace, filename):
    with pytest.raises(InvalidInput, match="expected a .zip of class folders"):
        uploads.save_upload(workspace, filename, iter([b""]))
    assert not list(workspace.path.glob("uploads/*"))


def test_an_upload_that_is_too_large_is_refused_and_removed(workspace):
    small = replace(workspace.settings, limits=replace(workspace.settings.limits, archive_bytes=10))
    object.__setattr__(workspace, "settings", small)
    with pytest.raises(InvalidInput, match="too large"):
        uploads.save_upload(workspace, "x.zip", iter([b"12345678", b"12345678"]))
    assert not list(workspace.path.glob("uploads/**/*.zip"))


def test_stopping_leaves_nothing_behind(workspace, folder):
    from core.errors import JobCancelled

    with pytest.raises(JobCancelled):
        importing.import_now(
            workspace,
            str(folder),
            "mine",
            importing.ImportOptions(),
            lambda *_: None,
            lambda: True,
        )
    assert datasets.list_datasets(workspace) == []
    assert not list(workspace.path.glob("scratch/*"))


@pytest.mark.parametrize("name", ["", "../x", "a/b", "x" * 65, "=1+1", " a"])
def test_a_name_that_cannot_be_a_name_is_refused(workspace, name):
    with pytest.raises(InvalidInput, match="this name"):
        importing.submit_import(workspace, "builtin:digits", name)


def task(ws: Workspace, source: Path | str) -> None:
    """Run an import as its job does."""
    context = SimpleNamespace(workspace=ws, report=lambda *_: None, should_stop=lambda: False)
    params = {"source": str(source), "name": "mine", "options": asdict(importing.ImportOptions())}
    importing.run_import(context, params)  # type: ignore[arg-type]


def test_an_upload_is_deleted_once_it_is_imported(workspace, folder, tmp_path):
    archive = Path(shutil.make_archive(str(tmp_path / "z"), "zip", folder))
    kept = uploads.save_upload(workspace, "x.zip", iter([archive.read_bytes()]))
    other = uploads.save_upload(workspace, "x.zip", iter([b"another"]))
    task(workspace, kept)
    assert not Path(kept).parent.exists() and Path(other).exists()


@pytest.mark.parametrize("inside", ["", "flowers"])
def test_a_folder_that_somebody_put_among_the_uploads_is_not_deleted(workspace, folder, inside):
    source = workspace.uploads_dir / inside
    shutil.copytree(folder, source, dirs_exist_ok=True)
    task(workspace, source)
    assert (source / "ant" / "00.png").exists()
    assert (workspace.path / "desempate.db").exists()


def test_an_upload_that_breaks_off_leaves_nothing(workspace):
    def chunks():
        yield b"12345678"
        raise RuntimeError

    with pytest.raises(RuntimeError):
        uploads.save_upload(workspace, "x.zip", chunks())
    assert not list(workspace.uploads_dir.iterdir())


@pytest.mark.parametrize(
    "wrong",
    [
        {"shares": (0.7, 0.7, 0.7)},
        {"shares": (float("nan"), 0.5, 0.5)},
        {"size_px": 4},
        {"fit": "squeeze"},
    ],
)
def test_options_that_cannot_be_used_are_refused_before_the_job(workspace, folder, wrong):
    options = importing.ImportOptions(**wrong)
    with pytest.raises(InvalidInput):
        importing.submit_import(workspace, str(folder), "mine", options)


def test_a_double_click_on_import_is_one_job(workspace, folder):
    first = importing.submit_import(workspace, str(folder), "mine")
    assert importing.submit_import(workspace, str(folder), "mine") == first
    assert importing.submit_import(workspace, str(folder), "other") != first


def test_an_upload_that_nobody_imported_is_deleted_after_a_week(workspace):
    old = Path(uploads.save_upload(workspace, "x.zip", iter([b"1"])))
    new = Path(uploads.save_upload(workspace, "x.zip", iter([b"2"])))
    eight_days_ago = time.time() - 8 * 24 * 3600
    os.utime(old.parent, (eight_days_ago, eight_days_ago))
    uploads.save_upload(workspace, "x.zip", iter([b"3"]))
    assert not old.parent.exists() and new.exists()
