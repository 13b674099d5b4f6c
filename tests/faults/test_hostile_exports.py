"""Exported folders from strangers, damaged and hostile: one sentence, or the right answers.

None loads silently wrong, none crashes, nothing outside the folder is touched.
"""

from __future__ import annotations

import copy
import json
import os
import shutil
from contextlib import suppress

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from core.errors import AppError, InvalidInput
from core.ids import bytes_id, canonical_json
from core.models import portable
from core.services.exports import manifest as m
from core.services.exports import opening, verifying, writing
from core.settings import ImageLimits
from tests.exportable import SIZE_PX, embedding_model, fill, pixel_model
from tests.unit.test_services_exporting import NEW

LIMITS = ImageLimits()
N_DAMAGED, N_REWRITTEN = 400, 600


@pytest.fixture
def folder(workspace, tmp_path):
    ids = fill(workspace, 5)
    writing.export(workspace, ids.cascade, tmp_path / "out")
    return tmp_path / "out"


def ask(folder):
    return opening.open_export(folder).answer(NEW, LIMITS)


def files_of(folder):
    return sorted(p for p in folder.rglob("*") if p.is_file())


def sealed(content):
    return json.dumps({"sha256": bytes_id(canonical_json(content).encode()), "content": content})


def content_of(folder):
    return json.loads((folder / m.MANIFEST).read_text())["content"]


def rewrite(folder, name, data):
    """Replace a file as somebody would who knows how the folder is made."""
    (folder / name).write_bytes(data)
    content = content_of(folder)
    content["files"][name] = {"sha256": bytes_id(data), "n_bytes": len(data)}
    (folder / m.MANIFEST).write_text(sealed(content))


def damaged(data, rng):
    kind, at = rng.integers(5), int(rng.integers(len(data)))
    if kind == 0:
        return data[:at]
    if kind == 1:
        return data + bytes(rng.integers(0, 256, int(rng.integers(1, 9)), dtype=np.uint8))
    if kind == 2:
        return data[:at] + data[at + int(rng.integers(1, 40)) :]
    many = bytearray(data)
    for place in rng.integers(0, len(data), 1 if kind == 3 else 20):
        many[place] ^= 1 << int(rng.integers(8))
    return bytes(many)


def test_a_damaged_file_is_found_or_does_not_matter(folder):
    """Verify finds all of it; predict finds all that it reads."""
    rng, before = np.random.default_rng(0), ask(folder)
    text = (folder / m.MANIFEST).read_text()
    files, n_refused = files_of(folder), 0
    for turn in range(N_DAMAGED):
        path = files[turn % len(files)] if turn % 2 else folder / m.MANIFEST
        whole = path.read_bytes()
        broken = damaged(whole, rng)
        path.write_bytes(broken)
        same = broken == whole
        try:
            found = verifying.verify(folder, LIMITS)
            equal = found["n_equal"] == found["n_checked"]
            assert equal and (same or path.name == m.MANIFEST), path
            assert same or json.loads(broken) == json.loads(text)  # white space alone
        except AppError as error:
            assert "\n" not in str(error)
            n_refused += 1
        with suppress(AppError):
            assert ask(folder) == before, path
        path.write_bytes(whole)
    assert n_refused > 0.9 * N_DAMAGED and ask(folder) == before


HOSTILE = [None, True, -1, 0, 1e300, 2**70, -0.5, "", "..", "../../etc/passwd", "/etc/passwd"]
HOSTILE += ["a\0b", "\ud800", "x" * 5000, [], [[]], {}, {"a": {}}, ["A", "A"], [0.5] * 2000]


def places(value, path=()):
    """Yield the path of everything in a JSON value."""
    yield path
    listed = enumerate(value) if isinstance(value, list) else ()
    for key, item in value.items() if isinstance(value, dict) else listed:
        yield from places(item, (*path, key))


def test_a_rewritten_manifest_is_refused_in_one_sentence_or_answers(folder):
    """Fields of other types and values, missing and new ones, each with a fresh checksum."""
    rng, content = np.random.default_rng(1), content_of(folder)
    content["examples"] = content["examples"][:2]
    content["files"] = {k: v for k, v in content["files"].items() if "examples/" not in k} | {
        k: v for k, v in content["files"].items() if k in (m.example_file(0), m.example_file(1))
    }
    for path in (folder / "examples").iterdir():
        if f"examples/{path.name}" not in content["files"]:
            path.unlink()
    everywhere = [path for path in places(content) if path]
    (folder / m.MANIFEST).write_text(sealed(content))
    answers, n_refused = ask(folder), 0
    for turn in range(N_REWRITTEN):
        changed = copy.deepcopy(content)
        *parents, last = everywhere[turn % len(everywhere)]
        holder = changed
        for key in parents:
            holder = holder[key]
        what = rng.integers(10)
        if what == 0:
            del holder[last]
        elif what == 1 and isinstance(holder, dict):
            holder["../" + str(last)] = holder[last]
        elif what == 2 and isinstance(holder, list):
            holder.append(holder[last])
        else:
            holder[last] = HOSTILE[rng.integers(len(HOSTILE))]
        try:
            text = sealed(changed)
        except UnicodeEncodeError:
            text = json.dumps({"sha256": "0" * 64, "content": changed})
        (folder / m.MANIFEST).write_text(text)
        try:
            found = ask(folder)
            assert [set(said) for said in found] == [set(said) for said in answers]
        except AppError as error:
            assert "\n" not in str(error) and str(error).isprintable()
            n_refused += 1
    assert n_refused > 0.8 * N_REWRITTEN


@pytest.mark.parametrize(
    "text",
    ["", "null", "[]", "{}", "[" * 100_000, '{"sha256": "", "content": NaN}', "9" * 10_000,
     '{"sha256": "", "sha256": "", "content": {}}', '"\\ud800"', "{" * 50],
)  # fmt: skip
def test_a_manifest_that_is_none_is_one_sentence(folder, text):
    (folder / m.MANIFEST).write_text(text)
    with pytest.raises(InvalidInput, match=r"manifest\.json cannot be used"):
        opening.open_export(folder)


def test_a_manifest_of_any_size_or_encoding_is_one_sentence(folder):
    for data in (b"\xff\xfe", b" " * (m.MANIFEST_BYTES + 1)):
        (folder / m.MANIFEST).write_bytes(data)
        with pytest.raises(InvalidInput):
            opening.open_export(folder)


def test_links_and_special_files_and_additions_are_refused(folder, tmp_path):
    model, twin = folder / "models" / "generalist.onnx", tmp_path / "twin.onnx"
    shutil.copyfile(model, twin)

    def refused(match):
        with pytest.raises(InvalidInput, match=match):
            opening.open_export(folder)

    model.unlink()
    refused("expected .* bytes; received no such file")
    model.symlink_to(twin)  # the very same bytes
    refused("does not belong")
    model.unlink()
    os.mkfifo(model)
    refused("does not belong")
    model.unlink()
    shutil.copyfile(twin, model)
    ask(folder)
    for name in ("models/extra.onnx", "evil.pkl", "model.keras"):
        (folder / name).write_bytes(b"x")
        refused("expected no such file")
        (folder / name).unlink()
    (folder / "code").mkdir()
    refused("does not belong")
    (folder / "code").rmdir()
    shutil.move(folder / "models", tmp_path / "models")
    (folder / "models").symlink_to(tmp_path / "models")
    refused("does not belong")


def test_what_is_no_export_is_one_sentence(tmp_path):
    for path in (tmp_path / "nowhere", tmp_path / "file", tmp_path):
        with pytest.raises(InvalidInput):
            opening.open_export(path)
        (tmp_path / "file").write_text("x")


def graph_with(change):
    model = pixel_model(np.eye(3, 4), np.zeros(4))
    change(model)
    return model.SerializeToString()


def outside(model):
    weights = model.graph.initializer[0]
    weights.ClearField("raw_data")
    weights.data_location = TensorProto.EXTERNAL
    weights.external_data.add(key="location", value="../../secret.bin")


def vendor(model):
    model.graph.node[0].domain = "com.microsoft"
    model.opset_import.append(helper.make_opsetid("com.microsoft", 1))


def loop(model):
    body = helper.make_graph([], "body", [], [])
    model.graph.node.append(helper.make_node("Loop", ["", ""], ["z2"], body=body))


def functions(model):
    model.functions.append(onnx.FunctionProto(name="f", domain=""))


def many(model):
    model.graph.node.extend([helper.make_node("Identity", ["x"], [f"i{n}"]) for n in range(20_001)])


def no_output(model):
    del model.graph.output[:]


def unknown(model):
    model.graph.node[-1].op_type = "Nonsense"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (outside, "refers to other files"),
        (vendor, "needs operators that are not ONNX's own"),
        (loop, "branches or loops"),
        (functions, "more than one plain graph"),
        (many, "more than 20,000 operations"),
        (no_output, "no ONNX file that can be opened"),
        (unknown, "no ONNX file that can be opened"),
    ],
)
def test_a_graph_that_this_product_never_writes_is_refused(folder, change, said):
    rewrite(folder, "models/generalist.onnx", graph_with(change))
    with pytest.raises(InvalidInput, match=said):
        opening.open_export(folder)
    with pytest.raises(InvalidInput, match=said):
        portable.open_model(graph_with(change))


def test_a_tensor_in_a_node_is_not_read_from_elsewhere_either():
    def change(model):
        (node,) = [n for n in model.graph.node if n.op_type == "Constant"]
        tensor = node.attribute[0].t
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value="/etc/hostname")

    with pytest.raises(InvalidInput, match="refers to other files"):
        portable.check(graph_with(change))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no onnx",
        pixel_model(np.eye(3, 5), np.zeros(5)).SerializeToString(),  # a class too many
        embedding_model(np.eye(7, 4), np.zeros(4)).SerializeToString(),  # takes something else
    ],
)
def test_another_model_than_the_manifest_says_is_refused(folder, data):
    if data:
        rewrite(folder, "models/generalist.onnx", data)
    else:
        (folder / "models/generalist.onnx").write_bytes(data)
    with pytest.raises(InvalidInput):
        opening.open_export(folder)


def test_a_graph_that_fails_when_asked_is_one_sentence(folder):
    def change(model):  # its shapes fit for one image alone
        shape = numpy_helper.from_array(np.array([1, SIZE_PX, SIZE_PX, 3], np.int64), "shape")
        model.graph.initializer.append(shape)
        node = helper.make_node("Reshape", ["real", "shape"], ["real1"])
        model.graph.node.insert(1, node)
        model.graph.node[2].input[0] = "real1"

    rewrite(folder, "models/generalist.onnx", graph_with(change))
    with pytest.raises(InvalidInput, match="cannot answer"):
        ask(folder)


def test_no_workspace_is_made_or_opened(folder, tmp_path, monkeypatch):
    from core.cli import main

    picture = tmp_path / "one.png"
    picture.write_bytes(NEW[0][1])
    home = tmp_path / "no-workspace"
    monkeypatch.setenv("DESEMPATE_HOME", str(home))
    assert main(["predict", str(folder), str(picture), "--json"]) == 0
    assert main(["verify", str(folder), "--json"]) == 0
    assert not home.exists()
    (folder / "extra").write_text("x")
    assert main(["verify", str(folder), "--json"]) == 2
