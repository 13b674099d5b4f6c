"""Marks on runs and cascades: they change lists and names, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.errors import InvalidInput, NotFound
from core.services.cascades import saving
from core.services.comparing import questions
from core.services.runs import marking, training
from core.store.database import Workspace
from tests.seeding import Seeded, add_cascade, seed


@pytest.fixture
def ids(workspace: Workspace) -> Seeded:
    return seed(workspace)


def _of(workspace, model_id):
    model = questions.find(workspace, model_id)
    return model.cascade or model.run


@pytest.mark.parametrize("kind", ["second", "cascade"])
def test_marks_change_nothing_else_and_can_be_taken_back(workspace, ids, kind):
    model_id = getattr(ids, kind)
    before = _of(workspace, model_id)
    marking.rename(workspace, model_id, " the good one ")
    marking.star(workspace, model_id)
    marking.pin(workspace, model_id)
    after = _of(workspace, model_id)
    assert after == replace(before, name="the good one", starred=True, pinned=True)
    marking.rename(workspace, model_id, "")
    marking.star(workspace, model_id, False)
    marking.pin(workspace, model_id, False)
    assert _of(workspace, model_id) == before


@pytest.mark.parametrize("kind", ["second", "cascade"])
def test_what_is_hidden_is_in_no_list_and_comes_back(workspace, ids, kind):
    model_id = getattr(ids, kind)

    def listed():
        return [model.id for model in questions.models_of(workspace, ids.dataset)]

    before = listed()
    marking.hide(workspace, model_id)
    assert listed() == [i for i in before if i != model_id]
    assert [m.id for m in marking.hidden(workspace, ids.dataset)] == [model_id]
    marking.bring_back(workspace, model_id)
    assert listed() == before
    assert not marking.hidden(workspace, ids.dataset)


def test_the_last_hidden_is_the_first_to_come_back(workspace, ids):
    for model_id in (ids.second, ids.cascade, ids.expert):
        marking.hide(workspace, model_id)
    hidden = [m.id for m in marking.hidden(workspace, ids.dataset)]
    assert hidden == [ids.expert, ids.cascade, ids.second]


def test_a_cascade_that_is_saved_again_is_listed_again(workspace, ids):
    marking.hide(workspace, ids.cascade)
    add_cascade(workspace, ids.generalist, [ids.expert])
    assert [c.id for c in saving.all_of(workspace, ids.dataset)] == [ids.cascade]


def test_names_that_cannot_be_read_are_refused(workspace, ids):
    for name in ("x" * 65, "a\nb", "a\u202eb"):
        with pytest.raises(InvalidInput, match="1 to 64 printable characters"):
            marking.rename(workspace, ids.second, name)
    marking.rename(workspace, ids.second, "x" * 64)
    assert training.get_run(workspace, ids.second).name == "x" * 64


@pytest.mark.parametrize("model_id", ["run-0", "cas-0"])
def test_what_is_not_there_cannot_be_marked(workspace, model_id):
    for mark in (marking.star, marking.pin, marking.hide, marking.bring_back):
        with pytest.raises(NotFound):
            mark(workspace, model_id)
    with pytest.raises(NotFound):
        marking.rename(workspace, model_id, "a")
