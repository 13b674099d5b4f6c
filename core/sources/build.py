"""From a source to the files of a data set: each image is read once and decoded once.

The caller's thread reads, hashes and writes; child processes decode, a few images ahead. What is
in memory at any moment is those few images, whatever the size of the data set.
"""

from __future__ import annotations

import statistics
from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

from core.errors import InvalidInput, JobCancelled
from core.ids import bytes_id
from core.language import t, tn
from core.records import Problem
from core.settings import ImageLimits
from core.sources.built import Built, BuiltImage
from core.sources.decoder import Decoder
from core.sources.files import DatasetFiles
from core.sources.images import FITS, Fit, Prepared
from core.sources.items import Source, SourceItem
from core.sources.recognise import BadImage

__all__ = ["SIZES_PX", "Built", "BuiltImage", "Fit", "build", "check_options"]

SIZES_PX = (32, 64, 96, 128, 160, 192, 224)
_MAX_SIZE_PX = 1_024
_N_SAMPLED = 200  # headers read to choose a size: the median of 200 is within the middle 14 %
_N_AHEAD = 4  # images under way for each child: enough to keep it busy

Report = Callable[[float, str], object]


@dataclass(frozen=True, slots=True)
class _Underway:
    item: SourceItem
    data: bytes
    image_id: str
    prepared: Future[Prepared] | None  # None: these bytes came before


def build(
    source: Source,
    limits: ImageLimits,
    out_dir: Path,
    *,
    size_px: int | None = None,
    fit: Fit = "crop",
    n_workers: int = 2,
    report: Report | None = None,
    stop: Callable[[], bool] | None = None,
) -> Built:
    """Read every item of `source` and write the files of a data set into `out_dir`.

    Parameters
    ----------
    source : Source
        From `core.sources.open_source`.
    limits : ImageLimits
        What is accepted.
    out_dir : Path
        An existing folder; the caller removes it whatever happens.
    size_px : int, optional
        Side of the cached squares. Default: the smallest of `SIZES_PX` that is not below the
        median short side of the images (of an even sample of 200), at most 224.
    fit : {"crop", "pad", "stretch"}
        How an image that is not square becomes one.
    n_workers : int
        Child processes that decode.
    report : callable, optional
        Called with a share in [0, 1] and a text after each file; what it raises ends the build.
    stop : callable, optional
        Asked before each file.

    Returns
    -------
    Built

    Raises
    ------
    InvalidInput
        If no image at all could be taken, or `size_px` or `fit` is out of range.
    JobCancelled
        If `stop` said so.
    StoreError
        If `out_dir` cannot be written.

    Notes
    -----
    The same bytes twice are one image; the first file's label, split and group win, and the later
    file is listed: "duplicate", or "label_conflict" where its label differs. A file that cannot be
    taken never stops the others.
    """
    check_options(size_px, fit)
    if n_workers < 1:
        raise InvalidInput(
            t("n_workers is out of range"), expected=t("1 or more"), received=str(n_workers)
        )
    with ExitStack() as stack:
        decoders = [stack.enter_context(Decoder(limits, fit)) for _ in range(n_workers)]
        size_px = size_px or source.natural_px and _round_up(source.natural_px)
        size_px = size_px or _choose_size(source, decoders[0])
        files = stack.enter_context(DatasetFiles(out_dir, size_px))
        collected = _Collected(files)
        decoded = stack.enter_context(closing(_decoded(source, decoders, size_px)))
        for n_done, row in enumerate(decoded, start=1):
            collected.add(row)
            if report:
                report(*_progress(n_done, source.n_items))
            if stop and stop():
                raise JobCancelled(t("the import was stopped"))
        return collected.finish(source, size_px)


class _Collected:
    """Rows and problems so far; writes each image as it comes."""

    def __init__(self, files: DatasetFiles) -> None:
        self._files = files
        self._rows: list[BuiltImage] = []
        self._problems: list[Problem] = []
        self._first: dict[str, BuiltImage | Problem] = {}  # what became of these bytes
        self._n_duplicates = 0

    def add(self, row: _Underway | Problem) -> None:
        if isinstance(row, Problem):
            self._problems.append(row)
        elif row.prepared is None:
            self._problems.append(self._again(row))
        else:
            self._first[row.image_id] = self._take(row, row.prepared)

    def _take(self, row: _Underway, future: Future[Prepared]) -> BuiltImage | Problem:
        item = row.item
        try:
            made = future.result()
        except BadImage as error:
            problem = Problem(item.path, error.kind, _sentence(error))
            self._problems.append(problem)
            return problem
        offset = self._files.add(row.data, made.pixels, made.thumbnail)
        taken = BuiltImage(
            image_id=row.image_id,
            path=item.path,
            label=item.label or "",
            split=item.split,
            group=item.group,
            width=made.width,
            height=made.height,
            format=made.format,
            offset=offset,
            n_bytes=len(row.data),
        )
        self._rows.append(taken)
        return taken

    def _again(self, row: _Underway) -> Problem:
        """Say what the same bytes were taken for before."""
        first, item = self._first[row.image_id], row.item
        if isinstance(first, Problem):
            return Problem(item.path, first.kind, first.reason)
        self._n_duplicates += 1
        if first.label != item.label:
            reason = t(
                "the same bytes as {path}, which has the label {first} and not {label}",
                path=first.path,
                first=first.label,
                label=item.label,
            )
            return Problem(item.path, "label_conflict", reason)
        return Problem(item.path, "duplicate", t("the same bytes as {path}", path=first.path))

    def finish(self, source: Source, size_px: int) -> Built:
        if not self._rows:
            first = self._problems[0] if self._problems else None
            raise InvalidInput(
                t("no image of {name} could be taken", name=source.name),
                expected=t("at least one image with a label"),
                received=tn(
                    "{n} file that was not taken; the first, {file}: {reason}",
                    "{n} files that were not taken; the first, {file}: {reason}",
                    len(self._problems),
                    file=first.file,
                    reason=first.reason,
                )
                if first
                else t("no file at all"),
            )
        present = {row.label for row in self._rows}
        order = source.label_order or sorted(present)
        return Built(
            rows=self._rows,
            problems=self._problems,
            n_duplicates=self._n_duplicates,
            files=self._files.finish(),
            size_px=size_px,
            labels=tuple(label for label in order if label in present),
        )


def _decoded(
    source: Source, decoders: list[Decoder], size_px: int
) -> Generator[_Underway | Problem, None, None]:
    """Yield what became of each item, in the order of the source, decoding a few ahead."""
    idle: SimpleQueue[Decoder] = SimpleQueue()
    for decoder in decoders:
        idle.put(decoder)

    def prepare(data: bytes) -> Prepared:
        decoder = idle.get()
        try:
            return decoder.prepare(data, size_px)
        finally:
            idle.put(decoder)

    ahead: deque[_Underway | Problem] = deque()
    seen: set[str] = set()
    pool = ThreadPoolExecutor(len(decoders), thread_name_prefix="decode")
    try:
        for row in source.items():
            ahead.append(_start(row, seen, lambda data: pool.submit(prepare, data)))
            if len(ahead) > _N_AHEAD * len(decoders):
                yield ahead.popleft()
        yield from ahead
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _start(
    row: SourceItem | Problem, seen: set[str], submit: Callable[[bytes], Future[Prepared]]
) -> _Underway | Problem:
    """Read an item and start decoding it, unless its bytes came before."""
    if isinstance(row, Problem):
        return row
    if row.label is None:
        return Problem(row.path, "unlabelled", t("no label says what it shows"))
    try:
        data = row.read()
    except BadImage as error:
        return Problem(row.path, error.kind, _sentence(error))
    except OSError as error:
        why = error.strerror or str(error)
        return Problem(row.path, "unreadable", t("it cannot be read: {why}", why=why))
    image_id = bytes_id(data)
    if image_id in seen:
        return _Underway(row, data, image_id, None)
    seen.add(image_id)
    return _Underway(row, data, image_id, submit(data))


def _choose_size(source: Source, decoder: Decoder) -> int:
    """Return the size for the median short side of a sample, by the headers alone."""
    sides = []
    for item in source.sample(_N_SAMPLED):
        try:
            sides.append(min(decoder.measure(item.read())))
        except (BadImage, OSError):
            continue  # listed with its reason when its turn comes
    return _round_up(statistics.median(sides)) if sides else SIZES_PX[-1]


def _round_up(side_px: float) -> int:
    return next((size for size in SIZES_PX if size >= side_px), SIZES_PX[-1])


def _progress(n_done: int, n_items: int | None) -> tuple[float, str]:
    if not n_items:
        return 0.0, tn("read {n:,} file", "read {n:,} files", n_done)
    step = t("read {n_done:,} of {n_items:,} files", n_done=n_done, n_items=n_items)
    return min(1.0, n_done / n_items), step


def _sentence(error: BadImage) -> str:
    if not error.expected:
        return error.what
    return t("{said}; expected {expected}", said=error.what, expected=error.expected)


def check_options(size_px: int | None, fit: Fit) -> None:
    """Raise unless `build` can make such pixels.

    Raises
    ------
    InvalidInput
        If `size_px` or `fit` is out of range.
    """
    if size_px is not None and not 8 <= size_px <= _MAX_SIZE_PX:
        raise InvalidInput(
            t("size_px is out of range"),
            expected=t("8 to {most}", most=_MAX_SIZE_PX),
            received=str(size_px),
        )
    if fit not in FITS:
        raise InvalidInput(t("fit is unknown"), expected=", ".join(FITS), received=repr(fit))
