"""The report of a data set, written to a file."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from core.services.data import datasets
from core.services.reports import writing
from core.services.workspace import open_workspace


def report(args: argparse.Namespace) -> dict[str, Any]:
    """Write the report of a data set."""
    ws = open_workspace(args.workspace)
    dataset = datasets.get_dataset(ws, args.dataset)
    kind = {"markdown": "md"}.get(args.format, args.format)
    return writing.write_report(ws, dataset.id, Path(args.to), kind=kind, language=args.language)
