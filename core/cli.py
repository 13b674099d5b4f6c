"""The command line: the pages' twin. Stable, because scripts and notebooks rely on it.

With --json, stdout carries exactly one JSON object and progress goes to stderr. Exit status:
0 done, 2 bad input (one sentence on stderr), 1 any other failure. Sentences are English unless
--language or DESEMPATE_LANGUAGE says otherwise; options, keys and column names always are.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from core import cli_words
from core.cli_print import Failed, as_json, as_text
from core.errors import AppError, Conflict, InvalidInput, NotFound, NotReady
from core.language import SOURCE, languages, speaking
from core.settings import DEFAULT_BACKBONE

_BAD_INPUT = (InvalidInput, NotFound, NotReady, Conflict)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    try:
        args = build_parser().parse_args(argv)
    except InvalidInput as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    with speaking(args.language):
        return _run(args)


def _run(args: argparse.Namespace) -> int:
    try:
        module = import_module(args.module)  # only what this command needs
        result = getattr(module, args.function)(args)
    except AppError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2 if isinstance(error, _BAD_INPUT) else 1
    except KeyboardInterrupt:
        print("error: interrupted.", file=sys.stderr)
        return 1
    except BrokenPipeError:
        sys.stderr.close()  # the reader of a pipe went away: nobody is left to tell
        return 1
    if isinstance(result, int):
        return result
    if result is not None:
        print(as_json(result) if args.json else as_text(result))
    return 1 if isinstance(result, Failed) else 0


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of every command; each sets the module and function that run it."""
    parser = cli_words.Parser(prog="python -m core", description=__doc__, allow_abbrev=False)
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")
    common = cli_words.Parser(add_help=False)
    common.add_argument("--workspace", metavar="DIR", help="default: DESEMPATE_HOME")
    common.add_argument("--json", action="store_true", help="print one JSON object")
    asked = os.environ.get("DESEMPATE_LANGUAGE")
    common.add_argument(
        "--language",
        choices=list(languages()),
        default=asked if asked in languages() else SOURCE,
        help="of sentences; default: DESEMPATE_LANGUAGE, else en",
    )

    def command(
        name: str, function: str, text: str, module: str = "core.cli_commands"
    ) -> argparse.ArgumentParser:
        sub = subparsers.add_parser(
            name, parents=[common], help=text, description=text, allow_abbrev=False
        )
        sub.set_defaults(module=module, function=function)
        return sub

    _data_commands(command)
    _label_commands(command)
    _model_commands(command)
    _decision_commands(command)
    _answer_commands(command)
    _operation_commands(command)
    return parser


def _data_commands(command: Any) -> None:
    command("demo", "demo", "Build the demo: drawn rosebuds, imported and embedded.")
    sub = command("import", "import_", "Import images into a new data set.")
    sub.add_argument("source", help="folder, .zip, .csv, .parquet, builtin:NAME or keras:NAME")
    sub.add_argument("--name", required=True)
    sub.add_argument("--size-px", type=int, help="side of the cached squares; default: from images")
    sub.add_argument("--fit", choices=["crop", "pad", "stretch"], default="crop")
    sub.add_argument(
        "--shares", type=cli_words.shares, default=(0.7, 0.15, 0.15), metavar="TRAIN,VAL,TEST"
    )
    sub.add_argument("--seed", type=int, default=0)
    sub = command("embed", "embed", "Turn every image into a vector, once.")
    _dataset(sub, backbone=True)
    sub = command("explore", "explore", "How many classes are there? The evidence.")
    _dataset(sub, backbone=True)
    sub.add_argument("--k", type=cli_words.span, default=(1, None), metavar="1..20")
    sub.add_argument("--seed", type=int, default=0)
    sub = command("map", "map_", "Save a class map made by merging labels, or read or write one.")
    _dataset(sub)
    source = sub.add_mutually_exclusive_group()
    source.add_argument("--merge", action="append", default=[], metavar="A+B", type=cli_words.group)
    source.add_argument("--from", dest="source", metavar="FILE", help="save one from .json or .csv")
    source.add_argument("--to", metavar="FILE", help="write a saved one as .json or .csv")
    sub.add_argument("--class-map", metavar="M", help="which to write: id, name or name@version")
    sub.add_argument("--name", help="needed to save one, unless the file has a name")
    sub.add_argument("--why", default="")
    sub.add_argument("--who", default="")


def _label_commands(command: Any) -> None:
    text = "Reviews in and out, agreement, consensus, suspects, and what new labels are worth."
    sub = command("labels", "labels", text, "core.cli_labels")
    actions = ["import", "export", "suspects", "agreement", "consensus", "worth"]
    sub.add_argument("action", choices=actions)
    _dataset(sub)
    sub.add_argument("file", nargs="?", metavar="FILE", help=".csv, .parquet, Label Studio's .json")
    sub.add_argument("--labels", metavar="L", help="which label set to export, or to judge")
    sub.add_argument("--run", metavar="RUN", help="whose answers or recipe; default the best")
    sub.add_argument(
        "--seeds", type=cli_words.seeds, default=(0, 1, 2), metavar="0,1,2", help="of worth"
    )
    sub.add_argument("--source", metavar="QUEUE", help="agreement of the reviews from one queue")
    sub.add_argument(
        "--method", choices=["crowdlab", "dawid_skene", "majority"], default="crowdlab"
    )
    sub.add_argument("--name", default="consensus", help="of the label set that consensus saves")
    sub.add_argument("--who", default="", help="who asked for the consensus")
    sub.add_argument("--limit", type=int, metavar="N", help="print the N worst suspects only")


def _model_commands(command: Any) -> None:
    sub = command("train", "train", "Train one run a seed.")
    _dataset(sub, backbone=True)
    sub.add_argument("--algorithm", default="probe")
    sub.add_argument("--class-map", metavar="M", help="id, name or name@version")
    sub.add_argument("--labels", default="original", metavar="L", help="a label set; or original")
    sub.add_argument(
        "--pair", type=cli_words.pair, metavar="A,B", help="train an expert for these classes"
    )
    sub.add_argument("--seeds", type=cli_words.seeds, default=(0,), metavar="0,1,2")
    sub.add_argument("--epochs", type=int)
    sub.add_argument(
        "--option", action="append", default=[], metavar="NAME=VALUE", type=cli_words.option
    )
    sub.add_argument("--time-budget", type=float, default=0.0, metavar="MIN", help="for each run")
    sub.add_argument(
        "--dry-run", action="store_true", help="only say how long it would take, and if it fits"
    )
    sub = command("runs", "runs", "The runs and cascades of a data set.")
    _dataset(sub)
    sub.add_argument("--class-map", metavar="M", help="ask all about these classes; else its own")
    sub.add_argument("--labels", metavar="L", help="ask all by this label set; else its own")
    _split(sub)
    sub = command("compare", "compare", "Compare runs on the same images.")
    sub.add_argument("runs", nargs="+", metavar="RUN")
    _split(sub)
    text = "Would more training images help? The probe's learning curve, and a little beyond."
    sub = command("more-images", "more_images", text)
    _dataset(sub, backbone=True)
    sub.add_argument("--class-map", metavar="M", help="id, name or name@version")
    sub.add_argument("--labels", default="original", metavar="L", help="a label set; or original")
    sub = command("merges", "merges", "Which classes should be one? Confirmed on test images.")
    sub.add_argument("run_id", metavar="RUN")
    sub.add_argument(
        "--evidence",
        choices=["auto", "val", "crossval"],
        default="auto",
        help="choose on the run's validation answers, or on five-fold cross-validation of train "
        "and val, which sees more images; auto: crossval for heads on embeddings, else val",
    )
    sub.add_argument("--top", type=int, default=10, metavar="N", help="merges to show")
    sub.add_argument(
        "--order",
        choices=["itca", "cost"],
        default="itca",
        help="show the merges of the highest ITCA, or those that save most by the costs of "
        "mistakes entered on Decisions",
    )
    sub.add_argument("--ordinal", action="store_true", help="ordered classes: merge neighbours")
    sub.add_argument(
        "--retrain",
        metavar="MAP",
        help="also train the same recipe on this saved class map, and compare on test images",
    )
    sub.add_argument("--seed", type=int, default=0)
    sub = command("crossval", "crossval", "Answers of a run's recipe on images it has not seen.")
    sub.add_argument("run_id", metavar="RUN")
    sub.add_argument("--folds", type=int, default=5, metavar="N", help="trainings: 5")
    sub.add_argument("--over", choices=["train+val", "all"], default="train+val")
    text = "Build and test a cascade."
    sub = command("cascade", "cascade", text, "core.cli_cascade")
    sub.add_argument("--generalist", required=True, metavar="RUN")
    sub.add_argument("--expert", action="append", default=[], metavar="RUN")
    sub.add_argument(
        "--tau",
        type=cli_words.tau,
        default="auto",
        metavar="auto|each|X",
        help="auto: one for all, the best on validation; each: the best of each expert",
    )
    sub.add_argument(
        "--rule",
        choices=["confidence", "learned"],
        default="confidence",
        help="ask where the generalist doubts, or where a gain is expected",
    )
    sub.add_argument("--person", type=float, metavar="P", help="ask a person below this confidence")
    sub.add_argument("--max-error", type=float, metavar="E", help="promise: at most so many wrong")
    sub.add_argument("--confidence", type=float, default=0.95, metavar="C", help="of the promise")
    sub.add_argument("--second", metavar="RUN", help="the second generalist of the control")


def _decision_commands(command: Any) -> None:
    own = "core.cli_decisions"
    text = "What is proposed (class maps, cascades), who decided what, and what changed since."
    sub = command("decisions", "decisions", text, own)
    _dataset(sub)
    text = "Approve, decline or comment on a proposal; nothing that was decided is changed."
    sub = command("decide", "decide", text, own)
    sub.add_argument("proposal", metavar="PROPOSAL", help="the id of a class map or a cascade")
    action = sub.add_mutually_exclusive_group(required=True)
    for name in ("approve", "decline", "comment", "withdraw"):
        action.add_argument(f"--{name}", dest="action", action="store_const", const=name)
    sub.add_argument("--name", required=True, help="who decides")
    sub.add_argument("--why", default="", metavar="TEXT", help="needed to decline and to comment")


def _answer_commands(command: Any) -> None:
    answers = "core.cli_answers"
    text = "Predict image files with a run, a cascade, an extended model or an exported folder."
    sub = command("predict", "predict", text, answers)
    sub.add_argument("model", metavar="MODEL", help="an id, or the folder that export wrote")
    sub.add_argument("files", nargs="+", metavar="FILE")
    text = "Write a model into a folder that answers elsewhere, without a workspace."
    sub = command("export", "export", text, answers)
    sub.add_argument("model", metavar="MODEL", help="a run, a cascade or an extended model")
    sub.add_argument("--to", required=True, metavar="DIR", help="new, or empty")
    text = "Ask an exported folder its recorded examples again; status 1 if an answer differs."
    sub = command("verify", "verify", text, answers)
    sub.add_argument("folder", metavar="DIR")
    text = "Teach a one-shot network one more class from a few images, without training."
    sub = command("extend", "extend", text, answers)
    sub.add_argument("model", metavar="RUN", help="a run, or a model that extend made")
    sub.add_argument("--class", dest="class_name", required=True, metavar="NAME")
    sub.add_argument("files", nargs="+", metavar="IMAGE", help="1 to 50 that show the new class")
    sub = command("predictions", "predictions", "Write a run's probabilities to a file.", answers)
    sub.add_argument("run_id", metavar="RUN")
    sub.add_argument("--to", required=True, metavar="FILE", help=".csv or .parquet")
    text = "Take in what a model trained elsewhere said of the held-out images, as a run."
    sub = command("add-predictions", "add_predictions", text, answers)
    _dataset(sub)
    sub.add_argument("file", metavar="FILE", help=".csv or .parquet: image, p_CLASS for each class")
    sub.add_argument("--name", required=True, help="what the model is called")
    sub.add_argument("--class-map", metavar="M", help="whose classes the columns are")
    sub.add_argument("--labels", default="original", metavar="L", help="what it is measured by")
    sub.add_argument("--seed", type=int, default=0)
    sub.add_argument("--parameters", type=int, metavar="N", help="how many it has, if known")
    sub.add_argument("--training-s", type=float, metavar="S", help="how long it learned")
    sub.add_argument("--ms-per-image", type=float, metavar="MS", help="how long it takes to answer")
    text = "Write the report: the story, its pictures, the decisions, every figure's source."
    sub = command("report", "report", text, "core.cli_report")
    _dataset(sub)
    sub.add_argument("--to", required=True, metavar="FILE", help=".html, .md or .json")
    sub.add_argument("--format", choices=["html", "markdown", "json"], help="else from the name")
    sub = command("mirror", "mirror", "Mirror a data set's runs to MLflow, those it lacks.")
    _dataset(sub)


def _operation_commands(command: Any) -> None:
    sub = command("jobs", "jobs", "List background jobs, cancel one, or run one again.")
    sub.add_argument("action", choices=["list", "cancel", "retry"])
    sub.add_argument("job", nargs="?", metavar="ID")
    sub = command("worker", "worker", "Hand out queued jobs; ends when idle.", "core.cli_jobs")
    sub.add_argument("--idle-exit-s", type=float, default=60.0)
    sub = command("job-exec", "job_exec", "Run one job; the worker calls this.", "core.cli_jobs")
    sub.add_argument("job", metavar="ID")
    sub.add_argument("--fence", type=int, required=True)
    command("doctor", "doctor", "What is in this workspace, and does it work here?")


def _dataset(sub: argparse.ArgumentParser, *, backbone: bool = False) -> None:
    sub.add_argument("dataset", metavar="DATASET", help="name or id")
    if backbone:
        sub.add_argument("--backbone", default=DEFAULT_BACKBONE)


def _split(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--split", choices=["val", "test"], default="test")
