"""Checkpoints: what is saved comes back; what was changed since never does."""

from __future__ import annotations

import errno
import os
import random
import time

import numpy as np
import pytest

from core.errors import StoreError
from core.store import checkpoints
from core.store.blobs import BlobWriter
from core.store.checkpoints import Checkpoints

N_CORRUPTED = 500
N_WRITES = 200


def arrays(number):
    rng = np.random.default_rng(number)
    return [rng.normal(size=(5, 3)).astype(np.float32), np.array(number), np.arange(number)]


def number_of(found):
    """Which checkpoint it is; it must be exactly that one."""
    state, received = found
    for a, b in zip(received, arrays(state["n"]), strict=True):
        np.testing.assert_array_equal(a, b)
        assert a.dtype == b.dtype
    return state["n"]


@pytest.fixture
def kept(tmp_path):
    return Checkpoints(tmp_path / "run")


def save(kept, *numbers):
    for number in numbers:
        kept.save(number, {"n": number}, arrays(number))


def test_the_newest_comes_back_and_two_are_kept(kept):
    assert kept.newest() is None
    save(kept, 1, 2, 3)
    assert number_of(kept.newest()) == 3
    assert [n for n, _ in kept._files()] == [3, 2]
    save(kept, 10)
    assert number_of(Checkpoints(kept.folder).newest()) == 10
    assert kept.problems == []
    kept.clear()
    assert kept.newest() is None and not kept.folder.exists()


def test_a_corrupted_checkpoint_never_loads_and_the_one_before_does(kept):
    save(kept, 1, 2)
    (_, newest), _ = kept._files()
    whole, rng = newest.read_bytes(), random.Random(0)
    for _ in range(N_CORRUPTED):
        damaged = bytearray(whole)
        if rng.random() < 0.5:
            damaged[rng.randrange(len(whole))] ^= 1 << rng.randrange(8)
        else:
            del damaged[rng.randrange(len(whole)) :]
        newest.write_bytes(damaged)
        assert number_of(kept.newest()) == 1
        assert kept.problems == ["the checkpoint after epoch 2 is damaged and was left out"]
    newest.write_bytes(whole)
    assert number_of(kept.newest()) == 2 and kept.problems == []
    for _, path in kept._files():
        path.write_bytes(b"")
    assert kept.newest() is None and len(kept.problems) == 2


def test_a_file_with_objects_is_damage(kept, tmp_path):
    kept.folder.mkdir()
    out = BlobWriter(tmp_path / "evil")
    np.savez(out, state=np.array([{"run": "me"}], dtype=object))
    os.replace(tmp_path / "evil", kept.folder / f"000001-{out.seal()}.npz")
    assert kept.newest() is None and len(kept.problems) == 1


def test_a_full_disk_at_any_write_leaves_the_one_before_and_nothing_half_written(kept, monkeypatch):
    """Fails every write from the n-th on, for n = 0, 1, 2 ... until a whole one succeeds."""
    save(kept, 1)
    write, n_written, most = BlobWriter.write, 0, 0

    def full(self, data):
        nonlocal n_written
        n_written += 1
        if n_written > most:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(self, data)

    monkeypatch.setattr(BlobWriter, "write", full)
    for most in range(N_WRITES):  # noqa: B007 - `full` reads it
        n_written = 0
        try:
            save(kept, 2)
        except StoreError as error:
            assert "the disk is full" in str(error)
            assert number_of(kept.newest()) == 1
            assert len(list(kept.folder.iterdir())) == 1
        else:
            break
    assert most > 5 and number_of(kept.newest()) == 2  # it did fail before, and then did not


def test_checkpoints_of_long_ago_are_swept(tmp_path):
    old, new = Checkpoints(tmp_path / "old"), Checkpoints(tmp_path / "new")
    save(old, 1)
    save(new, 1)
    long_ago = time.time() - 40 * 24 * 3600
    os.utime(old.folder, (long_ago, long_ago))
    checkpoints.sweep(tmp_path)
    checkpoints.sweep(tmp_path / "nothing")
    assert old.newest() is None and number_of(new.newest()) == 1
