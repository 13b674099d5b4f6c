"""The forms that start an import: upload, a path on this machine, or a built-in source."""

from __future__ import annotations

from pathlib import PurePath
from typing import Literal

import streamlit as st

from core.language import figure, phrase, t
from core.services.data import importing, uploads
from core.services.workspace import Workspace
from pages.ui import messages, pickers, state

JOB = "import-job"  # the draft that holds the id of the import this session started
_WAYS = {
    "upload": phrase("Upload a file"),
    "path": phrase("A path on this machine"),
    "builtin": phrase("Built-in"),
}
_SIZES = (None, 32, 64, 96, 128, 160, 192, 224)
Fit = Literal["crop", "pad"]
_FITS: dict[Fit, str] = {"crop": phrase("crop"), "pad": phrase("pad")}
_CHUNK_BYTES = 1 << 20
_ARCHIVE = phrase(
    "Class folders: `Rose/01.jpg`, `Tulip/02.jpg`, … (a folder around them is fine). The same in "
    "`train`, `val` and `test` keeps those splits. Or one list with its images: a CSV or "
    "Parquet file with the columns `path` and `label`."
)
_LIST = phrase(
    "A list has the columns `path`, `label` and, if you like, `split` (train, val, test) and "
    "`group` (images that must stay in one split); its images lie beside it or below."
)


def draw(ws: Workspace, first: str = "upload") -> None:
    """Draw the choice of ways and the form of the chosen one."""
    way = pickers.words(t("Images from"), _WAYS, "from", default=first)
    if way == "builtin":
        _builtin(ws)
    elif way == "path":
        _path(ws)
    else:
        _upload(ws)


def _upload(ws: Workspace) -> None:
    """Draw the form that takes a file from the browser."""
    with st.form("import-upload"):
        file = st.file_uploader(
            t("Zip of class folders, or of a list and its images"), type=["zip"]
        )
        st.caption(t(_ARCHIVE))
        name, options = _name("upload"), _options("upload")
        sent = st.form_submit_button(t("Import"), type="primary", icon=":material/upload:")
    if sent and file is None:
        st.warning(t("Choose a file first."), icon=":material/upload_file:")
    elif sent and file is not None:
        with messages.guard():
            chunks = iter(lambda: file.read(_CHUNK_BYTES), b"")
            path = uploads.save_upload(ws, file.name, chunks)
            _submit(ws, path, name or _stem(file.name), options)


def _path(ws: Workspace) -> None:
    """Draw the form that names a folder or a file of the machine that runs the product."""
    with st.form("import-path"):
        source = st.text_input(
            t("Folder, .zip, .csv or .parquet"),
            placeholder="/data/roses",
            help=t("A folder that holds one folder a class; read where this product runs."),
        )
        st.caption(t(_LIST))
        name, options = _name("path"), _options("path")
        sent = st.form_submit_button(
            t("Import"), type="primary", icon=":material/drive_folder_upload:"
        )
    if sent and not source.strip():
        st.warning(t("Name a folder or a file first."), icon=":material/folder_open:")
    elif sent:
        with messages.guard():
            _submit(ws, source.strip(), name or _stem(source.strip()), options)


def _builtin(ws: Workspace) -> None:
    """Draw a card for each built-in source."""
    with st.grid(2):
        for source, title, sentence in importing.builtin_sources():
            with st.form(f"import-{source}", height="stretch"):
                st.markdown(f"**{title}**")
                st.caption(sentence + ".")
                name = _name(source, source.partition(":")[2])
                if st.form_submit_button(t("Import"), icon=":material/download:"):
                    with messages.guard():
                        _submit(ws, source, name, importing.ImportOptions())


def _name(form: str, default: str = "") -> str:
    """Draw the name field."""
    name: str = st.text_input(
        t("Name of the data set"),
        value=default,
        key=f"import-name-{form}",
        max_chars=64,
        placeholder="roses-2026",
        help=t("Letters, digits, spaces, dots and dashes."),
    )
    return name.strip()


def _options(form: str) -> importing.ImportOptions:
    """Draw what a person rarely changes."""
    usual = importing.ImportOptions()
    with st.expander(t("Options"), icon=":material/tune:"):
        size_px = st.selectbox(
            t("Side of the cached images"),
            _SIZES,
            format_func=lambda s: t("from the images' own sizes") if s is None else f"{s} px",
            key=f"import-size-{form}",
            help=t("Models see square images of this side; the originals are kept as they are."),
        )
        fit: Fit = st.radio(
            t("Images that are not square"),
            list(_FITS),
            format_func=lambda fit: t(_FITS[fit]),
            captions=[t("keep the centre square"), t("keep everything, add borders")],
            horizontal=True,
            key=f"import-fit-{form}",
            help=t("Models see squares. If what matters may lie at an edge, keep everything."),
        )
        share = st.select_slider(
            t("Images for training, the rest half for validation and half for test"),
            [0.5, 0.6, 0.7, 0.8, 0.9],
            value=usual.shares[0],
            format_func=lambda share: figure(share, ".0%"),
            key=f"import-share-{form}",
            help=t("Used where the source names no split itself. Every class is split alike."),
        )
        seed = st.number_input(
            t("Seed of the splits"),
            0,
            9999,
            usual.seed,
            key=f"import-seed-{form}",
            help=t("The same images with the same seed are split alike, on every machine."),
        )
    return importing.ImportOptions(size_px, fit, _shares(float(share)), int(seed))


def _shares(train: float) -> tuple[float, float, float]:
    """Return (train, val, test) with the rest halved."""
    rest = round((1 - train) / 2, 6)
    return train, rest, rest


def _stem(file: str) -> str:
    """Return a file's name without folder and ending, the default name of the data set."""
    return PurePath(file).stem


def _submit(ws: Workspace, source: str, name: str, options: importing.ImportOptions) -> None:
    """Start the import, remember its job, and show its progress in the next run."""
    state.set_draft(JOB, importing.submit_import(ws, source, name, options))
    st.rerun()
