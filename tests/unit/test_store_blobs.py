from __future__ import annotations

import errno
import hashlib
import io
import os
import threading

import numpy as np
import pytest

from core.errors import InvalidInput, StoreError
from core.store import blobs as module
from core.store.blobs import Blobs


@pytest.fixture
def blobs(tmp_path):
    return Blobs(tmp_path / "blobs")


def leftovers(blobs):
    return list((blobs.root / "tmp").iterdir())


def test_a_blob_is_named_by_its_bytes_and_comes_back(blobs):
    blob_id = blobs.put_bytes(b"petals")
    assert blob_id == hashlib.sha256(b"petals").hexdigest()
    assert blobs.read_bytes(blob_id) == b"petals"
    assert blobs.put_bytes(b"petals") == blob_id
    assert leftovers(blobs) == []


@pytest.mark.parametrize(
    "array",
    [
        np.arange(12, dtype=np.float32).reshape(3, 4),
        np.asfortranarray(np.arange(12).reshape(3, 4)),
        np.zeros((0, 5), dtype=np.uint8),
        np.array(7),
        np.array(["a", "bc"]),
    ],
)
@pytest.mark.parametrize("mmap", [True, False])
def test_arrays_round_trip_read_only(blobs, array, mmap):
    found = blobs.open_array(blobs.put_array(array), mmap=mmap)
    assert found.dtype == array.dtype
    np.testing.assert_array_equal(found, array)
    with pytest.raises(ValueError, match="read-only"):
        found[...] = array


def test_an_array_is_stored_as_numpy_stores_it(blobs):
    array = np.arange(300_000, dtype=np.int16)
    plain = io.BytesIO()
    np.save(plain, array)
    assert blobs.read_bytes(blobs.put_array(array)) == plain.getvalue()


def test_arrays_of_objects_are_refused(blobs):
    with pytest.raises(ValueError, match="[Oo]bject"):
        blobs.put_array(np.array([{}], dtype=object))
    assert leftovers(blobs) == []


def test_a_pickle_is_not_an_array(blobs):
    plain = io.BytesIO()
    np.save(plain, np.array([{}], dtype=object), allow_pickle=True)
    blob_id = blobs.put_bytes(plain.getvalue())
    for mmap in (True, False):
        with pytest.raises(StoreError, match="not an array"):
            blobs.open_array(blob_id, mmap=mmap)


def test_a_file_is_taken(blobs, tmp_path):
    path = tmp_path / "big"
    path.write_bytes(b"x" * 3_000_000)
    blob_id = blobs.put_file(path)
    assert blobs.read_bytes(blob_id) == b"x" * 3_000_000
    assert not path.exists()


def test_a_stream_becomes_a_blob(blobs):
    with blobs.writer() as out:
        for part in (b"one", b"two"):
            out.write(part)
    assert blobs.read_bytes(out.id) == b"onetwo"


def test_a_stream_that_breaks_leaves_nothing(blobs):
    with pytest.raises(ZeroDivisionError), blobs.writer() as out:
        out.write(b"half")
        1 / 0  # noqa: B018
    assert out.id is None
    assert leftovers(blobs) == []


@pytest.mark.parametrize("name", ["", "../etc/passwd", "A" * 64, "0" * 63, "0" * 64 + "\n"])
def test_an_id_is_never_a_path(blobs, name):
    with pytest.raises(InvalidInput, match="not a blob id"):
        blobs.path(name)


def test_damage_is_noticed(blobs):
    blob_id = blobs.put_array(np.arange(100))
    assert blobs.verify(blob_id)
    path = blobs.path(blob_id)
    path.chmod(0o644)
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    assert not blobs.verify(blob_id)
    with pytest.raises(StoreError, match="damaged"):
        blobs.read_bytes(blob_id)
    with pytest.raises(StoreError, match="damaged"):
        blobs.open_array(blob_id)


def test_a_truncated_blob_is_healed_by_storing_it_again(blobs):
    blob_id = blobs.put_bytes(b"petals")
    blobs.path(blob_id).chmod(0o644)
    blobs.path(blob_id).write_bytes(b"pet")
    blobs.put_bytes(b"petals")
    assert blobs.read_bytes(blob_id) == b"petals"


def test_a_blob_with_another_byte_is_healed_by_storing_it_again(blobs):
    blob_id = blobs.put_bytes(b"petals")
    path = blobs.path(blob_id)
    path.chmod(0o644)
    path.write_bytes(b"PETALS")
    assert blobs.put_bytes(b"petals") == blob_id
    assert blobs.read_bytes(blob_id) == b"petals"


def test_a_blob_that_gets_its_name_during_a_sweep_is_no_surprise(blobs, monkeypatch):
    blobs.put_bytes(b"petals")
    vanished = blobs.root / "tmp" / "vanished"
    monkeypatch.setattr(type(vanished), "iterdir", lambda _folder: iter([vanished]))
    assert blobs.sweep() == 0


def test_a_missing_blob_is_a_sentence(blobs):
    for read in (blobs.read_bytes, blobs.open_array, blobs.verify):
        with pytest.raises(StoreError, match="missing from the workspace"):
            read("0" * 64)


@pytest.mark.parametrize(
    ("number", "sentence"),
    [(errno.ENOSPC, "disk is full"), (errno.EROFS, "read-only"), (errno.EIO, "could not be used")],
)
def test_a_disk_that_refuses_is_a_sentence_and_leaves_nothing(blobs, monkeypatch, number, sentence):
    def refuse(_handle):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(module.os, "fsync", refuse)
    with pytest.raises(StoreError, match=sentence):
        blobs.put_bytes(b"petals")
    assert leftovers(blobs) == []


def test_every_byte_is_on_the_disk_before_the_name_appears(blobs, monkeypatch):
    seen = []
    fsync, replace = os.fsync, module.Path.replace
    monkeypatch.setattr(module.os, "fsync", lambda handle: (seen.append("fsync"), fsync(handle)))
    monkeypatch.setattr(
        module.Path, "replace", lambda self, to: (seen.append("rename"), replace(self, to))[1]
    )
    blobs.put_bytes(b"petals")
    assert seen == ["fsync", "rename", "fsync", "fsync"]  # file, its folder, the folder above


def test_many_threads_store_the_same_bytes(blobs):
    ids = []
    threads = [
        threading.Thread(target=lambda: ids.append(blobs.put_bytes(b"p" * 100_000)))
        for _ in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(ids)) == 1
    assert len(ids) == 16
    assert blobs.verify(ids[0])
    assert leftovers(blobs) == []


def test_what_killed_processes_left_is_swept_when_it_is_old(blobs):
    blobs.put_bytes(b"petals")
    old, new = blobs.root / "tmp" / "old", blobs.root / "tmp" / "new"
    old.write_text("x")
    new.write_text("x")
    os.utime(old, (0, 0))
    assert blobs.sweep() == 1
    assert leftovers(blobs) == [new]
