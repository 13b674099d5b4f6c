"""A dashboard of our own on a free port, and the browser of this machine."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_START_S = 90


class BrowserMissing(RuntimeError):
    """No Chromium on this machine."""


def find_chromium() -> str:
    """Return the path of Chromium: DESEMPATE_CHROMIUM, or the first known name on PATH."""
    named = os.environ.get("DESEMPATE_CHROMIUM")
    if named and shutil.which(named):
        return named
    if named:
        raise BrowserMissing(f"DESEMPATE_CHROMIUM={named} cannot be run; set it to a Chromium.")
    for name in BROWSERS:
        if path := shutil.which(name):
            return path
    raise BrowserMissing(
        "The browser tests found no Chromium: install chromium or set DESEMPATE_CHROMIUM to one."
    )


class Server:
    """One `streamlit run app.py` on 127.0.0.1 with its own workspace; what it printed is kept.

    Parameters
    ----------
    workspace : Path
        The workspace folder that the dashboard opens.
    """

    def __init__(self, workspace: Path) -> None:
        self.workspace = workspace
        self.url = f"http://127.0.0.1:{_free_port()}"
        self.printed: list[str] = []
        self._ready = threading.Event()
        self._process = self._start()

    def _start(self) -> subprocess.Popen[str]:
        port = self.url.rpartition(":")[2]
        process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", self._app(), "--server.port", port],
            cwd=ROOT,
            env={**os.environ, **self._environment()},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, args=(process,), daemon=True)
        self._reader.start()
        if not self._ready.wait(_START_S):
            process.kill()
            raise RuntimeError("the dashboard did not start:\n" + self.output())
        return process

    def _app(self) -> str:
        return "app.py"

    def _environment(self) -> dict[str, str]:
        home = str(self.workspace)
        return {"PYTHONPATH": str(ROOT), "DESEMPATE_HOME": home, "NO_COLOR": "1"}

    def _read(self, process: subprocess.Popen[str]) -> None:
        with process.stdout as lines:  # type: ignore[union-attr]  # it is a pipe
            for line in lines:
                self.printed.append(line)
                if "URL:" in line:  # Streamlit prints its address when it listens
                    self._ready.set()

    @property
    def pid(self) -> int:
        """Process id of the dashboard."""
        return self._process.pid

    def start_again(self) -> None:
        """Start on the same address after `stop`."""
        self._ready.clear()
        self._process = self._start()

    def output(self) -> str:
        """Return everything the server printed so far."""
        return "".join(self.printed)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Send a signal and wait until the process is gone; jobs have sessions of their own."""
        self._process.send_signal(how)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(20)
        self._reader.join(20)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
