"""`cascade`: build a cascade, choose its thresholds, measure it, and save it."""

from __future__ import annotations

import argparse
from typing import Any

from core.analysis.cascades.routes import Thresholds
from core.errors import InvalidInput
from core.services.cascades import guaranteeing, members, saving
from core.services.runs.training import get_run
from core.services.workspace import open_workspace

Result = dict[str, Any]


def cascade(args: argparse.Namespace) -> Result:
    """Build, test and save a cascade.

    Raises
    ------
    InvalidInput
        If a person's threshold and a promise are both given.
    """
    ws = open_workspace(args.workspace)
    if args.person is not None and args.max_error is not None:
        raise InvalidInput(
            "a promise chooses the confidence below which a person is asked",
            expected="--person or --max-error",
            received="both",
        )
    its = members.load(ws, args.generalist, args.expert, args.rule)
    taus = {"auto": (its.best_tau,) * len(its.experts), "each": its.best_taus}
    chosen = taus.get(args.tau) if isinstance(args.tau, str) else (args.tau,) * len(its.experts)
    thresholds = Thresholds(chosen or (), args.person or 0.0)
    promise = None
    if args.max_error is not None:
        promise = guaranteeing.promise(ws, its, thresholds.taus, args.max_error, args.confidence)
        thresholds = promise.thresholds or thresholds
    saved = saving.save(
        ws,
        its,
        thresholds,
        tau_from="validation" if isinstance(args.tau, str) else "hand",
        promise=promise,
        second=get_run(ws, args.second) if args.second else None,
    )
    return {
        "cascade": saved.id,
        "generalist": saved.generalist,
        "experts": list(saved.experts),
        "rule": its.rule,
        "tau": saved.tau,
        "taus": list(thresholds.taus),
        "tau_from": saved.tau_from,
        "person": thresholds.person,
        **saved.report,
        "guarantee": promise.summary() if promise else None,
    }
