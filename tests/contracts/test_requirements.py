"""Each dependency is chosen for a reason, pinned with hashes, and used."""

from __future__ import annotations

import re
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.contracts.source_tree import ROOT, imports, python_files

# Needed, though no file of ours imports them by name.
USED_BY_OTHERS = {
    "tensorflow": "the backend under Keras",
    "tf2onnx": "Keras's Model.export uses it",
    "pyarrow": "pandas reads and writes Parquet with it",
    "scipy": "scikit-learn and the intervals of core/analysis",
}

# Installed by choice: top-level module -> its distribution in requirements-mlflow.in.
OPTIONAL = {"mlflow": "mlflow-skinny"}
# Resolved together with requirements.txt.
OTHERS = ["requirements-dev", "requirements-backends", "requirements-gpu", "requirements-mlflow"]


def canonical(name: str) -> str:
    """Return a distribution's name as registries compare it.

    >>> canonical("Efficientnet_Lite0.pytorch")
    'efficientnet-lite0-pytorch'
    """
    return re.sub(r"[-_.]+", "-", name).lower()


def chosen(text: str) -> dict[str, str]:
    """Return {distribution: reason} of a requirements.in; an empty reason when none is given."""
    found = {}
    for line in text.splitlines():
        requirement, _, reason = line.partition("#")
        if requirement.strip() and not requirement.startswith("-"):
            name = re.split(r"[\s\[<>=!~;]", requirement.strip())[0]
            found[canonical(name)] = reason.strip()
    return found


def pinned(text: str) -> dict[str, int]:
    """Return {distribution: number of hashes} of a resolved requirements.txt."""
    found: dict[str, int] = {}
    name = ""
    for line in text.splitlines():
        if match := re.match(r"([A-Za-z0-9][\w.-]*)==\S", line):
            name = canonical(match[1])
            found[name] = 0
        found[name] = found.get(name, 0) + line.count("--hash=sha256:") if name else 0
    found.pop("", None)
    return found


def unexplained_imports(root: Path, allowed: set[str]) -> list[str]:
    """Return one sentence for each import whose distribution is not among `allowed`."""
    distributions = packages_distributions()
    found = []
    for file in python_files(root, "core", "pages"):
        for an_import in imports(root, file):
            top = an_import.module.partition(".")[0]
            if top in sys.stdlib_module_names or top in ("core", "pages", "app", ""):
                continue
            names = {canonical(name) for name in distributions.get(top, [OPTIONAL.get(top, "")])}
            if not names & allowed:
                place = f"{file.relative_to(root)}:{an_import.line}"
                found.append(f"{place}: {top} is not in requirements.in")
    return sorted(set(found))


def _read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "name",
    ["requirements", "requirements-backends", "requirements-gpu", "requirements-mlflow"],
)
def test_every_choice_has_a_reason(name):
    without = [n for n, reason in chosen(_read(f"{name}.in")).items() if len(reason) < 5]
    assert not without, f"{name}.in: say after a # why {without} is there"


@pytest.mark.parametrize("name", ["requirements", *OTHERS])
def test_every_choice_is_pinned_with_hashes(name):
    pins = pinned(_read(f"{name}.txt"))
    missing = set(chosen(_read(f"{name}.in"))) - set(pins)
    assert not missing, f"{name}.txt lacks {missing}: run make lock"
    assert all(pins.values()), f"{name}.txt: no hash for {[n for n, k in pins.items() if not k]}"


@pytest.mark.parametrize("name", OTHERS)
def test_lock_files_agree(name):
    def versions(name: str) -> dict[str, set[str]]:  # several where they depend on the Python
        found: dict[str, set[str]] = {}
        for package, version in re.findall(r"^([\w.-]+)==(\S+)", _read(name), re.MULTILINE):
            found.setdefault(package, set()).add(version)
        return found

    product, other = versions("requirements.txt"), versions(f"{name}.txt")
    differ = {n: (product[n], other[n]) for n in product.keys() & other.keys()}
    assert all(a == b for a, b in differ.values()), f"run make lock: {differ}"


def test_every_import_is_a_choice():
    optional = set(chosen(_read("requirements-mlflow.in")))
    assert optional == set(OPTIONAL.values())
    found = unexplained_imports(ROOT, set(chosen(_read("requirements.in"))) | optional)
    assert not found, "\n" + "\n".join(found)


def test_what_is_optional_is_imported_in_one_place():
    files = {
        file.relative_to(ROOT).as_posix()
        for file in python_files(ROOT, "core", "pages")
        for an_import in imports(ROOT, file)
        if an_import.module.partition(".")[0] in OPTIONAL
    }
    assert files == {"core/services/runs/mlflow_mirror.py"}


def test_every_choice_is_used():
    distributions = packages_distributions()
    used = set(USED_BY_OTHERS)
    for file in python_files(ROOT, "core", "pages"):
        for an_import in imports(ROOT, file):
            top = an_import.module.partition(".")[0]
            used |= {canonical(name) for name in distributions.get(top, [])}
        text = file.read_text(encoding="utf-8")  # a package may be read as data, not imported
        used |= {name for name in chosen(_read("requirements.in")) if name in canonical(text)}
    unused = set(chosen(_read("requirements.in"))) - used
    assert not unused, f"requirements.in: nothing uses {unused}"


def test_a_missing_reason_and_pin_and_hash_are_found():
    assert chosen("numpy\npandas[x]>=2  # tables\n-c other.txt\n") == {
        "numpy": "",
        "pandas": "tables",
    }
    lock = "# head\na-b==1 \\\n    --hash=sha256:00 \\\n    --hash=sha256:01\n    # via x\nc==2\n"
    assert pinned(lock) == {"a-b": 2, "c": 0}


def test_a_planted_import_is_found(tmp_path):
    (tmp_path / "core").mkdir()
    (tmp_path / "core" / "x.py").write_text("import json\nimport numpy\nfrom requests import get\n")
    assert unexplained_imports(tmp_path, {"numpy"}) == [
        "core/x.py:3: requests is not in requirements.in"
    ]
