"""A child process that decodes: native code that crashes, hangs or is taken over stays in there.

Parent and child speak bytes over two pipes: a request is `_REQUEST` and the file, a reply is the
length of a JSON header, the header, and the bytes it announces. Nothing is pickled, so a decoder
that was taken over by a hostile file cannot make the parent run code, as a
`ProcessPoolExecutor`'s would. One image is under way in a child at any moment, so a death has one
suspect; it gets a second chance in a fresh child before it is listed.
"""

from __future__ import annotations

import json
import os
import select
import signal
import string
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Literal, Self

from core.language import keep, say, t
from core.settings import ROOT, ImageLimits
from core.sources import images
from core.sources.images import Fit, Prepared
from core.sources.recognise import BadImage

_REQUEST = struct.Struct("<cHI")  # command, size_px, n_bytes of the file
_LENGTH = struct.Struct("<I")
CHILD = "core.sources.decoder"  # the module the child runs
_PREPARE, _MEASURE = b"P", b"M"
_MAX_HEADER_BYTES = 10_000
_MAX_THUMBNAIL_BYTES = 100_000  # 96 x 96 x 3 uncompressed is 27,648
CPU_S = 20  # of one image; the worst of 10,000 mutated files took 0.1 s
WALL_S = 120.0  # of one image, for a child that waits for ever; far above any loaded machine
MEMORY_BYTES = 2_000_000_000  # above what an idle child has; 50 megapixels RGBA twice are 0.4e9


class Decoder:
    """One child process, started when first needed and again when it has died.

    Parameters
    ----------
    limits : ImageLimits
        What is accepted.
    fit : {"crop", "pad", "stretch"}
        See `core.sources.images.square`.

    Notes
    -----
    Not for use by several threads at once. POSIX only (`poll`, `setrlimit`).
    """

    def __init__(self, limits: ImageLimits, fit: Fit = "crop") -> None:
        self._config = json.dumps({"limits": asdict(limits), "fit": fit})
        self._process: subprocess.Popen[bytes] | None = None

    def prepare(self, data: bytes, size_px: int) -> Prepared:
        """Do `images.prepare` in the child.

        Raises
        ------
        BadImage
            As `images.prepare`, and where the child crashed twice or took too long.
        """
        head, body = self._ask(_PREPARE, size_px, data)
        n_pixels = size_px * size_px * 3
        return Prepared(
            pixels=body[:n_pixels],
            thumbnail=body[n_pixels:],
            format=str(head["format"]),
            width=int(head["width"]),
            height=int(head["height"]),
        )

    def measure(self, data: bytes) -> tuple[int, int]:
        """Do `images.measure` in the child; raises as `prepare` does."""
        head, _ = self._ask(_MEASURE, 0, data)
        return int(head["width"]), int(head["height"])

    def close(self) -> None:
        """End the child."""
        self._end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _ask(self, command: bytes, size_px: int, data: bytes) -> tuple[Mapping[str, Any], bytes]:
        head, body = self._ask_patiently(command, size_px, data)
        if "kind" in head:
            kind: Literal["unreadable", "refused"] = (
                "refused" if head["kind"] == "refused" else "unreadable"
            )
            raise BadImage(
                kind, str(_restored(head["reason"])), expected=_restored(head["expected"])
            )
        return head, body

    def _ask_patiently(
        self, command: bytes, size_px: int, data: bytes, *, again: bool = True
    ) -> tuple[Mapping[str, Any], bytes]:
        """Ask once more where the child died: its death may not have been this image's fault."""
        try:
            return self._ask_once(command, size_px, data)
        except TimeoutError as error:
            self._end()
            raise BadImage(
                "refused", t("decoding it takes more than {seconds:g} s", seconds=WALL_S)
            ) from error
        except (OSError, EOFError, ValueError) as error:
            code = self._end()
            if code == -signal.SIGXCPU:
                raise BadImage(
                    "refused", t("decoding it takes more than {seconds:g} s", seconds=CPU_S)
                ) from error
            if not again:
                how = t("the decoder crashed on it")
                if code < 0:
                    how = t("the decoder crashed on it (signal {number})", number=-code)
                raise BadImage("refused", how) from error
        return self._ask_patiently(command, size_px, data, again=False)

    def _ask_once(
        self, command: bytes, size_px: int, data: bytes
    ) -> tuple[Mapping[str, Any], bytes]:
        if self._process is None:
            self._process = _start(self._config)
        into, out = self._process.stdin, self._process.stdout
        if into is None or out is None:
            raise EOFError("the child has no pipes")
        deadline = time.monotonic() + WALL_S
        _write(into, _REQUEST.pack(command, size_px, len(data)), data)
        (n_header,) = _LENGTH.unpack(_read(out, _LENGTH.size, deadline))
        if n_header > _MAX_HEADER_BYTES:
            raise EOFError("the child's header is too long")
        head = json.loads(_read(out, n_header, deadline))
        n_thumbnail = int(head.get("n_thumbnail", 0))
        if not 0 <= n_thumbnail <= _MAX_THUMBNAIL_BYTES:
            raise EOFError("the child's thumbnail is too long")
        n_pixels = size_px * size_px * 3 if "n_thumbnail" in head else 0
        return head, _read(out, n_pixels + n_thumbnail, deadline)

    def _end(self) -> int:
        """Close the pipes, end the child and return its exit status."""
        process, self._process = self._process, None
        if process is None:
            return 0
        if process.stdin is not None:
            process.stdin.close()  # tells an idle child to go
        try:
            process.wait(timeout=1)  # one that crashed has its own status to tell
        except subprocess.TimeoutExpired:
            process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
        return process.returncode


def _restored(told: Any) -> Any:
    """Return what the child says; one that a picture took over may not ask for endless padding."""
    if not isinstance(told, dict):
        return told
    places = string.Formatter().parse(str(told["template"]))
    if any(spec not in (None, "", ",") for _, _, spec, _ in places):
        return "?"
    values = {str(key): _restored(value) for key, value in told["values"].items()}
    return say({"template": told["template"], "values": values})


def _start(config: str) -> subprocess.Popen[bytes]:
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    one_thread = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-m", CHILD, config],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # native decoders print warnings there
        env=os.environ | one_thread | {"PYTHONPATH": os.pathsep.join(paths)},
        bufsize=0,
    )


def _write(pipe: IO[bytes], *parts: bytes) -> None:
    for part in parts:
        rest = memoryview(part)
        while rest:
            rest = rest[pipe.write(rest) :]


def _read(pipe: IO[bytes], n_bytes: int, deadline: float) -> bytes:
    """Read exactly `n_bytes`; EOFError where the child is gone, TimeoutError past the deadline."""
    chunks = []
    poll = select.poll()
    poll.register(pipe, select.POLLIN)
    while n_bytes:
        if not poll.poll(max(0.0, deadline - time.monotonic()) * 1_000):
            raise TimeoutError
        chunk = pipe.read(n_bytes)
        if not chunk:
            raise EOFError("the child is gone")
        chunks.append(chunk)
        n_bytes -= len(chunk)
    return b"".join(chunks)


def _limit_memory() -> None:
    """Bound the address space above what the interpreter already has, where that is known."""
    import resource

    statm = Path("/proc/self/statm")
    if statm.exists():
        used = int(statm.read_text().split()[0]) * resource.getpagesize()
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        wanted = used + MEMORY_BYTES
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _limit_cpu() -> None:
    """Allow `CPU_S` more seconds from here on; then the kernel sends SIGXCPU."""
    import resource

    usage = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    wanted = int(usage.ru_utime + usage.ru_stime) + 1 + CPU_S
    soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


def _answer(work: Callable[[], tuple[dict[str, Any], bytes]]) -> bytes:
    try:
        head, body = work()
    except BadImage as error:
        head = {"kind": error.kind, "reason": keep(error.what)}
        head["expected"] = keep(error.expected or "")
        body = b""
    header = json.dumps(head).encode()
    return _LENGTH.pack(len(header)) + header + body


def _serve(into: IO[bytes], out: IO[bytes], limits: ImageLimits, fit: Fit) -> None:
    """Answer requests until the parent closes its end."""
    while request := into.read(_REQUEST.size):
        command, size_px, n_bytes = _REQUEST.unpack(request)
        data = into.read(n_bytes)
        _limit_cpu()

        def work(
            command: bytes = command, size_px: int = size_px, data: bytes = data
        ) -> tuple[dict[str, Any], bytes]:
            if command == _MEASURE:
                width, height = images.measure(data, limits)
                return {"width": width, "height": height}, b""
            made = images.prepare(data, limits, size_px, fit)
            head = {"format": made.format, "width": made.width, "height": made.height}
            return head | {"n_thumbnail": len(made.thumbnail)}, made.pixels + made.thumbnail

        out.write(_answer(work))
        out.flush()


def _main() -> None:
    config = json.loads(sys.argv[1])
    limits = ImageLimits(**{**config["limits"], "formats": tuple(config["limits"]["formats"])})
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # nothing else may write into the replies
    _limit_memory()
    _serve(sys.stdin.buffer, out, limits, config["fit"])


if __name__ == "__main__":
    _main()
