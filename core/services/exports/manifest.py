"""What an exported folder says of itself: `manifest.json`, and which files there may be.

File names are never taken from the manifest: they follow from how many models, backbones and
examples it lists, and the folder holds exactly those.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import PurePosixPath

from core.analysis.calibration import TEMPERATURE_RANGE
from core.analysis.cascades.learned import N_DOUBTS
from core.errors import InvalidInput
from core.ids import bytes_id, canonical_json
from core.language import t
from core.models.embedding import RESIZING
from core.services.exports.typed import from_json, typed
from core.sources.images import FITS

FORMAT = 1
MANIFEST, MLMODEL, CARD, README = "manifest.json", "MLmodel", "MODEL_CARD.md", "README.md"
MANIFEST_BYTES = 4_000_000
_BYTES = {".onnx": 2_000_000_000, ".keras": 4_000_000_000, ".png": 20_000_000, "": 1_000_000}
_MOST_CLASSES, _MOST_EXPERTS, _MOST_EXAMPLES, _MOST_PX, _MOST_DIM = 1_000, 500, 100, 4_096, 100_000
ROUTES = ("generalist", "person")  # and the id of an expert
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A file of the folder, as it was written."""

    sha256: str
    n_bytes: int


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """How an image becomes what a model takes: a square of raw pixels, 0 to 255."""

    size_px: int
    fit: str
    resizing: str  # to the side of a backbone


@dataclass(frozen=True, slots=True)
class BackboneEntry:
    """A network that makes embeddings for one or several members."""

    name: str
    embedder: str  # backbone, weights and preprocessing, as embeddings are cached under
    input_px: int
    dim: int


@dataclass(frozen=True, slots=True)
class MemberEntry:
    """A model of the folder; the first is the generalist, or the only one."""

    id: str  # of the run, or of the extended model
    algorithm: str
    classes: tuple[str, ...]  # in the order of its probabilities
    temperature: float
    backbone: str | None  # None: it takes pixels


@dataclass(frozen=True, slots=True)
class RuleEntry:
    """A rule of learned deferral, one an expert."""

    weights: tuple[float, ...]
    intercept: float


@dataclass(frozen=True, slots=True)
class PlanEntry:
    """Where a cascade's sliders stand."""

    taus: tuple[float, ...]  # one an expert
    person: float
    rules: tuple[RuleEntry, ...]  # empty: the confidence is held against tau
    promise: str | None  # the sentence


@dataclass(frozen=True, slots=True)
class Sources:
    """Where it comes from."""

    dataset: str
    dataset_name: str
    class_map: str | None
    runs: tuple[str, ...]
    cascade: str | None


@dataclass(frozen=True, slots=True)
class ExampleEntry:
    """A held-out image with what the model said of it when it was exported."""

    image: str  # id in the data set
    truth: str | None  # None: outside the classes
    answer: str
    route: str
    probabilities: tuple[float, ...]  # in the order of the first member's classes


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything but the weights and the pictures."""

    format: int
    product: str
    created_at: str
    model: str
    class_of: Mapping[str, str]  # label -> class
    preprocessing: Preprocessing
    backbones: tuple[BackboneEntry, ...]
    members: tuple[MemberEntry, ...]
    plan: PlanEntry | None  # of a cascade
    sources: Sources
    examples: tuple[ExampleEntry, ...]
    files: Mapping[str, FileEntry]


@dataclass(frozen=True, slots=True)
class Sealed:
    """The manifest and the checksum of it: damage that leaves a manifest readable is found, too."""

    sha256: str
    content: Manifest


def member_stem(index: int, n_members: int) -> str:
    """Return where a member's files are, without their endings."""
    if n_members == 1:
        return "models/model"
    return f"models/expert-{index}" if index else "models/generalist"


def backbone_file(index: int) -> str:
    """Return where a backbone is."""
    return f"models/backbone-{index + 1}.onnx"


def example_file(index: int) -> str:
    """Return where the picture of an example is."""
    return f"examples/{index + 1:03}.png"


def file_names(manifest: Manifest) -> set[str]:
    """Return the files that the folder must hold, and no others, beside `MANIFEST`."""
    n = len(manifest.members)
    stems = [member_stem(index, n) for index in range(n)]
    return {
        *(stem + ending for stem in stems for ending in (".keras", ".onnx")),
        *(backbone_file(index) for index in range(len(manifest.backbones))),
        *(example_file(index) for index in range(len(manifest.examples))),
        *(MLMODEL, CARD, README),
    }


def most_bytes(name: str) -> int:
    """Return how large a file of the folder may be."""
    return _BYTES.get(PurePosixPath(name).suffix, _BYTES[""])


def to_text(manifest: Manifest) -> str:
    """Return what `MANIFEST` holds: the fields, and a checksum of them all."""
    content = typed(Manifest, json.loads(canonical_json(asdict(manifest))))  # as it will be read
    sealed = {"sha256": _seal(content), "content": asdict(content)}
    return json.dumps(sealed, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def read_text(text: str) -> Manifest:
    """Return the manifest that a text holds, every field checked.

    Raises
    ------
    InvalidInput
        If it is damaged, of another format, or says what no export says.
    """
    try:
        sealed = from_json(Sealed, text)
    except ValueError as error:
        raise _unusable(str(error)) from error
    for reason in _objections(sealed):
        raise _unusable(reason)
    return sealed.content


def _unusable(reason: str) -> InvalidInput:
    return InvalidInput(
        t("{file} cannot be used", file=MANIFEST),
        expected=t("what `python -m core export` has written"),
        received=reason[:200],
        todo=t("export the model again"),
    )


def _seal(content: Manifest) -> str:
    return bytes_id(canonical_json(asdict(content)).encode())


def _objections(sealed: Sealed) -> Iterator[str]:
    """Yield what is wrong with a manifest whose types are right; the first ends the reading."""
    it = sealed.content
    if it.format != FORMAT:
        yield f"format {it.format}, and this version reads {FORMAT}"
    if sealed.sha256 != _seal(it):
        yield "its checksum is another one"
    if not 1 <= it.preprocessing.size_px <= _MOST_PX or it.preprocessing.fit not in FITS:
        yield "no such preprocessing"
    if it.preprocessing.resizing != RESIZING:
        yield f"images resized by {it.preprocessing.resizing}, and this version does {RESIZING}"
    yield from _of_members(it)
    yield from _of_plan(it)
    yield from _of_examples(it)
    yield from _of_files(it)


def _of_members(it: Manifest) -> Iterator[str]:
    names = [backbone.name for backbone in it.backbones]
    if not 1 <= len(it.members) <= 1 + _MOST_EXPERTS or len(names) > len(it.members):
        yield "no such number of models"
    if len(set(names)) != len(names) or set(names) != {m.backbone for m in it.members} - {None}:
        yield "backbones that are not those of the models"
    for backbone in it.backbones:
        if not (1 <= backbone.input_px <= _MOST_PX and 1 <= backbone.dim <= _MOST_DIM):
            yield "a backbone of no such size"
    ids = {member.id for member in it.members}
    if len(ids) != len(it.members) or ids & {"", *ROUTES}:
        yield "models that cannot be told apart"
    low, high = TEMPERATURE_RANGE
    for member in it.members:
        if not (1 <= len(set(member.classes)) == len(member.classes) <= _MOST_CLASSES):
            yield "classes that cannot be told apart"
        if not low <= member.temperature <= high:
            yield "a temperature out of range"


def _of_plan(it: Manifest) -> Iterator[str]:
    first, experts = it.members[0], it.members[1:]
    if (it.plan is None) != (not experts):
        yield "a plan without experts, or experts without one"
    if it.plan is None:
        return
    for expert in experts:
        if len(expert.classes) < 2 or not set(expert.classes) <= set(first.classes):
            yield "an expert for other classes"
    for one, other in combinations([set(expert.classes) for expert in experts], 2):
        if len(one & other) > 1:
            yield "two experts for the same classes"
    if len(it.plan.taus) != len(experts) or len(it.plan.rules) not in (0, len(experts)):
        yield "not one threshold, and one rule, for each expert"
    if not all(0 <= share <= 1 for share in (*it.plan.taus, it.plan.person)):
        yield "a threshold that is no share"
    if any(len(rule.weights) != len(first.classes) + N_DOUBTS for rule in it.plan.rules):
        yield "a rule for other classes"


def _of_examples(it: Manifest) -> Iterator[str]:
    first, experts = it.members[0], it.members[1:]
    if not 1 <= len(it.examples) <= _MOST_EXAMPLES:
        yield "no such number of examples"
    routes = {*ROUTES, *(expert.id for expert in experts)}
    for example in it.examples:
        if not {example.answer, example.truth or example.answer} <= set(first.classes):
            yield "an example of another class"
        if example.route not in routes or len(example.probabilities) != len(first.classes):
            yield "an example that this model cannot have answered"
        if not all(0 <= share <= 1 for share in example.probabilities):
            yield "a probability that is no share"


def _of_files(it: Manifest) -> Iterator[str]:
    names = file_names(it)
    if extra := sorted(it.files.keys() - names):
        yield f"a file that no export has: {extra[0][:80]!r}"
    if missing := sorted(names - it.files.keys()):
        yield f"no checksum of {missing[0]}"
    for name, entry in it.files.items():
        if not _SHA256.fullmatch(entry.sha256) or not 0 < entry.n_bytes <= most_bytes(name):
            yield f"no such size or checksum of {name}"
