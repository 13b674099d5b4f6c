"""Training while it runs: live curves; and when it is done: what came out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from core.language import t, text, tn
from core.records import Dataset, Job, Run
from core.services import jobs
from core.services.runs import training
from core.services.workspace import Workspace
from pages.ui import charts, job_panel, meaning, messages, names

N_LOOKED_THROUGH = 200  # jobs among which those of this data set are sought


def train_jobs(ws: Workspace, dataset: Dataset) -> list[Job]:
    """Return the training jobs to show: those at work, else the last one."""
    mine = [
        job
        for job in jobs.list_jobs(ws, limit=N_LOOKED_THROUGH)
        if job.kind == "train" and job.dataset_id == dataset.id
    ]
    return [job for job in mine if job_panel.active(job)] or mine[:1]


def at_work(ws: Workspace, dataset: Dataset, request: training.TrainRequest) -> bool:
    """Return whether a job that waits or runs trains exactly this."""
    wanted = {
        "algorithm": request.algorithm,
        "class_map": request.class_map,
        "labels": request.labels,
        "pair": list(request.pair) if request.pair else None,
        "seeds": list(request.seeds),
        "options": dict(request.options),
        "backbone": request.backbone,
        "time_budget_min": request.time_budget_min,
    }
    return any(
        job_panel.active(job) and all(job.params.get(k) == v for k, v in wanted.items())
        for job in train_jobs(ws, dataset)
    )


def panel(ws: Workspace, dataset: Dataset) -> None:
    """Draw the training jobs: progress with curves, a reason, or the result."""
    for job in train_jobs(ws, dataset):
        if job.state == "done":
            result(ws, dataset, job)
        else:
            job_panel.show(
                ws, job, body=lambda now: live(ws, now), kept=lambda ended: kept(ws, ended)
            )


def kept(ws: Workspace, job: Job) -> str:
    """Say from where a training that ended early would go on."""
    n_epochs = training.kept_epochs(ws, job)
    if not n_epochs:
        return t("Nothing was kept of it.")
    return t(
        "“Try again” goes on after epoch {n_epochs}, as if it had not been interrupted.",
        n_epochs=n_epochs,
    )


def live(ws: Workspace, job: Job) -> None:
    """Draw the curves of what a running job has reported so far."""
    if job.state == "running":
        curves(training.live_history(ws, job.id), f"live-{job.id}")


def curves(history: pd.DataFrame, key: str) -> None:
    """Draw loss and accuracy over epochs, side by side."""
    if history.empty:
        st.caption(t("The curves appear with the first epoch."))
        return
    alts = {
        "loss": t("loss of training and validation over epochs"),
        "accuracy": t("accuracy of training and validation over epochs"),
    }
    for column, (name, alt) in zip(st.columns(2), alts.items(), strict=True):
        with column:
            st.plotly_chart(
                charts.training_curves(history, name),
                key=f"{key}-{name}",
                config={"displayModeBar": False},
                alt=alt,
            )


def result(ws: Workspace, dataset: Dataset, job: Job) -> None:
    """Draw the runs of a finished job, with links to what comes next."""
    found: Sequence[dict[str, Any]] = (job.result or {}).get("runs", [])
    with st.container(border=True):
        st.markdown(f":material/check_circle: **{messages.plain(job.title)}** · {_done(job)}")
        for run in found:
            _run_row(run)
        members = [training.get_run(ws, run["run"]) for run in found]
        if members:
            history = pd.concat([training.history_frame(m) for m in members])
            short = {m.id: names.short(m) for m in members}
            curves(history.assign(run=history["run"].map(short)), f"done-{job.id}")
        with st.container(horizontal=True):
            st.page_link(
                "pages/compare.py",
                label=t("Compare with other runs"),
                icon=":material/leaderboard:",
                query_params={"runs": [names.run(m) for m in members]},
            )
            st.page_link(
                "pages/cascade.py",
                label=t("Use it in a cascade"),
                icon=":material/alt_route:",
                query_params=_cascade_of(ws, members[0]) if members else None,
            )


def _done(job: Job) -> str:
    """Say how long a finished job took, and when that was."""
    if job.started_at is None or job.finished_at is None:
        return t("done in no time")
    return t(
        "done in {took}, {ago}",
        took=text.duration((job.finished_at - job.started_at).total_seconds()),
        ago=text.ago(job.finished_at),
    )


def _cascade_of(ws: Workspace, member: Run) -> dict[str, str]:
    """Return the address of the cascade a run belongs to: as generalist, or as an expert of one."""
    if not member.pair:
        return {"generalist": member.id}
    fits = [
        run
        for run in names.ranked(training.list_runs(ws, member.dataset_id))
        if not run.pair and run.class_map_id == member.class_map_id
    ]
    return {"experts": member.id} | ({"generalist": fits[0].id} if fits else {})


def _run_row(run: dict[str, Any]) -> None:
    """Draw what one run reached."""
    test, val = run["test"], run["val"]
    n_classes = len(run["classes"])
    what = " / ".join(run["pair"] or ()) or tn("{n:,} class", "{n:,} classes", n_classes)
    with st.grid(2, min_column_width=150):
        meaning.accuracy_card(t("Test accuracy"), test, "test")
        meaning.accuracy_card(t("Validation"), val, "val")
        st.metric(
            t("Kappa"),
            text.number(test["kappa"], ".2f"),
            help=meaning.explain("kappa", test["n_images"], "test"),
            border=True,
            height="stretch",
        )
        st.metric(
            t("Training time"),
            text.duration(run["duration_s"]),
            help=t(
                "Time to fit on {device}, without loading; {n_parameters:,} parameters.",
                device=run["device"],
                n_parameters=run["n_parameters"],
            ),
            border=True,
            height="stretch",
        )
    st.caption(
        t(
            "{algorithm} over {what}, seed {seed}: {interval} with 95 % confidence on "
            "{images}; guessing reaches {chance:.1%}.",
            algorithm=run["algorithm"],
            what=messages.plain(what),
            seed=run["seed"],
            interval=text.interval(test["accuracy_ci"]),
            images=tn("{n:,} test image", "{n:,} test images", test["n_images"]),
            chance=test["chance"],
        )
    )
