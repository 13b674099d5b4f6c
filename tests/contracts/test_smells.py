"""What review always refuses, refused by machine: docs/architecture.md, "What is not done here"."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.contracts.source_tree import ROOT, python_files

_WEIGHTS = "core/models/weights.py"  # a restricted unpickler that knows only tensors
_STATE = "pages/ui/state.py"
_CACHES = ("pages/ui/resources.py", "pages/ui/cached/")
_PRODUCT = ("app.py", "core/", "pages/")


def smells(place: str, tree: ast.AST) -> list[tuple[int, str]]:
    """Return (line, sentence) for each thing in the file at `place` that is not done here."""
    product, test = place.startswith(_PRODUCT), place.startswith("tests/")
    found = []
    for node in ast.walk(tree):
        name = ast.unparse(node) if isinstance(node, ast.Attribute) else ""
        rules = {
            "pickle runs what it reads: use .npy without objects, JSON or .keras": product
            and place != _WEIGHTS
            and name in ("pickle.load", "pickle.loads", "pickle.Unpickler", "joblib.load"),
            "this switches off Keras's own guard for the whole process": name.endswith(
                "enable_unsafe_deserialization"
            ),
            f"session_state is touched in {_STATE} only": product
            and place != _STATE
            and name == "st.session_state",
            f"cached values live in {' and '.join(_CACHES)} only": product
            and not place.startswith(_CACHES)
            and name in ("st.cache_data", "st.cache_resource"),
            "a test waits for a condition, it never sleeps": test
            and name in ("time.sleep", "asyncio.sleep"),
            "a test that cannot run fails with a sentence, it is not skipped": test
            and not place.startswith("tests/gpu/")
            and name
            in ("pytest.skip", "pytest.importorskip", "mark.skip", "pytest.mark.skip")
            + ("pytest.mark.skipif", "pytest.mark.xfail"),
        }
        found += [(node.lineno, rule) for rule, broken in rules.items() if broken]
        if isinstance(node, ast.keyword) and product:
            found += _keyword(node)
    return found


def _keyword(node: ast.keyword) -> list[tuple[int, str]]:
    value = node.value.value if isinstance(node.value, ast.Constant) else None
    rules = {
        ("allow_pickle", True): "an array with objects runs what it reads",
        ("safe_mode", False): "a model file may carry code: never load it unsafely",
        ("unsafe_allow_html", True): "names come from files: text on a page is never HTML",
        ("unsafe_allow_javascript", True): "names come from files: text on a page never runs",
    }
    rule = rules.get((node.arg, value))
    return [(node.value.lineno, rule)] if rule else []


def violations(root: Path) -> list[str]:
    """Return one sentence for each smell under `root`."""
    found = []
    for file in python_files(root, "core", "pages", "tests", "benchmarks"):
        place = file.relative_to(root).as_posix()
        tree = ast.parse(file.read_text(encoding="utf-8"))
        found += [f"{place}:{line}: {rule}" for line, rule in smells(place, tree)]
    return found


def test_nothing_smells():
    found = violations(ROOT)
    assert not found, "\n" + "\n".join(found)


PLANTED = [
    ("core/x.py", "pickle.loads(data)", "pickle runs what it reads"),
    ("core/x.py", "np.load(path, allow_pickle=True)", "objects runs what it reads"),
    ("core/x.py", "load_model(path, safe_mode=False)", "never load it unsafely"),
    ("core/x.py", "keras.config.enable_unsafe_deserialization()", "switches off Keras's own guard"),
    ("pages/x.py", "st.session_state['a'] = 1", "session_state is touched in"),
    ("pages/ui/x.py", "@st.cache_data\ndef f(): ...", "cached values live in"),
    ("pages/x.py", "st.markdown(name, unsafe_allow_html=True)", "never HTML"),
    ("tests/x.py", "time.sleep(1)", "it never sleeps"),
    ("tests/x.py", "@pytest.mark.skip\ndef test_x(): ...", "it is not skipped"),
    ("tests/x.py", "pytest.importorskip('playwright')", "it is not skipped"),
]


@pytest.mark.parametrize(("file", "text", "rule"), PLANTED)
def test_a_planted_smell_is_found(tmp_path, file, text, rule):
    (tmp_path / file).parent.mkdir(parents=True)
    (tmp_path / file).write_text(text + "\n")
    found = violations(tmp_path)
    assert len(found) == 1
    assert found[0].startswith(f"{file}:1: ")
    assert rule in found[0]


def test_the_same_words_in_a_text_are_left_alone(tmp_path):
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "x.py").write_text("SENTENCE = 'time.sleep(1); pickle.load(f)'\n")
    assert violations(tmp_path) == []
