"""What a job process can do: the name a job carries -> the recipe that runs it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from core.jobs.context import JobContext
from core.services import demo
from core.services.comparing import more_images
from core.services.data import embedding, exploring, importing
from core.services.runs import crossvalidating, extending, fitting, previewing

Task = Callable[[JobContext, Mapping[str, Any]], Mapping[str, Any]]

TASKS: Mapping[str, Task] = {
    "import": importing.run_import,
    "embed": embedding.run_embed,
    "projection": exploring.run_projection,
    "explore": exploring.run_explore,
    "train": fitting.run_training,
    "crossval": crossvalidating.run_crossval,
    "learning_curve": more_images.run_curve,
    "preview": previewing.run_preview,
    "extend": extending.run_extend,
    "demo": demo.run_demo,
}
