"""Where the class folders are: every shape a user's folder may have, and no guess."""

from __future__ import annotations

import pytest

from core.errors import InvalidInput
from core.sources.items import make_item, printable
from core.sources.layout import find_layout, is_ignored, looks_like_picture


def placed(*paths: str) -> dict[str, tuple[str, str | None] | None]:
    layout = find_layout([path for path in paths if not is_ignored(path)], "it")
    return {path: layout.place(path) for path in paths}


def test_class_folders_at_the_top():
    got = placed("cat/1.jpg", "dog/2.JPG", "notes.txt", "loose.png")
    assert list(got.values()) == [("cat", None), ("dog", None), None, None]


def test_class_folders_inside_a_folder_with_other_files_beside_it():
    got = placed("images/cat/1.jpg", "images/dog/2.jpg", "truth.csv", "annotations.csv")
    assert got["images/cat/1.jpg"] == ("cat", None)
    assert got["truth.csv"] is None


def test_pictures_beside_the_data_do_not_become_classes():
    data = [f"images/{label}/{i}.jpg" for label in ("cat", "dog") for i in range(3)]
    got = placed("docs/logo.png", "cover.png", *data)
    assert got["docs/logo.png"] is None and got["cover.png"] is None
    assert got["images/dog/2.jpg"] == ("dog", None)


def test_wrappers_of_any_depth_are_opened():
    assert placed("a/b/c/cat/1.jpg", "a/b/c/dog/1.jpg")["a/b/c/cat/1.jpg"] == ("cat", None)


def test_folders_inside_a_class_belong_to_the_class():
    got = placed("cat/1.jpg", "cat/monday/2.jpg", "dog/tuesday/3.jpg")
    assert got == {
        "cat/1.jpg": ("cat", None),
        "cat/monday/2.jpg": ("cat", None),
        "dog/tuesday/3.jpg": ("dog", None),
    }


@pytest.mark.parametrize(
    ("folder", "split"),
    [("train", "train"), ("Val", "val"), ("valid", "val"), ("validation", "val"), ("TEST", "test")],
)
def test_split_folders(folder, split):
    other = "test" if split == "train" else "train"
    got = placed(f"{folder}/cat/1.jpg", f"{folder}/dog/2.jpg", f"{other}/cat/3.jpg")
    assert got[f"{folder}/dog/2.jpg"] == ("dog", split)
    assert got[f"{other}/cat/3.jpg"] == ("cat", other)


def test_split_folders_inside_a_wrapper():
    got = placed("data/train/cat/1.jpg", "data/test/dog/2.jpg", "data/README.md")
    assert got["data/test/dog/2.jpg"] == ("dog", "test")
    assert got["data/README.md"] is None


def test_a_class_may_be_called_train():
    got = placed("car/1.jpg", "train/2.jpg")
    assert got["train/2.jpg"] == ("train", None)


def test_one_split_alone_is_a_wrapper_and_gives_no_split():
    got = placed("train/cat/1.jpg", "train/dog/1.jpg")
    assert got["train/cat/1.jpg"] == ("cat", None)


@pytest.mark.parametrize(
    ("paths", "sentence"),
    [
        ([], "no class folders; .* received no picture at all"),
        (["notes.txt", "cat/notes.txt"], "received no picture at all"),
        (["1.jpg", "2.jpg"], "received 2 pictures in no folder"),
        (["a/cat/1.jpg", "b/cat/1.jpg"], "several folders .* received a, b; import one"),
    ],
)
def test_what_cannot_be_decided_is_refused_with_a_way_out(paths, sentence):
    with pytest.raises(InvalidInput, match=f"^it has .*{sentence}|^it has {sentence}"):
        find_layout(paths, "it")


def test_the_operating_systems_own_files_do_not_count():
    assert is_ignored("__MACOSX/cat/._1.jpg") and is_ignored("cat/Thumbs.db")
    assert is_ignored(".git/x.png") and not is_ignored("cat/1.jpg")
    assert looks_like_picture("a.b/x.JPeG") and not looks_like_picture("a.png/x")


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        (" cat ", "cat"),
        ("cafe\u0301", "caf\u00e9"),
        ("=1+1", "=1+1"),
        ("<script>", "<script>"),
        ("a\nb", "a\\x0ab"),
        ("\udcff", "\\xff"),
        ("x" * 200, "x" * 200),
    ],
)
def test_labels_are_kept_and_made_printable(label, expected):
    assert make_item("p", bytes, label).label == expected


@pytest.mark.parametrize(("label", "kind"), [(None, "unlabelled"), (" ", "unlabelled")])
def test_a_file_without_a_label_is_listed(label, kind):
    assert make_item("p", bytes, label).kind == kind


def test_a_label_that_is_too_long_is_refused():
    assert make_item("p", bytes, "x" * 201).kind == "refused"


def test_printable_text_can_be_stored_whatever_it_was():
    for text in ("\udcff\x00\u2028\n", "x" * 100_000, "\ud800", "ñandú", ""):
        made = printable(text)
        assert made.encode("utf-8").decode() == made
        assert made.isprintable() and len(made) <= 4_096
    assert printable("ñandú 🌹") == "ñandú 🌹"
