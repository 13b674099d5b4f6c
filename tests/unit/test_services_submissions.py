"""A double click is one job; the same question about another data set is another job."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from core.jobs import engine
from core.services.data import embedding, exploring
from core.services.runs import crossvalidating
from core.store.database import Workspace
from tests.seeding import Seeded, add_small_dataset, seed

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


def test_the_map_is_drawn_after_the_images_are_embedded(workspace):
    dataset, _ = add_small_dataset(workspace, 10)
    first = exploring.submit_embed_and_map(workspace, dataset)
    jobs = engine.list_jobs(workspace, active_only=True)
    assert {job.kind for job in jobs} == {"embed", "projection"}
    assert min(jobs, key=lambda job: job.created_at).id == first
