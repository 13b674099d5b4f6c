"""Work on the labels: who reviewed how much, how far people agree, and what was made of it."""

from __future__ import annotations

from typing import Any

from core.language import t, tn
from core.language.text import NONE, date
from core.records import Dataset, LabelSet
from core.services.labels import label_sets, label_work, settling
from core.services.reports.blocks import Block, Section, Table, Text
from core.services.reports.figures import Figures
from core.store.database import Workspace


def section(ws: Workspace, dataset: Dataset, figures: Figures) -> Section:
    """Tell how the labels were checked."""
    found = label_work.agreement(ws, dataset.id)
    blocks: list[Block] = []
    if not found["n_reviews"]:
        blocks.append(
            Text(
                t(
                    "Nobody has reviewed labels yet, so all figures go by the labels of the "
                    "import, wrong ones included."
                )
            )
        )
    else:
        blocks += [_agreement(figures, dataset, found), _people(figures, dataset, found)]
    sets = label_sets.list_label_sets(ws, dataset.id)
    if sets:
        head = [
            t("label set"),
            t("id"),
            t("method"),
            t("made by"),
            t("made on"),
            t("labels changed"),
        ]
        rows = []
        for one in sets:
            n_changed = figures.add(
                f"label_set.{one.id}.n_changed",
                len(label_sets.changes(ws, dataset.id, label_sets.ORIGINAL, one.id)),
                "count",
                n=dataset.n_images,
                sources=(one.id,),
            )
            rows.append(
                [
                    f"{one.name}@{one.version}",
                    one.id,
                    _method(one),
                    one.who or "–",
                    date(one.created_at),
                    figures.text(n_changed, ","),
                ]
            )
        caption = t("Label sets; the labels of the import are never rewritten.")
        blocks.append(Table(caption, head, rows, first_number=5))
    return Section("labels", t("The labels, and who checked them"), blocks)


def _method(its: LabelSet) -> str:
    """Return how a label set was made, as a person calls it."""
    name = str(its.origin.get("method", NONE))
    return t(settling.TITLES.get(name, name))


def _agreement(figures: Figures, dataset: Dataset, found: dict[str, Any]) -> Block:
    its = found["agreement"]
    for name in ("n_reviews", "n_images", "n_reviewers"):
        figures.add(f"agreement.{name}", found[name], "count", sources=(dataset.id,))
    alpha = figures.add(
        "agreement.alpha",
        its["alpha"],
        "number",
        its["alpha_ci"],
        n=its["n_images"],
        sources=(dataset.id,),
    )
    said = {
        "answers": tn(
            "{n:,} answer", "{n:,} answers", found["n_reviews"],
            n=figures.number("agreement.n_reviews"),
        ),
        "people": tn(
            "{n:,} reviewer", "{n:,} reviewers", found["n_reviewers"],
            n=figures.number("agreement.n_reviewers"),
        ),
        "images": tn(
            "{n:,} image", "{n:,} images", found["n_images"],
            n=figures.number("agreement.n_images"),
        ),
    }  # fmt: skip
    if its["alpha"] is None or its["alpha_ci"] is None:
        return Text(
            t(
                "{people} gave {answers} about {images}, too few by two people on one image to say "
                "how far they agree.",
                **said,
            )
        )
    return Text(
        t(
            "{people} gave {answers} about {images}. Krippendorff's alpha is {alpha:.2f} "
            "({low:.2f} to {high:.2f}): 0 is what chance gives, 1 is full agreement. Answers by "
            "people who had seen the given label are left out of it.",
            alpha=figures.number(alpha),
            low=figures.number(alpha, "low"),
            high=figures.number(alpha, "high"),
            **said,
        )
    )


def _people(figures: Figures, dataset: Dataset, found: dict[str, Any]) -> Block:
    rows = []
    for number, person in enumerate(found["reviewers"]):
        n_reviews = figures.add(
            f"reviewer.{number}.n_reviews", person["n_reviews"], "count", sources=(dataset.id,)
        )
        share = figures.add(
            f"reviewer.{number}.share",
            person["share"],
            "share",
            person["share_ci"],
            n=person["n_images"],
            sources=(dataset.id,),
        )
        rows.append(
            [
                person["reviewer"],
                figures.text(n_reviews, ","),
                figures.text(share, ".1%"),
            ]
        )
    caption = t("Reviewers, and how often each agrees with another on the same image.")
    return Table(caption, [t("reviewer"), t("answers"), t("agrees with others")], rows)
