"""The report: its numbers are those of the store, it asks for nothing, and it runs nothing."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from core.analysis.cascades.routes import Thresholds
from core.errors import InvalidInput, NotFound
from core.language import speaking, t
from core.language.numbers import Form
from core.services.cascades import members, saving
from core.services.classes import mapping
from core.services.data.datasets import get_dataset, image_ids, label_indices
from core.services.decisions import deciding
from core.services.labels import label_sets, reviewing
from core.services.reports import html, marks, svg, writing
from core.services.reports.blocks import Table
from core.services.reports.building import build
from core.services.reports.figures import SCALE, Figures, tagged
from core.services.runs import marking, training
from core.services.story.waterfall import waterfall
from tests import seeding
from tests.seeding import seed

LANGUAGES = ("en", "es")
_HOSTILE = (
    "<script>window.hit=1</script>",
    '"><img src=x onerror="window.hit=1">',
    "</style><script>window.hit=1</script>",
    "'; alert(1); //\ufdd0waterfall.start\ufdd1.1%\ufdd1100 %\ufdd2",
    "{0.__class__} {n} %s \\ | * _ ` [x](javascript:1) &amp; &lt;",
    "𝕏" * 40 + "\u202e" + "W" * 64,
)


class Reader(HTMLParser):
    """Collects what a test asks about: numbers with their figure, elements, attributes."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.numbers: list[tuple[str, str, str]] = []  # figure, format, text
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self._open: tuple[str, str] | None = None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        at = dict(attrs)
        self.elements.append((tag, at))
        if "data-figure" in at:
            self._open = at["data-figure"], at["data-format"]

    def handle_data(self, data):
        if self._open:
            self.numbers.append((*self._open, data))

    def handle_endtag(self, _tag):
        self._open = None


@pytest.fixture
def ids(workspace):
    return seed(workspace, n_per_label=60)


@pytest.fixture
def full(workspace, ids):
    """A workspace with all that a report can tell about."""
    dataset = get_dataset(workspace, ids.dataset)
    names, y = image_ids(workspace, dataset.id), label_indices(workspace, dataset)
    for position in range(60):
        for who in ("Ana", "Luis"):
            said = (y[position] + (position % 9 == 0 and who == "Luis")) % 4
            reviewing.submit(workspace, dataset.id, names[position], reviewer=who,
                             event_id=f"{who}-{position}", label=dataset.labels[said],
                             source="random")  # fmt: skip
    label_sets.save_label_set(workspace, dataset.id, "new", y, origin={"method": "hand"})
    deciding.decide(workspace, ids.class_map, action="approve", name="Ana", reason="Good enough")
    return ids


def written(workspace, ids, kind, language="en"):
    return writing.report_bytes(workspace, ids.dataset, kind, language).decode()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_number_of_the_html_is_a_figure_of_the_json(workspace, full, language):
    page = Reader(written(workspace, full, "html", language))
    figures = json.loads(written(workspace, full, "json", language))["figures"]
    assert len(page.numbers) > 100
    for id_, spec, text in page.numbers:
        name, _, part = id_.partition(":")
        figure = figures[name]
        number = figure[part or "value"]
        if SCALE[figure["unit"]] != 1.0:
            number *= SCALE[figure["unit"]]
        assert text == Form(language).format_field(number, spec), id_


def test_the_figures_are_those_of_the_store(workspace, full):
    figures = json.loads(written(workspace, full, "json"))["figures"]
    for run in training.list_runs(workspace, full.dataset):
        stored = run.metrics["test"]
        for name in ("accuracy", "kappa", "bits", "ece", "log_loss", "chance"):
            assert figures[f"model.{run.id}.{name}"]["value"] == pytest.approx(stored[name]), name
        its = figures[f"model.{run.id}.accuracy"]
        assert [its["low"], its["high"]] == pytest.approx(stored["accuracy_ci"])
        assert its["sources"] == [run.id]
    record = saving.get(workspace, full.cascade)
    for name in ("accuracy", "gain", "deferral_rate", "n_recovered", "n_broken"):
        assert figures[f"cascade.{record.id}.{name}"]["value"] == record.report["test"][name]
    its = waterfall(workspace, full.dataset)
    assert figures["waterfall.start"]["value"] == its.start.accuracy
    assert figures["waterfall.total"]["value"] == its.total.value
    assert figures["waterfall.classes.beyond"]["value"] == its.step("classes").corrected.beyond


def test_the_json_tells_the_decisions_with_their_evidence(workspace, full):
    found = json.loads(written(workspace, full, "json"))["decisions"]
    approved = next(row for row in found if row["proposal"] == full.class_map)
    assert (approved["state"], approved["stale"]) == ("approved", None)
    assert approved["events"][0]["reason"] == "Good enough"
    assert full.cascade in [row["proposal"] for row in found]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_section_is_there_and_no_place_is_left_open(workspace, full, language):
    text = written(workspace, full, "html", language)
    page = Reader(text)
    sections = [at["id"] for name, at in page.elements if name == "section"]
    assert sections == [
        "story", "data", "labels", "models", "classes", "cascade", "decisions", "methods",
        "limits", "glossary", "sources",
    ]  # fmt: skip
    words = re.sub(r"<(style|script).*?</\1>|<[^>]+>", "", text, flags=re.DOTALL)
    assert not re.search(r"\{\w*(:[^}]*)?\}", words)
    assert "\ufdd0" not in text


def test_it_asks_for_nothing_and_forbids_itself_the_rest(workspace, full):
    text = written(workspace, full, "html")
    page = Reader(text)
    for name, at in page.elements:
        assert name not in ("link", "iframe", "object", "embed", "base", "form", "audio", "video")
        for key, value in at.items():
            assert not key.startswith("on"), (name, key)
            if key in ("src", "href", "srcset", "action", "xlink:href"):
                assert value.startswith(("data:image/jpeg;base64,", "#")), value
    assert "http" not in re.sub(r"data:image/jpeg;base64,[\w+/=]+", "", text).replace(
        "http-equiv", ""
    )
    (policy,) = [at["content"] for _, at in page.elements
                 if at.get("http-equiv") == "Content-Security-Policy"]  # fmt: skip
    assert policy.startswith("default-src 'none'; img-src data:; style-src 'unsafe-inline';")
    assert "url(" not in text.replace("url(#hatch)", "")


def test_pictures_say_what_they_show(workspace, full):
    page = Reader(written(workspace, full, "html"))
    drawn = [at for name, at in page.elements if name == "svg"]
    assert len(drawn) >= 4 and all(at["aria-label"] and at["role"] == "img" for at in drawn)
    assert all(at.get("alt") for name, at in page.elements if name == "img")


def test_hostile_names_stay_words(workspace):
    script, image, style, marked, places, wide = _HOSTILE
    y, split = np.arange(120) % 4, np.tile(["train", "train", "train", "val", "test"], 24)
    dataset = seeding.add_dataset(
        workspace, wide, y, split, np.random.default_rng(0), (script, image, style, places)
    )
    run = seeding.add_run(workspace, dataset, y, split, np.eye(4)[y] * 0.6 + 0.1)
    marking.rename(workspace, run, script)
    classes = {name: f"{script}{i // 2}" for i, name in enumerate(dataset.labels)}
    saved = mapping.save_class_map(workspace, dataset.id, script, classes, why=marked, who=style)
    deciding.decide(workspace, saved.id, action="decline", name=script[:40], reason=image)
    names = image_ids(workspace, dataset.id)
    for position in range(12):
        reviewing.submit(workspace, dataset.id, names[position], reviewer=image[:40],
                         event_id=f"r-{position}", label=script)  # fmt: skip
    text = writing.report_bytes(workspace, dataset.id, "html", "en").decode()
    page = Reader(text)
    assert [name for name, _ in page.elements].count("script") == 1
    assert not [at for _, at in page.elements if any(key.startswith("on") for key in at)]
    ends = text.index("</style>")
    assert text.count("</style>") == 1 and ends < text.index("<body>")
    known = set(json.loads(writing.report_bytes(workspace, dataset.id, "json", "en"))["figures"])
    assert {id_.partition(":")[0] for id_, _, _ in page.numbers} <= known
    told = writing.report_bytes(workspace, dataset.id, "md", "en").decode()
    assert "<script" not in told.replace("\\<", "")


def test_what_it_names_it_explains(workspace, full):
    text = re.sub(r"<(style|script).*?</\1>", "", written(workspace, full, "html"))
    explained = set(re.findall(r"<dt>(.*?)</dt>", text))
    assert {run.algorithm for run in training.list_runs(workspace, full.dataset)} <= explained
    for term in ("ITCA", "Kappa", "point", "settled by review", "Number of clusters", "backbone"):
        assert term in explained, term


def test_a_cascade_that_asks_nobody_is_told_in_a_sentence(workspace, ids):
    generalist = training.get_run(workspace, ids.generalist)
    its = members.load(workspace, generalist.id, [ids.expert])
    idle = saving.save(workspace, its, Thresholds((0.0,)), tau_from="hand")
    figures = json.loads(written(workspace, ids, "json"))["figures"]
    accuracy = figures[f"cascade.{idle.id}.accuracy"]["value"]
    assert accuracy == generalist.metrics["test"]["accuracy"]
    assert f"cascade.{idle.id}.gain" not in figures
    assert f"cascade.{ids.cascade}.gain" in figures
    assert "all by the generalist" in written(workspace, ids, "html")


def test_words_and_ids_are_divided_at_the_end_of_a_line_only_where_a_reader_would():
    assert html._words("A+B, 5 % of <b> (run-0123456789ab)") == (
        'A+<wbr>B, 5\u00a0% of &lt;b&gt; (<span class="id">run-0123456789ab</span>)'
    )
    table = Table("c", ["word", "n", "id"], [["a longish+word", "1", "x"]], n_words_after=1)
    drawn = html._table(table)
    assert '<th style="--signs:8" scope="col">word</th><th class="n" scope="col">n</th>' in drawn
    assert drawn.endswith('<td class="n">1</td><td>x</td></tr></tbody></table></div>')


def test_markdown_says_the_same(workspace, full):
    told = written(workspace, full, "md").replace("\\", "")
    for heading in ("## The story so far", "## What was decided", "## Glossary"):
        assert heading in told
    start = waterfall(workspace, full.dataset).start
    assert t("{x:.1%}", x=start.accuracy) in told


def test_a_report_of_almost_nothing_still_reads(workspace):
    dataset_id, _ = seeding.add_small_dataset(workspace, 20)
    text = writing.report_bytes(workspace, dataset_id, "html", "es").decode()
    assert "Aún no se entrenó ningún modelo" in text


def test_it_is_written_whole_or_not_at_all(workspace, full, tmp_path):
    to = tmp_path / "report.html"
    found = writing.write_report(workspace, full.dataset, to, language="es")
    assert found["n_bytes"] == to.stat().st_size and found["format"] == "html"
    assert '<html lang="es">' in to.read_text()
    assert [file.name for file in tmp_path.glob("*report*")] == ["report.html"]
    with pytest.raises(InvalidInput, match="cannot be written"):
        writing.write_report(workspace, full.dataset, tmp_path / "nowhere" / "x.html")
    with pytest.raises(InvalidInput, match="kind of file"):
        writing.write_report(workspace, full.dataset, tmp_path / "report.pdf")
    with pytest.raises(InvalidInput, match="language"):
        writing.write_report(workspace, full.dataset, to, language="xx")
    with pytest.raises(InvalidInput, match="format"):
        writing.report_bytes(workspace, full.dataset, "pdf", "en")
    with pytest.raises(NotFound):
        writing.report_bytes(workspace, "ds-none", "html", "en")


def test_two_languages_tell_the_same_figures(workspace, full):
    english, spanish = (
        build(workspace, full.dataset, code).figures.as_json() for code in LANGUAGES
    )
    assert english == spanish


def test_a_figure_keeps_its_id_to_itself():
    figures = Figures()
    figures.add("a", 0.5)
    assert figures.add("a", 0.5) == "a"
    with pytest.raises(ValueError, match="two figures"):
        figures.add("a", 0.6)


def test_marks_are_found_in_sentences_inside_sentences():
    inner = t("{gain:+.1f} points", gain=tagged(2.04, "x"))
    pieces = marks.pieces(t("{what}, and {n:,} images", what=inner, n=tagged(1050, "n")))
    assert [p for p in pieces if isinstance(p, marks.Marked)] == [
        marks.Marked("x", "+.1f", "+2.0"),
        marks.Marked("n", ",", "1,050"),
    ]
    with speaking("es"):
        assert marks.plain(t("{x:.1%}", x=tagged(0.5, "x"))) == "50,0 %"


def test_a_drawing_escapes_its_words():
    drawn = svg.drawing(
        10, 10, '"<b>', [svg.text(0, 0, "<script>"), svg.rect(0, 0, 1, 1, "#fff", "&")]
    )
    assert (
        "<script>" not in drawn
        and "&lt;script&gt;" in drawn
        and 'aria-label="&quot;&lt;b&gt;"' in drawn
    )
