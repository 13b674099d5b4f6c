"""What a person sees of background jobs: progress, step, cancel, the reason of a failure, retry.

Panels are fragments that run every second only while something is active; when a job ends they
rerun the page once, so that its result shows without a click.
"""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from core.language import t, tn
from core.records import JOB_ENDED, Job
from core.services import jobs
from core.services.workspace import Workspace
from pages.ui import messages, state

POLL_S = 1.0
_RECENT = 200  # jobs looked through for the latest of a kind
_ICONS = {"queued": ":material/hourglass_top:", "running": ":material/progress_activity:"}


def active(job: Job | None) -> bool:
    """Return whether the job still waits or runs."""
    return job is not None and job.state not in JOB_ENDED


def latest(
    ws: Workspace, kind: str, dataset_id: str | None = None, *, active_only: bool = False
) -> Job | None:
    """Return the newest job of a kind, of a data set when one is named; None without one."""
    for job in jobs.list_jobs(ws, limit=_RECENT, active_only=active_only):
        if job.kind == kind and dataset_id in (None, job.dataset_id):
            return job
    return None


def show(
    ws: Workspace,
    job: Job | None,
    body: Callable[[Job], None] | None = None,
    on_retry: Callable[[str], None] | None = None,
    kept: Callable[[Job], str] | None = None,
) -> bool:
    """Draw the card of a job unless it is done; return whether it is still active.

    Parameters
    ----------
    ws : Workspace
        The workspace.
    job : Job or None
        As `latest` returns it; None draws nothing.
    body : callable, optional
        Draws more inside the card while the job is active, e.g. live curves; it runs with every
        refresh, so it must read what is fresh.
    on_retry : callable, optional
        Gets the id of the job that a click on "Try again" makes, for pages that hold an id.
    kept : callable, optional
        Says what is left of a job that failed or was cancelled; nothing, by default.
    """
    if job is None or job.state == "done":
        return False
    if not active(job):
        _ended_card(ws, job, on_retry, kept(job) if kept else t("Nothing was kept of it."))
        return False

    @st.fragment(run_every=POLL_S)
    def card() -> None:
        with messages.guard():
            now = jobs.get_job(ws, job.id)
            if not active(now):
                st.rerun()
            with st.container(border=True):
                _active_rows(ws, now, "card")
                if body is not None:
                    body(now)

    card()
    return True


def sidebar(ws: Workspace) -> None:
    """Draw the active jobs, and the last one that failed; call inside the sidebar."""
    busy = jobs.list_jobs(ws, limit=20, active_only=True)
    if not busy:
        return
    seen = {job.id for job in busy}

    @st.fragment(run_every=POLL_S)
    def panel() -> None:
        with messages.guard():
            now = jobs.list_jobs(ws, limit=20, active_only=True)
            if {job.id for job in now} != seen:
                st.rerun()
            st.caption(tn("{n:,} job at work", "{n:,} jobs at work", len(now)))
            for job in sorted(now, key=lambda job: (job.state != "running", job.position or 0)):
                with st.container(border=True, gap="xsmall"):
                    _active_rows(ws, job, "side")

    panel()


def _active_rows(ws: Workspace, job: Job, place: str) -> None:
    """Draw title, bar, step and the cancel button of a waiting or running job."""
    st.markdown(f"{_ICONS.get(job.state, '')} **{messages.plain(job.title)}**")
    if job.state == "queued":
        first = job.position in (None, 1)
        st.caption(
            t("Waiting, next in line.")
            if first
            else t("Waiting, number {n} in line.", n=job.position)
        )
    else:
        step = messages.plain(job.step or t("starting …"))
        left = _pace(job).left(job)
        if left is not None:
            step = t("{step} · about {time} left", step=step, time=jobs.span(left))
        st.progress(min(1.0, max(0.0, job.progress)), text=step)
    if job.cancel_requested:
        st.caption(t("Stopping …"))
        return
    st.button(
        t("Cancel"),
        key=f"cancel-{place}-{job.id}",
        icon=":material/stop_circle:",
        type="tertiary" if place == "side" else "secondary",
        on_click=_cancel,
        args=(ws, job.id),
    )


def _pace(job: Job) -> jobs.Pace:
    """Return what this session has seen of a job's advance."""
    pace: jobs.Pace = state.draft(f"pace-{job.id}") or jobs.Pace()
    state.set_draft(f"pace-{job.id}", pace)
    return pace


def _cancel(ws: Workspace, job_id: str) -> None:
    """Ask a job to stop, before the panel is drawn again."""
    with messages.guard():
        jobs.cancel_job(ws, job_id)


def _ended_card(ws: Workspace, job: Job, on_retry: Callable[[str], None] | None, kept: str) -> None:
    """Draw a failed or cancelled job with its reason and a retry button."""
    title = messages.plain(job.title)
    if job.state == "cancelled":
        said = t("**{job}** was cancelled. {kept}", job=title, kept=kept)
        st.info(said, icon=":material/cancel:")
    else:
        reason = job.error or t("no reason was recorded.")
        reason = messages.plain(messages.capitalise(reason))
        said = t("**{job}** failed. {reason} {kept}", job=title, reason=reason, kept=kept)
        st.error(said, icon=":material/error:")
    if st.button(t("Try again"), key=f"retry-{job.id}", icon=":material/refresh:"):
        with messages.guard() as outcome:
            new_id = jobs.retry_job(ws, job.id)
            if on_retry is not None:
                on_retry(new_id)
        if outcome.ok:
            st.rerun()
