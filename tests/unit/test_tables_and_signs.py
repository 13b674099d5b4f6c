"""Figures of tables and charts are written with the signs of the reader's language."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from core.language import speaking, text
from core.services.comparing import wording
from pages.parts import figures_on, tables
from pages.parts.chart_signs import separators


@pytest.mark.parametrize(("code", "said"), [("en", "74.3 %"), ("es", "74,3 %")])
def test_a_table_shows_words_and_keeps_numbers(code, said):
    table = pd.DataFrame({"share": [0.743, None], "n": [1050, 2]})
    with speaking(code):
        shown = tables.written(table, {"share": text.percent, "absent": text.number})
        assert said in shown.to_html() and text.NONE in shown.to_html()
    assert shown.data is table


def test_a_table_of_very_many_cells_comes_back_as_it_is():
    table = pd.DataFrame(np.zeros((pd.get_option("styler.render.max_elements") + 1, 1)))
    assert tables.written(table, {0: text.percent}) is table


def test_charts_and_sentences_have_the_same_signs():
    assert separators() == ".,"
    with speaking("es"):
        assert separators() == ",."
        assert wording.often(1 / 30_000) == "menos de 1 vez de cada 10.000"
        assert figures_on.whole_split("test") == "Partición de prueba"


def test_a_list_of_classes_is_one_phrase():
    assert wording.listed(["a", "b", "c"]) == "a and b and c"
    with speaking("es"):
        assert wording.listed(["a", "b"]) == "a y b"
