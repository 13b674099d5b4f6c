"""The law of the sliders: wherever they stand, and however they got there, the browser counts what
Python counts.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page

from core.analysis.cascades import routes
from core.analysis.cascades.routes import Thresholds

NUMBERS = Path(__file__).parents[2] / "pages/parts/assets/cascade_numbers.js"
WALK = """([shape, kept, owned, steps]) => {
  const column = (values) => ({ toArray: () => new Int32Array(values) });
  const table = (columns) => ({ getChild: (name) => column(columns[name]) });
  const numbers = createNumbers({ ...shape, kept: table(kept), owned: table(owned) });
  return steps.map(([taus, person]) => {
    const at = numbers.at(taus, person), curve = numbers.curve();
    return { generalist: [...at.generalist], experts: [...at.experts], asked: [...at.asked],
      told: [at.n_deferred, at.n_right, at.n_answered, at.n_expert, at.n_recovered, at.n_broken],
      ...curve };
  });
}"""
CASES: dict[str, tuple[int, list[tuple[int, ...]]]] = {
    "no pair": (3, []),
    "one pair": (2, [(0, 1)]),
    "three pairs": (6, [(0, 1), (2, 5), (4, 3)]),
    "a group": (5, [(0, 2, 4), (1, 3)]),
}


def drawn(K: int, pairs: list[tuple[int, ...]], rng: np.random.Generator, n: int):
    """Return random predictions; some on the steps of the sliders, where ties are."""
    probs = rng.dirichlet(np.full(K, 0.5), n)
    probs[: n // 2] = np.round(probs[: n // 2] * 20) / 20
    probs[:, 0] += 1 - probs.sum(axis=1)
    probs = np.clip(probs, 0, None) / np.clip(probs, 0, None).sum(axis=1, keepdims=True)
    q = [rng.dirichlet(np.ones(len(pair)), n) for pair in pairs]
    return probs, rng.integers(0, K, n), q


def walk(rng: np.random.Generator, n_pairs: int) -> list[tuple[list[int], int]]:
    """Return positions: jumps to the ends, small steps to and fro, one slider at a time."""
    steps, taus, person = [([0] * n_pairs, 0)], [0] * n_pairs, 0
    for _ in range(40):
        to = int(rng.choice([0, 1, 999, 1000, rng.integers(0, 1001)]))
        which = int(rng.integers(-1, n_pairs + 1))
        taus = [to if which in (p, n_pairs) else tau for p, tau in enumerate(taus)]
        person = to if which == -1 else person
        steps.append((list(taus), person))
    return steps


@pytest.mark.parametrize("name", CASES)
def test_a_walk_of_the_sliders_counts_what_python_counts(page: Page, name):
    page.add_script_tag(path=NUMBERS)
    K, pairs = CASES[name]
    for seed in range(5):
        rng = np.random.default_rng(seed)
        probs, y, q = drawn(K, pairs, rng, 400)
        table, steps = routes.table(probs, y, pairs, q), walk(rng, len(pairs))
        for (taus, person), found in zip(
            steps, page.evaluate(WALK, sent(table, steps)), strict=True
        ):
            generalist, experts, asked = table.confusion_at(taus, person)
            assert found["generalist"] == generalist.ravel().tolist(), (seed, taus, person)
            assert found["experts"] == experts.ravel().tolist(), (seed, taus, person)
            assert found["asked"] == asked.tolist()
            at = Thresholds(tuple(tau / 1000 for tau in taus), person / 1000)
            assert found["told"] == told(routes.send(probs, pairs, q, at), probs, y)
            assert_curve(found, routes.send(probs, pairs, q, Thresholds(at.taus)), y)


def sent(table: routes.Table, steps: list[Any]) -> list[Any]:
    """Return what the page sends of a table, as `cascade_live.table_data` names it."""
    kept = dict(zip(["keeps", "true", "said", "n"], table.kept.T.tolist(), strict=True))
    names = ["pair", "first", "keeps", "expert_keeps", "true", "before", "after"]
    owned = dict(zip(names, table.owned.T.tolist(), strict=True)) | {"n": table.n_owned.tolist()}
    shape = {
        "n_classes": table.n_classes,
        "n_images": table.n_images,
        "pairs": [list(pair) for pair in table.pairs],
    }
    return [shape, kept, owned, steps]


def told(routed: routes.Routed, probs: np.ndarray, y: np.ndarray) -> list[int]:
    """Return the counts behind the figures, image by image."""
    right, was = routed.answer == y, probs.argmax(axis=1) == y
    answered, expert = routed.route != routes.PERSON, routed.route >= 0
    counted = [routed.asked >= 0, right & answered, answered, expert]
    return [int(m.sum()) for m in [*counted, expert & right & ~was, expert & was & ~right]]


def assert_curve(found: dict[str, Any], routed: routes.Routed, y: np.ndarray) -> None:
    """Compare the curve with what is answered and wrong at each threshold of a person."""
    keeps = np.searchsorted(np.arange(1001) / 1000, routed.confidence, side="right") - 1
    wanted = []
    for position in sorted(set(keeps.tolist()), reverse=True):
        kept = keeps >= position
        wanted.append((kept.mean(), (routed.answer != y)[kept].mean()))
    np.testing.assert_allclose(
        np.stack([found["coverage"], found["error"]], axis=1), wanted, rtol=0, atol=1e-12
    )
