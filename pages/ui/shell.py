"""The frame around every page: navigation, the data set picker, and the jobs in the sidebar.

`pages/` beside app.py is also Streamlit's old page folder: on a freshly started server a deep
link runs the page file without app.py. `enter` notices, runs app.py instead, and stops, so that
the right page shows in the right frame with its query (docs/adr: flat pages with hand-over).
"""

from __future__ import annotations

import runpy
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from core.language import SOURCE, ask_for_language, current, languages, t
from core.records import Dataset
from core.services.data import datasets
from core.services.workspace import Workspace
from pages.ui import job_panel, messages, resources, state, tour

ROOT = Path(__file__).resolve().parents[2]
LOGO = Path(__file__).with_name("assets") / "logo.svg"
WORDMARK = LOGO.with_name("wordmark.svg")
FRAME = LOGO.with_name("frame.css")
HOME = "pages/overview.py"


@dataclass(frozen=True)
class Route:
    """One page: the file's stem is its address, the title a marked sentence."""

    stem: str
    title: str
    icon: str


@dataclass(frozen=True)
class Frame:
    """What the frame found: the workspace, and the current data set if there is one."""

    ws: Workspace
    dataset: Dataset | None
    page: str  # the stem of its file


@dataclass(frozen=True)
class Context:
    """What a page works on: the workspace and the current data set."""

    ws: Workspace
    dataset: Dataset


ask_for_language(state.language)
_SPOKEN = st.components.v2.component(
    "desempate_language", js=LOGO.with_name("language.js").read_text()
)
_frame: ContextVar[Frame | None] = ContextVar("frame", default=None)


def run(routes: Mapping[str, Sequence[Route]]) -> None:
    """Draw the frame and run the page that the address names; all that app.py does."""
    st.set_page_config(page_icon=str(LOGO), layout="wide")
    st.logo(str(WORDMARK), size="large", icon_image=str(LOGO))
    st.html(FRAME)
    state.apply_later()
    with st.sidebar:
        top = st.container()  # below it the language, which must be known before any sentence
        _pick_language()
    pages = {r.stem: _page(r) for rows in routes.values() for r in rows}
    page = st.navigation({str(t(s)): [pages[r.stem] for r in rows] for s, rows in routes.items()})
    stem = next(stem for stem, one in pages.items() if one == page)
    with messages.guard():
        ws = resources.workspace()
        with top:
            dataset = _pick_dataset(ws)
            job_panel.sidebar(ws)
        if sentence := state.take_flash():
            st.toast(messages.inline(sentence), icon=":material/check_circle:")
        token = _frame.set(Frame(ws, dataset, stem))
        try:
            page.run()
        finally:
            _frame.reset(token)


def _page(route: Route) -> StreamlitPage:
    return st.Page(
        ROOT / "pages" / f"{route.stem}.py",
        title=t(route.title),
        icon=f":material/{route.icon}:",
        default=route.stem == Path(HOME).stem,
    )


def enter(title: str, lead: str) -> Context:
    """Begin a page that needs a data set; without one, say so, point the way, and stop.

    Parameters
    ----------
    title : str
        The page's heading.
    lead : str
        One sentence under it: the question this page answers.
    """
    ws, dataset = enter_without_dataset(title, lead)
    if dataset is None:
        nothing_yet(
            t("There is no data set in this workspace yet."),
            t("Import your images or build the demo on the overview; it takes a minute or two."),
            HOME,
            t("Go to the overview"),
        )
    return Context(ws, dataset)


def enter_without_dataset(title: str, lead: str) -> tuple[Workspace, Dataset | None]:
    """Begin a page that also makes sense in an empty workspace."""
    frame = _frame.get()
    if frame is None:
        runpy.run_path(str(ROOT / "app.py"), run_name="__main__")
        st.stop()
    st.title(title, anchor=False)
    st.caption(lead)
    if frame.dataset is not None:
        tour.show(frame.page)
    return frame.ws, frame.dataset


def nothing_yet(
    what: str,
    todo: str,
    page: str | None = None,
    link: str | None = None,
    params: Mapping[str, str] | None = None,
) -> NoReturn:
    """Show an empty state: what is missing, what to do, one link; then stop the page."""
    missing(what, todo, page, link, params)
    st.stop()


def missing(
    what: str,
    todo: str,
    page: str | None = None,
    link: str | None = None,
    params: Mapping[str, str] | None = None,
) -> None:
    """Show the same card as `nothing_yet`, and let the page go on."""
    with st.container(border=True):
        st.markdown(f"**{what}**")
        st.write(todo)
        if page is not None:
            st.page_link(page, label=link, icon=":material/arrow_forward:", query_params=params)


def _pick_language() -> None:
    """Draw the picker, bound to `?language=`; an address that names none has the browser's."""
    names = languages()
    browsers = (st.context.locale or "").partition("-")[0]
    st.segmented_control(
        t("Language"),
        list(names),
        format_func=names.__getitem__,
        default=browsers if browsers in names else SOURCE,
        key=state.LANGUAGE_KEY,
        bind="query-params",
        required=True,
        label_visibility="collapsed",
    )
    _SPOKEN(key="spoken-language", data={"language": current()})


def _pick_dataset(ws: Workspace) -> Dataset | None:
    """Draw the picker, bound to `?dataset=`; return what is chosen, None in an empty workspace."""
    by_name = {d.name: d for d in datasets.list_datasets(ws)}
    names = list(by_name)
    if not names:
        return None
    state.choose_once(state.DATASET_KEY, names[0])
    # index=None: a default would be left out of the address, and a shared link would then follow
    # whatever data set is the newest.
    st.caption(t("Data set"))
    name = st.selectbox(
        t("Data set"),
        names,
        index=None,
        key=state.DATASET_KEY,
        bind="query-params",
        required=True,
        label_visibility="collapsed",
    )
    if name is None:  # the address names a data set that is not here
        state.choose_dataset(names[0])
        st.rerun()
    return by_name[name]
