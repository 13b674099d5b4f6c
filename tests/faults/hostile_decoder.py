"""The decoder child with a bug in it: what native code does when a picture takes it apart."""

from __future__ import annotations

import os
import signal

from core.sources import decoder, images

_real = images.prepare


def _prepare(data, *options):
    if data == b"CRASH":
        os.kill(os.getpid(), signal.SIGSEGV)
    if data == b"HANG":
        signal.pause()
    if data == b"MEMORY":
        raise MemoryError
    while data == b"SPIN":
        pass
    return _real(data, *options)


if __name__ == "__main__":
    images.prepare = _prepare
    decoder.CPU_S = 1
    decoder._main()
