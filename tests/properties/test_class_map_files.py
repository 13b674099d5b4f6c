"""A class map that goes out as a file comes back as it was, whatever its names look like."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from core.records import ClassMapRecord
from core.services.classes.class_map_files import KINDS, export_class_map, read_class_map

# What an import lets through as a label or a name: printable, with a character that is no space.
NAMES = st.text(
    st.one_of(st.sampled_from("=+-@'\",;\\#ñé中 "), st.characters(exclude_categories=("C", "Z"))),
    min_size=1,
    max_size=12,
).filter(lambda name: name.strip() and name.isprintable())


@st.composite
def records(draw):
    labels = draw(st.lists(NAMES, min_size=1, max_size=8, unique=True))
    classes = draw(st.lists(NAMES, min_size=len(labels), max_size=len(labels)))
    return ClassMapRecord(
        id="map-0123456789ab",
        dataset_id="ds-0123456789ab",
        name=draw(NAMES),
        version=draw(st.integers(1, 99)),
        class_of=dict(zip(labels, classes, strict=True)),
        why=draw(NAMES),
        who=draw(NAMES),
        created_at=datetime(2026, 11, 23, tzinfo=UTC),
    )


@given(records(), st.sampled_from(KINDS))
def test_a_round_trip_changes_nothing(record, kind):
    text = export_class_map(record, kind)
    found = read_class_map(text.encode(), kind, list(record.class_of))
    assert found.class_of == record.class_of
    assert list(found.class_of) == list(record.class_of)
    if kind == "json":
        assert (found.name, found.why, found.who) == (record.name, record.why, record.who)


@given(records())
def test_no_cell_of_a_csv_begins_like_a_formula(record):
    import csv
    import io

    rows = csv.reader(io.StringIO(export_class_map(record, "csv"), newline=""))
    assert not [cell for row in rows for cell in row if cell[:1] in "=+-@\t\r"]


@given(st.binary(max_size=200), st.sampled_from(KINDS))
def test_any_bytes_are_a_class_map_or_one_sentence(data, kind):
    from core.errors import InvalidInput

    try:
        found = read_class_map(data, kind, ["a", "b"])
    except InvalidInput:
        return
    assert list(found.class_of) == ["a", "b"]
