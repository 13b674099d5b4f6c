"""The sliders of a cascade, live while they move: the browser counts from what is sent once.

On release the thresholds come to Python and into the address; everything else on the page follows
from them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import streamlit as st

from core.analysis.cascades import routes
from core.analysis.cascades.routes import Thresholds
from core.language import current
from core.services.cascades.members import Members
from pages.parts import cascade_words
from pages.ui import state

TAU, PERSON = "tau", "person"  # query parameters
_ASSETS = Path(__file__).with_name("assets")
_MATRIX = Path(__file__).parents[1] / "ui/assets/matrix.css"
_KEPT = ["keeps", "true", "said", "n"]
_OWNED = ["pair", "first", "keeps", "expert_keeps", "true", "before", "after"]

_DESK = st.components.v2.component(
    "desempate_cascade",
    html="<div class='root' role='group'>\n</div>",
    css=_MATRIX.read_text() + (_ASSETS / "cascade.css").read_text(),
    js="".join(
        (_ASSETS / f"cascade{part}.js").read_text() for part in ("_numbers", "_cells", "_desk", "")
    ),
)


class Cell(NamedTuple):
    """A chosen cell of the matrix: true class, answer (or the number of classes), whose answers."""

    true: int
    said: int
    route: str


def thresholds_of(members: Members, key: str) -> Thresholds:
    """Return where the sliders stand: as they were let go, else the address, else the best."""
    told = state.component_value(key, "value")
    n = len(members.experts)
    if told and len(told["taus"]) == n:
        return Thresholds(tuple(map(float, told["taus"])), float(told["person"]))
    asked = [share for text in st.query_params.get_all(TAU) if (share := _share(text)) is not None]
    taus = asked * n if len(asked) == 1 else asked
    person = _share(st.query_params.get(PERSON, "0"))
    best = (members.best_tau,) * n
    return Thresholds(tuple(taus) if len(taus) == n else best, person or 0.0)


def forget(*names: str) -> None:
    """Take thresholds out of the address: those of other experts mean nothing for these."""
    for name in names:
        st.query_params.pop(name, None)


def desk(
    members: Members,
    thresholds: Thresholds,
    key: str,
    split: str,
    *,
    promised: float | None,
) -> Cell | None:
    """Draw the sliders and all that follows them; return the cell that was chosen.

    Parameters
    ----------
    key : str
        Identity of the sliders: name the members and the rule, not the split.
    promised : float, optional
        The person's threshold that a guarantee holds for, marked on its track.
    """
    chosen = state.component_value(key, "cell")
    cell = chosen and chosen["cell"]
    _DESK(
        key=key,
        data={
            **table_data(members.on(split).table),
            "id": f"{key}-{split}-{promised}-{current()}-{members.costs and members.costs.id}",
            "language": current(),
            "words": cascade_words.words(by_cost=members.costs is not None),
            "means": cascade_words.means(members.costs),
            "charged": members.costs
            and {"unit": members.costs.unit, "person": members.costs.person},
            "turn": state.draft(_turn(key), 0),
            "classes": list(members.classes),
            "taus": [routes.position(tau) for tau in thresholds.taus],
            "person": routes.position(thresholds.person),
            "best": routes.position(members.best_tau) if members.experts else None,
            "guaranteed": None if promised is None else routes.position(promised),
            "ms": members.generalist.ms_per_image,
            "expert_ms": [expert.ms_per_image for expert in members.experts],
            "cell": cell,
        },
        default={"value": None, "cell": None},
        on_value_change=_nothing,
        on_cell_change=_nothing,
    )
    _to_address(thresholds)
    if not cell:
        return None
    return Cell(int(cell[0]), int(cell[1]), str(chosen["route"]))


def move(key: str, thresholds: Thresholds) -> None:
    """Move the sliders from Python, in a callback."""
    told = {"taus": list(thresholds.taus), "person": thresholds.person}
    state.set_widget(key, {"value": told, "cell": None})
    state.set_draft(_turn(key), state.draft(_turn(key), 0) + 1)


def table_data(table: routes.Table) -> dict[str, Any]:
    """Return what the browser counts from."""
    kept = pd.DataFrame(table.kept, columns=_KEPT)
    owned = pd.DataFrame(table.owned, columns=_OWNED).assign(n=table.n_owned).astype(np.int32)
    if table.kept_cost is not None and table.owned_cost is not None:
        kept = kept.assign(cost=table.kept_cost)
        before, after = table.owned_cost.T
        owned = owned.assign(cost_before=before, cost_after=after)
    return {
        "n_classes": table.n_classes,
        "n_images": table.n_images,
        "pairs": [list(pair) for pair in table.pairs],
        "kept": kept,
        "owned": owned,
    }


def _turn(key: str) -> str:
    return f"turn-{key}"


def _share(text: str) -> float | None:
    try:
        share = float(text)
    except ValueError:
        return None
    return share if 0.0 <= share <= 1.0 else None


def _to_address(thresholds: Thresholds) -> None:
    """Put the thresholds into the address, so that what is seen can be shared."""
    same = len(set(thresholds.taus)) == 1
    shown = [f"{tau:.3f}" for tau in (thresholds.taus[:1] if same else thresholds.taus)]
    if st.query_params.get_all(TAU) != shown:
        st.query_params[TAU] = shown
    person = f"{thresholds.person:.3f}"
    if st.query_params.get(PERSON, "0.000") != person:
        st.query_params[PERSON] = person


def _nothing() -> None:
    """Be the callback that Streamlit asks for beside a default."""
