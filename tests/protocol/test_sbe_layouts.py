"""The layouts of SBE messages: against PROTOCOL 7.3 and 7.4, and against the venue's schema."""

import struct
import xml.etree.ElementTree as ET
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest

from nautilus_paradex.protocol.sbe import codes
from nautilus_paradex.protocol.sbe import layouts
from nautilus_paradex.protocol.sbe.layouts import LAYOUTS
from nautilus_paradex.protocol.sbe.layouts import Layout


# (struct string of version 0, block lengths of versions 0, 1, 2), from PROTOCOL 7.3 and 7.4.
BLOCKS = {
    1: ("<qqqBqqqB", (50, 50, 50)),
    2: ("<qqqqqq", (48, 48, 48)),
    3: ("<qqBqqqqqqqqq", (89, 89, 89)),
    4: ("<" + 27 * "q", (216, 240, 240)),
    5: ("<qqqqqqqh", (58, 66, 66)),
    6: ("<qqqBB", (26, 26, 26)),
    20: ("<qqBBBBqqqqqqq32sqqBB", (126, 126, 128)),
    21: ("<qqBBBqqqqq32sqq", (107, 107, 116)),
    22: ("<qqBqqqqqqqq32sqqqqqB", (154, 154, 154)),
    23: ("<qqqqqqqqq32sqB", (113, 113, 121)),
    40: ("<qq", (16, 16, 16)),
}

#: What version 2 brought in place (the schema's own header says so).
IN_PLACE = {
    "tradeIdStr",
    "requestStatus",
    "requestType",
    "requestId",
    "requestMessage",
    "lastSeenNotification",
}

BY_TEMPLATE = {layout.template: layout for layout in LAYOUTS}


def sizes(layout: Layout) -> list[int]:
    return [struct.calcsize("<" + field.wire.code) for field in layout.fields]


@pytest.mark.parametrize("template", BLOCKS)
def test_a_block_has_the_protocols_format_and_length(template: int) -> None:
    layout = BY_TEMPLATE[template]
    code, lengths = BLOCKS[template]
    formats = [layouts.struct_format(layout.fields_at(version)) for version in (0, 1, 2)]
    assert formats[0] == code
    assert tuple(map(struct.calcsize, formats)) == lengths


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
def test_offsets_follow_from_the_sizes(layout: Layout) -> None:
    ends = list(accumulate(sizes(layout), initial=0))
    assert [field.offset for field in layout.fields] == ends[:-1]


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
def test_what_came_later_stands_last(layout: Layout) -> None:
    """Decoding and encoding cut the end off for older versions."""
    for rows in (layout.fields, layout.texts):
        order = [(row.since, row.in_place) for row in rows]
        assert order == sorted(order)


def test_every_template_is_laid_out_once() -> None:
    assert [layout.template for layout in LAYOUTS] == [1, 2, 3, 4, 5, 6, 20, 21, 22, 23, 40]


def test_the_fields_of_the_second_layout_of_version_2_are_marked() -> None:
    fields = {field.name for layout in LAYOUTS for field in layout.fields if field.in_place}
    texts = {text.name for layout in LAYOUTS for text in layout.texts if text.in_place}
    assert fields | texts == IN_PLACE


SCHEMA = Path(__file__).parents[2].parent / "shared" / "paradex" / "spec" / "sbe-schema-1.xml"
MESSAGE = "{http://fixprotocol.io/2016/sbe}message"


@pytest.fixture(scope="module")
def schema() -> ET.Element:
    if not SCHEMA.exists():
        pytest.skip(f"the venue's SBE schema is not beside the repository ({SCHEMA})")
    return ET.fromstring(SCHEMA.read_text())


def schema_type(field: ET.Element) -> str:
    optional = "NULL" if field.get("presence") == "optional" else ""
    return f"{field.get('type')}{optional}"


def since(element: ET.Element) -> int:
    return int(element.get("sinceVersion", "0"))


def test_the_layouts_are_those_of_the_schema(schema: ET.Element) -> None:
    messages = {int(message.get("id", "")): message for message in schema.iter(MESSAGE)}
    # 41 is reserved and never sent.
    assert set(messages) - {41} == set(BY_TEMPLATE)

    for template, layout in BY_TEMPLATE.items():
        message = messages[template]
        assert message.get("name") == layout.name
        fields = [(f.get("name"), schema_type(f), since(f)) for f in message.findall("field")]
        assert fields == [(f.name, f.type, f.since) for f in layout.fields]
        texts = [(d.get("name"), d.get("type"), since(d)) for d in message.findall("data")]
        assert texts == [(t.name, "varString8", t.since) for t in layout.texts]
        groups = message.findall("group")
        assert tuple(group.get("name") for group in groups) == layout.groups
        for group in groups:
            entry = [(f.get("name"), f.get("type")) for f in group.findall("field")]
            assert entry == [(f.name, f.type) for f in layouts.LEVEL]


def test_the_fields_added_in_place_are_those_that_the_schema_names(schema: ET.Element) -> None:
    text = SCHEMA.read_text()
    start = text.index("Decoding 1:2 frames:")
    sentence = text[start : text.index("were added", start)]
    assert all(name in sentence for name in IN_PLACE)


def test_types_have_the_schemas_size_and_places(schema: ET.Element) -> None:
    primitive = {"int64": "q", "uint8": "B"}
    for composite in schema.iter("composite"):
        name = composite.get("name", "")
        exponent = composite.find("type[@name='exponent']")
        if exponent is None:
            continue
        assert layouts.TYPES[name].places == -int(exponent.text or "0")
        mantissa = composite.find("type[@name='mantissa']")
        assert mantissa is not None
        assert layouts.TYPES[name].code == primitive[mantissa.get("primitiveType", "")]
        assert int(mantissa.get("nullValue", "0")) == layouts.NULL
    for kind in (*schema.iter("enum"), *schema.iter("set")):
        name = kind.get("name", "")
        # ReduceOnly is defined and used by no message.
        if name != "ReduceOnly":
            assert layouts.TYPES[name].code == primitive[kind.get("encodingType", "")]


STATE: dict[str, tuple[dict[int, Any], set[str]]] = {
    "Side": (codes.SIDE, set()),
    "OrderType": (codes.ORDER_TYPE, set()),
    "OrderStatus": (codes.ORDER_STATUS, set()),
    "TimeInForce": (codes.TIME_IN_FORCE, set()),
    "FillType": (codes.FILL_TYPE, set()),
    "LiquiditySide": (codes.LIQUIDITY, set()),
    "PositionStatus": (codes.POSITION_STATUS, {"UNSPECIFIED"}),
    "RequestStatus": (codes.REQUEST_STATUS, {"UNSPECIFIED"}),
}
NAMES = {
    "FillType": codes.TRADE_TYPE,
    "STPMode": codes.STP_MODE,
    "AccountStatus": codes.ACCOUNT_STATUS,
    "RequestType": codes.REQUEST_TYPE,
    "AssetKind": codes.ASSET_KIND,
    "FundingRateSource": codes.FUNDING_RATE_SOURCE,
}


def enum_values(schema: ET.Element, name: str) -> dict[int, str]:
    enum = schema.find(f".//enum[@name='{name}']")
    assert enum is not None
    values = {int(value.text or ""): value.get("name", "") for value in enum}
    assert values.pop(254, "NON_REPRESENTABLE") == "NON_REPRESENTABLE"
    return values


@pytest.mark.parametrize("name", STATE)
def test_codes_of_state_are_those_of_the_schema(schema: ET.Element, name: str) -> None:
    table, left_out = STATE[name]
    values = enum_values(schema, name)
    assert {c: v for c, v in values.items() if v not in left_out} == dict(table)


@pytest.mark.parametrize("name", NAMES)
def test_codes_of_references_are_those_of_the_schema(schema: ET.Element, name: str) -> None:
    assert enum_values(schema, name) == dict(NAMES[name])


def test_a_books_kinds_are_those_of_the_schema(schema: ET.Element) -> None:
    snapshot = {code: name == "SNAPSHOT" for code, name in enum_values(schema, "PkgType").items()}
    assert snapshot == dict(codes.PACKAGE_IS_SNAPSHOT)


@pytest.mark.parametrize(
    ("name", "flags"), [("OrderFlags", codes.ORDER_FLAGS), ("FillFlags", codes.FILL_FLAGS)]
)
def test_flags_are_those_of_the_schema(schema: ET.Element, name: str, flags: codes.Flags) -> None:
    bits = schema.find(f".//set[@name='{name}']")
    assert bits is not None
    named = {choice.get("name", ""): int(choice.text or "") for choice in bits}
    assert named == {n: bit for n, bit in flags.bits.items() if not n.startswith("BIT_")}
