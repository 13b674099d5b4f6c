"""A double click is one job; the same question about another data set is another job."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from core.services import crossvalidating, embedding, exploring
from core.store.database import Workspace
from tests.seeding import Seeded, seed

Submit = Callable[[Workspace, Seeded], str]

SUBMISSIONS: dict[str, Submit] = {
    "embed": lambda ws, ids: embedding.submit_embed(ws, ids.dataset),
    "projection": lambda ws, ids: exploring.submit_projection(ws, ids.dataset),
    "explore": lambda ws, ids: exploring.submit_explore(ws, ids.dataset),
    "crossval": lambda ws, ids: crossvalidating.submit_crossval(ws, ids.generalist),
}


@pytest.mark.parametrize("name", SUBMISSIONS)
def test_each_data_set_has_a_job_of_its_own(workspace, name):
    submit = SUBMISSIONS[name]
    first, second = seed(workspace), seed(workspace, name="other")
    job = submit(workspace, first)
    assert submit(workspace, first) == job
    assert submit(workspace, second) != job
