"""A walk over a page: every view, every choice of every control, one change at a time.

A control is changed in the running session and changed back; what a view shows in addition is
walked as well. Sessions only: nothing is stored. `buttons` lists what could be clicked on the way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import TESTING_KEY

from tests.app.conftest import stands
from tests.app.screen_words import nodes

_MOST_OPTIONS = 6  # of one control: the rest of a long list is data
_FRAME = ("language", "dataset")


@dataclass(frozen=True)
class Step:
    """One change of one control."""

    control: str  # its key, else its label
    kind: str
    value: Any

    def take(self, app: AppTest) -> bool:
        """Change the control, if it is there, and run; return whether it was."""
        if self.kind == "tab_container":
            app.session_state[self.control] = self.value
        else:
            found = [w for w in _controls(app) if (_name(w), w.type) == (self.control, self.kind)]
            if not found:
                return False
            _set(app, found[0], self.value)
        stands(app.run())
        return True


def walk(app: AppTest, see: Callable[[AppTest, tuple[Step, ...]], None], depth: int = 2) -> None:
    """Show `see` every state of a page that is reached by at most `depth` changes."""
    known: set[str] = set()
    _walk(app, see, depth, (), known)


def _walk(
    app: AppTest,
    see: Callable[[AppTest, tuple[Step, ...]], None],
    depth: int,
    path: tuple[Step, ...],
    known: set[str],
) -> None:
    see(app, path)
    if not depth:
        return
    new = [(name, kind, now, others) for name, kind, now, others in _choices(app)
           if name not in known]  # fmt: skip
    known |= {name for name, *_ in new}
    for name, kind, now, others in new:
        for value in others:
            if Step(name, kind, value).take(app):
                _walk(app, see, depth - 1, (*path, Step(name, kind, value)), known)
        Step(name, kind, now).take(app)


def _choices(app: AppTest) -> Iterator[tuple[str, str, Any, list[Any]]]:
    """Yield (name, kind, value now, other values worth a look) of every control of a page."""
    for node in nodes(app):
        if node.type == "tab_container" and node.proto.id:
            labels = [tab.proto.label for tab in node.children.values()]
            key = node.proto.id.partition("-")[2].partition("-")[2]
            yield key, node.type, labels[0], labels[1:]
    for widget in _controls(app):
        now = _now(app, widget)
        yield _name(widget), widget.type, now, [v for v in _values(widget, now) if v != now]


def _controls(app: AppTest) -> list[Any]:
    kinds = ("button_group", "radio", "selectbox", "multiselect", "toggle", "checkbox",
             "slider", "select_slider", "text_input")  # fmt: skip
    found = [w for kind in kinds for w in app.get(kind)]
    # What lies in a form changes nothing before it is sent.
    return [w for w in found
            if _name(w) not in _FRAME and not w.proto.disabled and not w.proto.form_id]  # fmt: skip


def _name(widget: Any) -> str:
    return str(widget.key or widget.label)


def _now(app: AppTest, widget: Any) -> Any:
    """Return a control's value as the browser would send it."""
    if widget.type in ("button_group", "radio", "selectbox", "multiselect", "select_slider"):
        value, said = widget.value, widget.format_func
        if isinstance(value, (list, tuple)):
            return [str(said(v)) for v in value]
        return None if value is None else str(said(value))
    return widget.value


def _values(widget: Any, now: Any) -> list[Any]:
    if widget.type in ("toggle", "checkbox"):
        return [not now]
    if widget.type == "slider":
        return [v for v in (widget.min, widget.max) if v is not None]
    if widget.type == "text_input":
        return ["zzz"]  # a name, or something that is not found
    options = list(widget.options)[:_MOST_OPTIONS]
    if widget.type == "select_slider":
        return options[:1] + options[-1:]
    if widget.type == "multiselect" or isinstance(now, list):
        return [[], options[:1], options[:2]]
    return options


def _set(app: AppTest, widget: Any, value: Any) -> None:
    if widget.type in ("button_group", "radio", "selectbox", "multiselect", "select_slider"):
        app.session_state[TESTING_KEY][widget.id] = str  # the value is already what is shown
    widget.set_value(value)


@dataclass(frozen=True)
class Click:
    """A button, and the changes after which it is there."""

    name: str  # its key, else its label
    label: str
    path: tuple[Step, ...]

    def take(self, app: AppTest) -> bool:
        """Go there and click; return whether the button was there."""
        for step in self.path:
            step.take(app)
        found = [b for b in app.button if _button(b) == self.name]
        if found:
            found[0].click().run()
        return bool(found)


def buttons(app: AppTest, path: tuple[Step, ...]) -> Iterator[Click]:
    """Yield the buttons of a page that can be clicked."""
    for button in app.button:
        if not button.disabled:
            yield Click(_button(button), button.label, path)


def _button(button: Any) -> str:
    return str(button.key or button.label)
