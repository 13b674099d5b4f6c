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
from core.analysis.mistake_costs import ChargedImages
from pages.parts import cascade_live

NUMBERS = Path(__file__).parents[2] / "pages/parts/assets/cascade_numbers.js"
WALK = """([shape, kept, owned, steps]) => {
  const column = (values) => ({ toArray: () => values });
  const table = (columns) => ({ getChild: (name) => column(columns[name]) });
  const numbers = createNumbers({ ...shape, kept: table(kept), owned: table(owned) });
  return steps.map(([taus, person]) => {
    const at = numbers.at(taus, person), curve = numbers.curve();
    return { generalist: [...at.generalist], experts: [...at.experts], asked: [...at.asked],
      told: [at.n_deferred, at.n_right, at.n_answered, at.n_expert, at.n_recovered, at.n_broken],
      money: [at.cost, at.saved],
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
        charged = ChargedImages(rng.integers(0, 5, len(y)), rng.gamma(0.5, 20, (5, K)))
        asking = [None, 0.0, 1.25][seed % 3]
        table = routes.table(probs, y, pairs, q, charged=charged)
        steps = walk(rng, len(pairs))
        for (taus, person), found in zip(
            steps, page.evaluate(WALK, sent(table, steps, asking)), strict=True
        ):
            generalist, experts, asked = table.confusion_at(taus, person)
            assert found["generalist"] == generalist.ravel().tolist(), (seed, taus, person)
            assert found["experts"] == experts.ravel().tolist(), (seed, taus, person)
            assert found["asked"] == asked.tolist()
            at = Thresholds(tuple(tau / 1000 for tau in taus), person / 1000)
            routed = routes.send(probs, pairs, q, at)
            assert found["told"] == told(routed, probs, y)
            money = spent(charged, probs.argmax(axis=1), routed, asking)
            assert found["money"] == pytest.approx(money, abs=1e-8), (seed, taus, person)
            assert_curve(found, routes.send(probs, pairs, q, Thresholds(at.taus)), y)


def sent(table: routes.Table, steps: list[Any], asking: float | None) -> list[Any]:
    """Return what the page sends of a table."""
    data = cascade_live.table_data(table)
    kept, owned = (data.pop(name).to_dict("list") for name in ("kept", "owned"))
    return [{**data, "charged": {"person": asking}}, kept, owned, steps]


def test_without_costs_nothing_is_charged_and_all_else_is_the_same(page: Page):
    page.add_script_tag(path=NUMBERS)
    rng = np.random.default_rng(0)
    probs, y, q = drawn(6, CASES["three pairs"][1], rng, 200)
    plain, free = (
        routes.table(probs, y, CASES["three pairs"][1], q, charged=charged)
        for charged in (None, ChargedImages(y, np.zeros((6, 6))))
    )
    steps = walk(rng, 3)
    shape, *rest = sent(plain, steps, None)
    found = page.evaluate(WALK, [{**shape, "charged": None}, *rest])
    assert found == page.evaluate(WALK, sent(free, steps, None))
    assert {tuple(step["money"]) for step in found} == {(0, 0)}


def spent(
    charged: ChargedImages, before: np.ndarray, routed: routes.Routed, asking: float | None
) -> tuple[float, float]:
    """Return what an image costs and what is saved, image by image."""
    left = routed.route == routes.PERSON
    was, now = charged.of(before), charged.of(routed.answer)
    if asking is None:
        was, now = was[~left], now[~left]
    else:
        now = np.where(left, asking, now)
    return (now.mean(), (was - now).mean()) if len(now) else (0.0, 0.0)


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
