"""The records that floors hand to each other: frozen, typed, without behaviour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from core.language import phrase

Split = Literal["train", "val", "test"]
SPLITS: tuple[Split, ...] = ("train", "val", "test")
HeldOut = Literal["val", "test"]
IMPORTED = "imported"  # the algorithm of a run whose answers came from a file

JobState = Literal["queued", "running", "done", "failed", "cancelled"]
JOB_TRANSITIONS: Mapping[JobState, frozenset[JobState]] = {
    "queued": frozenset({"running", "cancelled"}),
    "running": frozenset({"done", "failed", "cancelled"}),
    "done": frozenset(),
    "failed": frozenset(),
    "cancelled": frozenset(),
}
JOB_STATE_WORDS: Mapping[JobState, str] = {
    "queued": phrase("queued"),
    "running": phrase("running"),
    "done": phrase("done"),
    "failed": phrase("failed"),
    "cancelled": phrase("cancelled"),
}
JOB_ENDED: frozenset[JobState] = frozenset(s for s, after in JOB_TRANSITIONS.items() if not after)


@dataclass(frozen=True, slots=True)
class Dataset:
    """An imported set of images; immutable, its id is a hash of its content."""

    id: str
    name: str
    source: str
    labels: tuple[str, ...]  # in order
    n_images: int
    size_px: int  # side of the cached square images
    fit: Literal["crop", "pad", "stretch"]  # how an image became square
    seed: int
    pixels: str  # blob: uint8 .npy, (n_images, size_px, size_px, 3)
    atlas: str  # blob: encoded thumbnails back to back
    atlas_offsets: str  # blob: int64 .npy, (n_images + 1,)
    n_duplicates: int
    note: str  # what a reader must know about this set ("synthetic ..."), may be empty
    created_at: datetime
    archived_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """A file that an import could not take as it was, and why, in one sentence."""

    file: str
    kind: Literal["unreadable", "refused", "duplicate", "label_conflict", "unlabelled"]
    reason: str


@dataclass(frozen=True, slots=True)
class ClassMapRecord:
    """A saved class map: a total function label -> class with a name, a version and a reason."""

    id: str
    dataset_id: str
    name: str
    version: int
    class_of: Mapping[str, str]  # every label of the data set, in label order
    why: str
    who: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class MistakeCosts:
    """What it costs to treat an image of one label as another, as somebody entered it."""

    id: str
    dataset_id: str
    version: int
    unit: str  # "EUR", "points"
    costs: tuple[tuple[float, ...], ...] | None  # row = true label; None: no longer used
    person: float | None  # of asking one about an image; None: nobody said
    why: str
    who: str
    created_at: datetime


Verdict = Literal["label", "skip", "not_sure", "undo"]


@dataclass(frozen=True, slots=True)
class Review:
    """One thing one person said about one image; never changed, only followed by another."""

    seq: int  # the order of all reviews; clocks do not decide
    event_id: str  # made by whoever sends it: a repeated send counts once
    dataset_id: str
    image_id: str
    reviewer: str
    version: int  # 1 for this person's first word on this image, 2 for the second, ...
    verdict: Verdict
    label: str | None  # for "label" only
    undoes: str | None  # for "undo" only: the event id of what is taken back
    note: str
    source: str  # the queue it came from, or "import"
    blind: bool  # nobody showed them the given label or another's answer
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Adjudication:
    """Somebody's decision about an image that reviewers left open; append-only."""

    event_id: str
    dataset_id: str
    image_id: str
    version: int
    label: str | None  # None: open again
    who: str
    note: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class LabelSet:
    """One label for every image, with a name, a version, and what it was made from; immutable."""

    id: str
    dataset_id: str
    name: str
    version: int
    labels: str  # blob: int64 .npy, (n_images,), index into the labels of the data set
    quality: str | None  # blob: float32 .npy, (n_images,), share; NaN where nothing was said
    origin: Mapping[str, Any]  # method, its parameters, and the reviews it rests on
    who: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Run:
    """One trained model; once stored, nothing changes but the marks that people put on it."""

    id: str
    dataset_id: str
    algorithm: str
    class_map_id: str | None  # None: the labels as they are
    classes: tuple[str, ...]  # column order of the probabilities
    pair: tuple[str, ...] | None  # an expert knows only these classes, two or a few
    seed: int
    config: Mapping[str, Any]  # every option, with defaults filled in, and the data ids
    history: Mapping[str, list[float]]  # "loss", "val_accuracy", ...: one number an epoch
    metrics: Mapping[str, Mapping[str, Any]]  # {"val": {...}, "test": {...}}
    temperature: float  # fitted on validation
    artifact: Mapping[str, str]  # file name -> blob
    predictions: str  # blob: float32 .npy, (n_images, n_classes); NaN rows were not predicted
    n_parameters: int | None  # None, as below: nobody said, of a model trained elsewhere
    duration_s: float | None
    device: str
    created_at: datetime
    archived_at: datetime | None = None
    ms_per_image: float | None = None  # to answer, from pixels; None: was not measured
    name: str | None = None  # what people call it
    starred: bool = False
    pinned: bool = False  # stands first in every order

    @property
    def is_imported(self) -> bool:
        """Tell whether its answers came from a file, so that its weights are not here."""
        return self.algorithm == IMPORTED


@dataclass(frozen=True, slots=True)
class ExtendedModel:
    """A model that was taught a further class from a few images; no run, and its base stays."""

    id: str
    dataset_id: str
    run: str  # the run whose weights these are
    extends: str  # that run, or an extended model: what it was made from
    algorithm: str
    classes: tuple[str, ...]  # column order of the probabilities; the added class is the last
    added: str
    images: tuple[str, ...]  # ids of the images that show the added class, ascending
    temperature: float  # the run's own: the new class had no part in fitting it
    artifact: Mapping[str, str]  # file name -> blob
    test: Mapping[str, Any]  # what it cost the old classes; see core.services.runs.extending
    new_class: Mapping[str, Any]  # n_images, n_recognised
    duration_s: float
    created_at: datetime
    archived_at: datetime | None = None  # a mark, as of runs


@dataclass(frozen=True, slots=True)
class CascadeRecord:
    """A generalist, its experts, and the threshold that was chosen on validation."""

    id: str
    dataset_id: str
    generalist: str
    experts: tuple[str, ...]
    tau: float  # the highest of its thresholds
    tau_from: Literal["validation", "hand"]
    plan: Mapping[str, Any]  # rule, taus (one an expert), person, rules, promise
    report: Mapping[str, Any]  # figures on val and test, as the command line prints them
    created_at: datetime
    archived_at: datetime | None = None
    name: str | None = None  # what people call it
    starred: bool = False
    pinned: bool = False  # stands first in every order


Action = Literal["approve", "decline", "comment", "withdraw"]


@dataclass(frozen=True, slots=True)
class Decision:
    """One thing one person decided or said about a proposal; never changed, only followed."""

    seq: int  # the order of all decisions; clocks do not decide
    event_id: str  # made by whoever sends it: a repeated send counts once
    dataset_id: str
    proposal_id: str  # of a class map or a cascade
    version: int  # 1 for the first event about this proposal, 2 for the second, ...
    action: Action
    who: str
    reason: str
    evidence: Mapping[str, Any]  # ids and figures, as they were shown
    evidence_hash: str  # sha256 of the evidence
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Job:
    """One background execution, as the database knows it."""

    id: str
    kind: str  # a key of core.services.tasks.TASKS
    title: str  # what a person reads: "Train probe on rosebuds"
    params: Mapping[str, Any]
    state: JobState
    progress: float  # share in [0, 1]
    step: str  # what it is doing now
    dataset_id: str | None
    result: Mapping[str, Any] | None
    error: str | None
    cancel_requested: bool
    fence: int
    pid: int | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    heartbeat_at: datetime | None
    position: int | None = None  # 1 = next, for queued jobs


@dataclass(frozen=True, slots=True)
class JobEvent:
    """One thing a job reported: an epoch's numbers, say. Append-only."""

    seq: int
    kind: str
    payload: Mapping[str, Any] = field(default_factory=dict)
