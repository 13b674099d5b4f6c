"""What a web process does, run in a fresh Python: `python web_process.py WORKSPACE`.

Imports every module a web process may import and runs app.py on every page in the workspace. An
audit hook sees each connection and name look-up, also those made in C. Prints one JSON object.
"""

from __future__ import annotations

import importlib
import json
import logging
import pkgutil
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
_LOOK_OUTSIDE = ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto")
_SLOW_TO_START_S = 20


def main(workspace: str) -> dict[str, Any]:
    """Return what was loaded, which connections were tried, and what pages showed as errors."""
    outside: list[str] = []

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if event in _LOOK_OUTSIDE:
            told = [a for a in arguments if isinstance(a, str | bytes | int | tuple)]
            outside.append(f"{event}{told}")
            raise ConnectionRefusedError(f"{event}: the network is off in this test")

    sys.addaudithook(watch)
    modules = import_web_modules()
    pages = {page.stem: walk(page) for page in sorted((ROOT / "pages").glob("*.py"))}
    return {
        "modules": modules,
        "pages": pages,
        "outside": outside,
        "loaded": sorted({name.partition(".")[0] for name in sys.modules}),
    }


def import_web_modules() -> list[str]:
    """Import pages.ui and core.services with everything in them; return the names."""
    names = []
    for package in ("pages.ui", "core.services", "core.analysis", "core.models", "core.jobs"):
        folder = importlib.import_module(package).__path__
        names += [package, *(m.name for m in pkgutil.walk_packages(folder, f"{package}."))]
    for name in names:
        if not name.endswith("__main__"):
            importlib.import_module(name)
    return names


def walk(page: Path) -> list[str]:
    """Run app.py on one page; return the exceptions that it showed."""
    from streamlit.testing.v1 import AppTest

    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=_SLOW_TO_START_S).run()
    app.switch_page(f"pages/{page.name}").run()
    return [f"{e.message}" for e in app.exception]


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    import os

    os.environ["DESEMPATE_HOME"] = sys.argv[1]
    print("\n" + json.dumps(main(sys.argv[1])))  # noqa: T201
