"""Pieces of the Predict page: which image, who answered, and what lies near it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st
from numpy.typing import NDArray

from core.language import phrase, t, text, tn
from core.records import CascadeRecord, Dataset, Run
from core.services.classes import mapping
from core.services.data import datasets, placing
from core.services.runs import predicting, training
from core.services.workspace import Workspace
from pages.parts.predict_source import Asked
from pages.ui import cached, charts, gallery, messages, scatter

_HOW = {
    "PCA": phrase("it is projected exactly as they were."),
    "UMAP": phrase("it lies among its nearest neighbours, however unlike them it may be."),
}


def truth_of(ws: Workspace, model: CascadeRecord | Run, label: str) -> str:
    """Return the class that a label has under the model's class map."""
    run = model if isinstance(model, Run) else training.get_run(ws, model.generalist)
    class_map = mapping.get_class_map(ws, run.dataset_id, run.class_map_id)
    return class_map.class_of[class_map.labels.index(label)]


def ask(ws: Workspace, model_id: str, asked: Asked) -> dict[str, Any]:
    """Return what the model says about the image."""
    with st.spinner(t("Looking at the image …")):
        if isinstance(asked, int):
            return predicting.predict_known(ws, model_id, [asked])[0]
        return predicting.predict(ws, model_id, [(asked.name, asked.getvalue())])[0]


def answer(
    ws: Workspace,
    dataset: Dataset,
    model: CascadeRecord | Run,
    asked: Asked,
    found: Mapping[str, Any],
) -> None:
    """Draw the image, what was answered, by whom, and how sure."""
    shown, said = st.columns([2, 3])
    with shown:
        truth = _picture(ws, dataset, model, asked)
    with said:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.subheader(messages.plain(found["class"]), anchor=False, width="content")
            if truth is not None:
                right = truth == found["class"]
                st.badge(
                    t("as labelled") if right else t("labelled {name}", name=messages.plain(truth)),
                    icon=":material/check:" if right else ":material/close:",
                    color="green" if right else "red",
                )
        st.metric(
            t("Confidence"),
            text.percent(found["confidence"]),
            help=t(
                "The calibrated probability of the answer, for this one image: of many answers "
                "given with this confidence, about this share is right."
            ),
        )
    for line in story(found, model if isinstance(model, CascadeRecord) else None):
        st.markdown(f"- {line}")
    classes = list(found["probabilities"])
    st.plotly_chart(
        charts.probabilities(classes, list(found["probabilities"].values())),
        key="predict-probabilities",
        config={"displayModeBar": False},
        alt=t("Probability of each class"),
    )


def story(found: Mapping[str, Any], cascade: CascadeRecord | None) -> list[str]:
    """Return who said what, in order: the generalist, the threshold, the expert, a person."""
    first = found["generalist"]
    said = {"name": messages.plain(first["class"]), "confidence": first["confidence"]}
    if cascade is None:
        return [
            t(
                "The model says **{name}** with {confidence:.1%}; it is no cascade, so nobody else "
                "is asked.",
                **said,
            )
        ]
    lines = [
        t("The generalist says **{name}** with {confidence:.1%}.", **said),
        _deferral(found, cascade),
    ]
    if found["deferred"]:
        expert = found["expert"]
        lines.append(
            t(
                "The expert ({run}) says **{name}** with {confidence:.1%}.",
                run=messages.plain(expert["run"]),
                name=messages.plain(expert["class"]),
                confidence=expert["confidence"],
            )
        )
    if found["route"] == "person":
        lines.append(
            t(
                "The answer's confidence is below {person:.1%}: it is left to **a person**.",
                person=cascade.plan["person"],
            )
        )
    return lines


def _deferral(found: Mapping[str, Any], cascade: CascadeRecord) -> str:
    """Say whether an expert is asked, and why."""
    if cascade.plan["rule"] == "learned":
        if found["deferred"]:
            return t("An expert is expected to know better: the image is **deferred**.")
        return t("No expert is expected to know better: the answer is **kept**.")
    taus = cascade.plan["taus"]
    if found["deferred"]:
        return t(
            "That is below the threshold of {tau:.1%}, and its two best classes have an expert: "
            "the image is **deferred**.",
            tau=taus[cascade.experts.index(found["expert"]["run"])],
        )
    if found["generalist"]["confidence"] >= max(taus):
        return t(
            "That is not below the threshold of {tau:.1%}: the answer is **kept**.", tau=max(taus)
        )
    return t("Its two best classes have no expert who is asked here: the answer is **kept**.")


def neighbours(
    ws: Workspace, dataset: Dataset, near: Sequence[tuple[int, float]], asked: Asked
) -> None:
    """Draw the nearest images of the data set, by cosine similarity of their embeddings."""
    st.markdown(t("**Nearest images of the data set**"))
    shown = [(position, cosine) for position, cosine in near if position != asked]
    gallery.gallery(
        ws,
        dataset,
        [position for position, _ in shown],
        "predict-neighbours",
        subs=[t("cosine {cosine:.2f}", cosine=cosine) for _, cosine in shown],
        empty=t("The images have no embeddings yet; make them on the Explore page."),
    )


@st.fragment
def on_the_map(ws: Workspace, dataset: Dataset, model: CascadeRecord | Run, asked: Asked) -> None:
    """Draw the map of the data set with the image on it; what is on it does not move."""
    with messages.guard():
        st.markdown(t("**Where it lies on the map**"))
        run = model if isinstance(model, Run) else training.get_run(ws, model.generalist)
        backbone = placing.map_backbone(ws, run)
        if backbone is None:
            st.caption(t("There is no map yet: make the embeddings on the Explore page first."))
            return
        _, drawn = cached.plane(ws, dataset.id, backbone, "umap")
        plane = scatter.choose_plane("predict_plane") if drawn else "PCA"
        points, _ = cached.plane(ws, dataset.id, backbone, plane.lower())
        labels = list(cached.images(ws, dataset.id)["label"])
        scatter.scatter(
            ws,
            dataset,
            points,
            (labels, dataset.labels),
            f"predict-map-{dataset.id}-{backbone}-{plane}",
            alt=t("{plane} map of the embeddings with the image asked about", plane=plane),
            marks=[(t("this image"), _place(ws, dataset, backbone, plane, points, asked))],
            selectable=False,
        )
        st.caption(
            tn(
                "The ring is this image among the {n:,} image of the data set, all splits, "
                "coloured by label; {how}",
                "The ring is this image among the {n:,} images of the data set, all splits, "
                "coloured by label; {how}",
                len(points),
                how=t(_HOW[plane]),
            )
        )


def _place(
    ws: Workspace,
    dataset: Dataset,
    backbone: str,
    plane: str,
    points: NDArray[Any],
    asked: Asked,
) -> list[float]:
    """Return where the image lies on the plane, (x, y)."""
    if isinstance(asked, int):
        return [float(v) for v in points[asked]]
    files = [(asked.name, asked.getvalue())]
    vectors = predicting.embed_files(ws, dataset.id, backbone, files)
    (place,) = placing.place(ws, dataset.id, vectors, backbone, kind=plane.lower())
    return [float(v) for v in place]


def _picture(
    ws: Workspace, dataset: Dataset, model: CascadeRecord | Run, asked: Asked
) -> str | None:
    """Draw the image; return its true class under the model's class map, None for an upload."""
    if not isinstance(asked, int):
        st.image(
            asked.getvalue(), caption=messages.plain(asked.name), alt=t("The image asked about")
        )
        return None
    row = cached.images(ws, dataset.id).iloc[asked]
    picture = datasets.picture(ws, str(row["image_id"]))
    st.image(picture, caption=messages.plain(str(row["path"])), alt=t("The image asked about"))
    return truth_of(ws, model, str(row["label"]))
