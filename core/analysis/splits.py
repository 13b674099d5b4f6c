"""Train, validation and test: stratified by label, never through a group, seeded."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput
from core.language import t
from core.records import SPLITS

SplitNames = NDArray[np.str_]
_RANK: dict[str, int] = {name: rank for rank, name in enumerate(SPLITS)}
_DRAWN = ("test", "val", "train")  # the rarest use of an image comes first


class Unit(NamedTuple):
    """Images that go together: a group, or one image."""

    rank: str  # a hash of the seed and the content, so that order of rows does not matter
    rows: tuple[int, ...]


def assign_splits(
    labels: Sequence[str],
    groups: Sequence[str | None] | None = None,
    given: Sequence[str | None] | None = None,
    *,
    shares: tuple[float, float, float] = (0.7, 0.15, 0.15),
    seed: int,
    keys: Sequence[str] | None = None,
    complete: bool = True,
) -> SplitNames:
    """Return "train", "val" or "test" for every image.

    Parameters
    ----------
    labels : sequence of str, length n_images
        The label of each image; every label is divided by `shares` on its own.
    groups : sequence of str or None, optional
        Images of one group (one plant, one patient) stay together.
    given : sequence of "train", "val", "test" or None, optional
        Splits that are already decided; None entries are assigned.
    shares : (train, val, test)
        Shares in [0, 1] that sum to 1.
    seed : int
        Another seed, another draw.
    keys : sequence of str, optional
        What identifies each image (its id): with keys the draw depends on the images and not
        on their order; without, the position is the key.
    complete : bool
        Whether a validation or test split that `given` never names is drawn from the images
        given as "train" when no image is left without a split. Nothing can be calibrated
        without one and nothing judged without the other; False leaves `given` untouched.

    Returns
    -------
    array of str, shape (n_images,)

    Raises
    ------
    InvalidInput
        When lengths differ, shares do not sum to 1, a split has another name, or one group is
        given to two splits.

    Notes
    -----
    Given entries never change, but for `complete`. A validation or test split that `given`
    names is closed: a published test set gets no more images. Images of a group of which some
    are given follow them.

    Small labels: of n images not given, the nearest whole numbers to the shares are taken, with
    at least one image in each open split from three images on; two go to train and test, a
    single one to train. Groups are placed whole, largest first, each where most is missing, so
    the shares of a label with few groups can be far off.
    """
    n = len(labels)
    done = _given(n, given, shares)
    _check_lengths(n, groups=groups, keys=keys)
    _check_groups(groups, done)
    if complete:
        done = _opened(done, shares)
    units = units_of(n, groups, keys, seed)
    for unit in units:  # the open images of a group follow the given ones
        known = next((done[row] for row in unit.rows if done[row] is not None), None)
        for row in unit.rows:
            done[row] = done[row] or known
    closed = {str(s) for s in done if s in ("val", "test")}
    wanted = _targets(labels, done, shares, closed)
    waiting = [unit for unit in units if done[unit.rows[0]] is None]
    for unit in sorted((u for u in waiting if len(u.rows) > 1), key=lambda u: (-len(u.rows), u)):
        _place_group(unit, labels, done, wanted)
    _place_singles([u for u in waiting if len(u.rows) == 1], labels, done, wanted)
    return np.array(done, dtype="U5") if n else np.empty(0, dtype="U5")


def check_shares(shares: Sequence[float]) -> None:
    """Raise unless these are shares of train, val and test.

    Raises
    ------
    InvalidInput
        If they are not three numbers in [0, 1] that sum to 1; NaN included.
    """
    if len(shares) != 3 or min(shares) < 0 or not abs(sum(shares) - 1.0) <= 1e-6:
        raise InvalidInput(
            t("shares are not the shares of train, val and test"),
            expected=t("three numbers >= 0 that sum to 1"),
            received=", ".join(f"{share:g}" for share in shares),
        )


def _given(
    n: int, given: Sequence[str | None] | None, shares: tuple[float, ...]
) -> list[str | None]:
    """Check the shares and the given splits; return the splits so far."""
    check_shares(shares)
    _check_lengths(n, given=given)
    done: list[str | None] = [None] * n if given is None else list(given)
    unknown = {str(s) for s in done if s is not None} - set(SPLITS)
    if unknown:
        raise InvalidInput(
            t("a given split has an unknown name"),
            expected=", ".join(SPLITS),
            received=", ".join(sorted(unknown)),
        )
    return done


def _check_lengths(n: int, **columns: Sequence[str | None] | None) -> None:
    """Raise unless every column that is there has an entry for each image."""
    for name, column in columns.items():
        if column is not None and len(column) != n:
            raise InvalidInput(
                t("{name} must have an entry for each image", name=name),
                expected=str(n),
                received=str(len(column)),
            )


def _check_groups(groups: Sequence[str | None] | None, done: list[str | None]) -> None:
    """Raise when the images of one group are given to different splits."""
    if groups is None:
        return
    named: dict[str, set[str]] = {}
    for group, split in zip(groups, done, strict=True):
        if group is not None and split is not None:
            named.setdefault(group, set()).add(split)
    torn = sorted(group for group, splits in named.items() if len(splits) > 1)
    if torn:
        raise InvalidInput(
            t("a group is given to two splits, so training would see what is tested"),
            expected=t("one split for each group"),
            received=", ".join(torn[:5]),
            todo=t("correct the split or the group column"),
        )


def _opened(done: list[str | None], shares: tuple[float, ...]) -> list[str | None]:
    """Reopen the images given as train when a held-out split has nowhere else to come from."""
    named = set(done)
    lacks = any(s not in named and share > 0 for s, share in zip(SPLITS, shares, strict=True))
    if lacks and None not in named and "train" in named:
        return [None if split == "train" else split for split in done]
    return done


def units_of(
    n_images: int,
    groups: Sequence[str | None] | None,
    keys: Sequence[str] | None,
    seed: int,
) -> list[Unit]:
    """Return what goes together: every group and every ungrouped image, each with its rank.

    Parameters
    ----------
    n_images : int
    groups, keys : sequence, optional
        As in `assign_splits`.
    seed : int
        Another seed, other ranks.
    """
    members: dict[str, list[int]] = {}
    for row in range(n_images):
        group = None if groups is None else groups[row]
        own = row if keys is None else keys[row]
        key = f"image:{own}" if group is None else f"group:{group}"
        members.setdefault(key, []).append(row)
    return [
        Unit(hashlib.sha256(f"{seed}:{key}".encode()).hexdigest(), tuple(rows))
        for key, rows in members.items()
    ]


def _targets(
    labels: Sequence[str], done: list[str | None], shares: tuple[float, ...], closed: set[str]
) -> dict[str, Counter[str]]:
    """Return how many more images of each label each split shall get."""
    share_of: dict[str, float] = {
        s: x for s, x in zip(SPLITS, shares, strict=True) if s not in closed
    }
    given: dict[str, Counter[str]] = {label: Counter() for label in labels}
    for label, split in zip(labels, done, strict=True):
        given[label][split or "open"] += 1
    return {label: _divide(counts, share_of) for label, counts in given.items()}


def _divide(counts: Counter[str], share_of: dict[str, float]) -> Counter[str]:
    """Divide the open images of one label over the open splits."""
    n_open = counts["open"]
    total = n_open + sum(counts[s] for s in share_of)
    scale = sum(share_of.values())
    if scale <= 0:
        return Counter({"train": n_open})
    lacking = {s: max(0.0, total * x / scale - counts[s]) for s, x in share_of.items()}
    room = sum(lacking.values()) or 1.0
    exact = {s: n_open * x / room for s, x in lacking.items()}
    take = Counter({s: int(x) for s, x in exact.items()})
    rest = sorted(exact, key=lambda s: (take[s] - exact[s], _RANK[s]))
    for split in rest[: n_open - take.total()]:
        take[split] += 1
    needs = ("train", "test", "val")  # in this order while there are images
    needy = [s for s in needs if share_of.get(s, 0) > 0 and counts[s] == 0]
    for split in needy[:n_open]:
        if take[split] == 0:
            richest = max(take, key=lambda s: (take[s], s == "train"))
            if take[richest] > 1 or richest not in needy[:n_open]:
                take[richest] -= 1
                take[split] += 1
    return take


def _place_group(
    unit: Unit,
    labels: Sequence[str],
    done: list[str | None],
    wanted: dict[str, Counter[str]],
) -> None:
    """Put a whole group where most of its images are still missing; ties go to train."""
    content = Counter(labels[row] for row in unit.rows)

    def fit(split: str) -> int:
        return sum(min(count, wanted[label][split]) for label, count in content.items())

    best = max(SPLITS, key=lambda s: (fit(s), -_RANK[s]))
    for row in unit.rows:
        done[row] = best
        wanted[labels[row]][best] -= 1


def _place_singles(
    units: list[Unit],
    labels: Sequence[str],
    done: list[str | None],
    wanted: dict[str, Counter[str]],
) -> None:
    """Deal the single images of each label, in order of rank, to the splits that lack them."""
    by_label: dict[str, list[Unit]] = {}
    for unit in sorted(units):
        by_label.setdefault(labels[unit.rows[0]], []).append(unit)
    for label, queue in by_label.items():
        places = [s for s in _DRAWN for _ in range(max(0, wanted[label][s]))]
        places = (places + ["train"] * len(queue))[: len(queue)]
        for unit, split in zip(queue, places, strict=True):
            done[unit.rows[0]] = split
