"""Every source passes one suite: what the import relies on, whatever the images come from."""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import islice

import numpy as np
import pytest

from core.ids import bytes_id
from core.records import SPLITS, Problem
from core.settings import ROOT, ImageLimits
from core.sources import NAMES, images, open_source
from core.sources.build import build
from core.sources.items import SourceItem
from tests.image_files import class_files, write_folder, write_zip

LIMITS = ImageLimits()
TABLES = ("csv", "parquet", "folder of a list", "zip of csv", "zip of parquet")
SOURCES = ("folder", "zip", *TABLES, "builtin:rosebuds?n_per_class=2&size_px=64")
ALL = (*SOURCES, "builtin:digits")
N_LOOKED_AT = 40  # of a source with many items


@pytest.fixture(params=ALL)
def source(request, tmp_path):
    """What a user would type for each kind of source."""
    import pandas as pd

    files = class_files(5)
    folder = write_folder(tmp_path / "images", files)
    frame = pd.DataFrame({"path": list(files), "label": [name[:3] for name in files]})
    frame.to_csv(folder / "list.csv", index=False)
    frame.to_parquet(folder / "list.parquet")
    alone = {"images/" + name.replace("/", "-"): data for name, data in files.items()}
    flat = frame.assign(path=[name.removeprefix("images/") for name in alone])
    csv, parquet = flat.to_csv(index=False).encode(), flat.to_parquet()
    return {
        "folder": str(folder),
        "zip": str(write_zip(tmp_path / "images.zip", files)),
        "csv": str(folder / "list.csv"),
        "parquet": str(folder / "list.parquet"),
        "folder of a list": str(write_folder(tmp_path / "a", alone | {"images/list.csv": csv})),
        "zip of csv": str(write_zip(tmp_path / "b.zip", alone | {"images/list.csv": csv})),
        "zip of parquet": str(write_zip(tmp_path / "c.zip", alone | {"images/l.parquet": parquet})),
    }.get(request.param, request.param)


def rows(source):
    with open_source(source, LIMITS) as opened:
        return [
            (row.path, row.label, row.split, row.group, bytes_id(row.read()))
            for row in islice(opened.items(), N_LOOKED_AT)
        ]


def test_it_yields_labelled_pictures_with_printable_names(source):
    with open_source(source, LIMITS) as opened:
        assert opened.name and opened.name.isprintable()
        found = list(islice(opened.items(), N_LOOKED_AT))
        assert found and not any(isinstance(row, Problem) for row in found)
        for row in found:
            assert isinstance(row, SourceItem)
            assert row.path.isprintable() and row.label and row.label.isprintable()
            assert row.split is None or row.split in SPLITS
            picture = images.decode(row.read(), LIMITS)
            assert picture.rgb.shape == (picture.height, picture.width, 3)


def test_it_is_the_same_each_time(source):
    assert rows(source) == rows(source)


def test_its_numbers_are_true(source):
    with open_source(source, LIMITS) as opened:
        found = list(opened.items())
        assert opened.n_items == len(found)
        assert len({row.path for row in found}) == len(found)
        if opened.label_order:
            assert {row.label for row in found} <= set(opened.label_order)
        if opened.natural_px:
            width, height = images.measure(found[0].read(), LIMITS)
            assert min(width, height) == opened.natural_px
        else:
            sample = opened.sample(3)
            assert len(sample) == 3 and len({item.path for item in sample}) == 3


def test_it_says_what_it_is_by_a_sidecar_or_not_at_all(source):
    with open_source(source, LIMITS) as opened:
        sidecar = opened.sidecar()
        if sidecar is not None:
            assert isinstance(json.loads(sidecar), dict)
            assert "ynthetic" in opened.note


def test_it_builds(source, tmp_path):
    with open_source(source, LIMITS) as opened:
        built = build(opened, LIMITS, tmp_path, size_px=32)
    pixels = np.load(built.files["pixels"], mmap_mode="r")
    assert len(pixels) == len(built.rows) > 0
    assert {row.label for row in built.rows} == set(built.labels)
    assert not [problem for problem in built.problems if problem.kind != "duplicate"]


def test_every_built_in_name_opens_at_once_and_without_heavy_imports():
    code = (
        "import sys\n"
        "from core.settings import ImageLimits\n"
        "from core.sources import NAMES, open_source\n"
        "for name in NAMES:\n"
        "    open_source(name, ImageLimits()).close()\n"
        "heavy = {'sklearn', 'pandas', 'pyarrow', 'tensorflow', 'keras'} & set(sys.modules)\n"
        "sys.exit(', '.join(heavy) or 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert len(NAMES) == 4
