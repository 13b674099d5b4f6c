"""Processes of this machine: who is alive, how one died, how one is started."""

from __future__ import annotations

import hashlib
import logging
import os
import platform
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from core.language import SOURCE, phrase, t
from core.settings import ROOT, Settings
from core.store.trouble import from_os

_log = logging.getLogger(__name__)

_STAT_STATE, _STAT_START, _STAT_EXIT = 0, 19, 49  # fields 3, 22, 52 of proc(5), after the name
_DEAD_STATES = ("Z", "X", "x")
_JOB_NICE = 10  # jobs give way to the dashboard
_SIGNALS: Mapping[int, str] = {
    signal.SIGKILL: phrase("killed by somebody, or for lack of memory"),
    signal.SIGSEGV: phrase("a crash in native code"),
    signal.SIGBUS: phrase("a crash in native code, or a full disk under a memory map"),
}
_spawned: list[subprocess.Popen[bytes]] = []
_spawned_lock = threading.Lock()


def host() -> str:
    """Return the name of this machine; a process id means nothing on another one."""
    return platform.node() or "localhost"


def started(pid: int) -> float | None:
    """Return a number that tells this process from an earlier or later one of the same id.

    Returns
    -------
    float or None
        On Linux the clock tick of its start combined with the boot it belongs to, so that a
        changed clock does not matter; elsewhere a hash of what `ps` says. None if there is no
        such process, or it has died and only waits to be collected.
    """
    if Path("/proc/self/stat").exists():
        fields = _stat(pid)
        if fields is None or fields[_STAT_STATE] in _DEAD_STATES:
            return None
        return _boot() + float(fields[_STAT_START])
    return _started_by_ps(pid)


def me() -> tuple[int, float]:
    """Return (pid, started) of this process."""
    pid = os.getpid()
    return pid, started(pid) or 0.0


def is_alive(pid: int, pid_started: float) -> bool:
    """Return whether exactly this process still runs."""
    return started(pid) == pid_started


def autopsy(pid: int) -> str:
    """Return how a dead process ended, as far as the system still knows."""
    fields = _stat(pid)
    if fields is not None and fields[_STAT_STATE] in _DEAD_STATES:
        return describe_exit(os.waitstatus_to_exitcode(int(fields[_STAT_EXIT])))
    return t("the process died (killed, out of memory, or the machine restarted)")


def describe_exit(code: int) -> str:
    """Return a sentence for an exit code; a negative one is a signal, as in `subprocess`.

    Examples
    --------
    >>> describe_exit(-9)
    'the process died (signal 9: killed by somebody, or for lack of memory)'
    >>> describe_exit(3)
    'the process ended without a result (exit code 3)'
    """
    if code >= 0:
        return t("the process ended without a result (exit code {code})", code=code)
    known = _SIGNALS.get(-code)
    reason = t(known) if known else signal.strsignal(-code) or ""
    return t("the process died (signal {number}: {reason})", number=-code, reason=reason)


def spawn(
    settings: Settings, args: Sequence[str], log: Path, env: Mapping[str, str], nice: bool = False
) -> subprocess.Popen[bytes]:
    """Start one of our commands in a session of its own, so that it outlives this process.

    Parameters
    ----------
    args : sequence of str
        What follows `python -m core`.
    log : Path
        Where its output is appended.
    env : mapping
        What differs from this process's environment.
    nice : bool
        Let it give way to the dashboard.

    Raises
    ------
    StoreError
        If its log cannot be written, or the machine has no room for another process.
    """
    reap()
    try:
        with log.open("ab") as out:
            process = subprocess.Popen(
                [*settings.command, *args, "--workspace", str(settings.workspace)],
                cwd=ROOT,
                env={**os.environ, **env},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
    except OSError as error:
        raise from_os(error, Path(error.filename or settings.command[0])) from error
    if nice:
        _give_way(process.pid)
    with _spawned_lock:
        _spawned.append(process)  # dropping it would leave a zombie
    return process


def _give_way(pid: int) -> None:
    """Let the leader of a session wait wherever the dashboard wants the same core.

    Where Linux shares cores between sessions first (`sched_autogroup_enabled`, on by default), the
    nice value of a process counts inside its session only, so the session must be told as well.
    """
    nice = max(_JOB_NICE, os.getpriority(os.PRIO_PROCESS, pid))  # only root may take some away
    os.setpriority(os.PRIO_PROCESS, pid, nice)
    group = Path(f"/proc/{pid}/autogroup")
    if group.exists():
        try:
            group.write_text(str(nice))
        except OSError as error:  # a read-only /proc: the job runs, at the dashboard's expense
            _log.warning("process %d has the priority of the dashboard: %s", pid, error)


def reap() -> None:
    """Collect the exit codes of our dead children."""
    with _spawned_lock:
        _spawned[:] = [process for process in _spawned if process.poll() is None]


def peek(child: subprocess.Popen[bytes]) -> int | None:
    """Return a child's exit code, or None while it runs, without collecting it.

    Until it is collected its id cannot be given to another process, so its group can be ended.
    """
    if child.returncode is not None or not hasattr(os, "waitid"):
        return child.poll()
    try:
        found = os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:  # collected by `reap` in another thread a moment ago
        return child.poll()
    if found is None:
        return None
    return found.si_status if found.si_code == os.CLD_EXITED else -found.si_status


def end_group(pid: int, sig: signal.Signals) -> None:
    """Send a signal to a process and everything it started; nothing happens if it is gone."""
    try:
        os.killpg(pid, sig)
    except ProcessLookupError:  # not the leader of a group: a job run inside a command
        try:
            os.kill(pid, sig)
        except ProcessLookupError:
            return


def environment(settings: Settings) -> dict[str, str]:
    """Return what a process of ours must know of the settings that it cannot read itself."""
    return {
        "DESEMPATE_WEIGHTS": str(settings.weights.absolute()),
        "DESEMPATE_THREADS": str(settings.n_threads),
        "DESEMPATE_LANGUAGE": SOURCE,  # what they store is said again to whoever reads it
        "PYTHONUNBUFFERED": "1",
    }


def job_environment(settings: Settings) -> dict[str, str]:
    """Return the environment of a job: at most `n_threads` threads in every library."""
    n_threads = str(settings.n_threads)
    names = ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "NUMBA")
    return {
        **environment(settings),
        **{f"{name}_NUM_THREADS": n_threads for name in names},
        "TF_NUM_INTRAOP_THREADS": n_threads,
        "TF_NUM_INTEROP_THREADS": "1",
        "TF_CPP_MIN_LOG_LEVEL": "2",
    }


def _stat(pid: int) -> list[str] | None:
    """Return the fields of /proc/PID/stat after the name, which may hold spaces and brackets."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError, NotADirectoryError):
        return None
    return text.rpartition(")")[2].split()


@cache
def _boot() -> float:
    """Return a multiple of 2**33 for this boot; with the ticks of 2.7 years it fits 53 bits."""
    try:
        text = Path("/proc/sys/kernel/random/boot_id").read_bytes()
    except OSError:  # hidden in some sandboxes; the ticks alone must do
        return 0.0
    return float(int.from_bytes(hashlib.sha256(text).digest()[:2]) << 33)


def _started_by_ps(pid: int) -> float | None:
    found = subprocess.run(
        ["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    state, _, start = found.stdout.strip().partition(" ")
    if not start or state.startswith(_DEAD_STATES):
        return None
    digest = hashlib.sha256(" ".join(start.split()).encode()).digest()
    return float(int.from_bytes(digest[:6]))
