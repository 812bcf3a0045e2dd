"""The catalogue and the array's layout say the same."""

import pytest

from hftlib.features import layout
from hftlib.features.batch import HOT_NAMES
from hftlib.features.catalogue import ALIASES, CATALOGUE, NAMES, Group, feature_of, index_of


def test_indexes_are_places_in_the_vector() -> None:
    assert [feature.index for feature in CATALOGUE] == list(range(layout.FEATURE_COUNT))
    assert len(set(NAMES)) == layout.FEATURE_COUNT


def test_groups_are_contiguous_and_the_frame_comes_first() -> None:
    groups = [feature.group for feature in CATALOGUE]
    assert list(dict.fromkeys(groups)) == list(Group)
    assert groups == sorted(groups, key=list(Group).index)
    assert groups.count(Group.FRAME) == layout.HOT_COUNT == len(HOT_NAMES)


def test_every_feature_has_unit_and_formula() -> None:
    assert all(feature.unit and feature.formula for feature in CATALOGUE)
    bps = [feature for feature in CATALOGUE if feature.name.endswith("_bps")]
    assert bps
    assert {feature.unit for feature in bps} == {"bps"}


def test_a_feature_is_found_by_name_and_by_alias() -> None:
    assert index_of("mid") == layout.MID
    assert index_of("ofi_level_10") == layout.OFI_1 + 9
    assert feature_of("micro_price_simple").name == "weighted_mid"
    assert feature_of("cvd").index == layout.VOLUME_DELTA
    assert set(ALIASES.values()) <= set(NAMES)
    assert not set(ALIASES) & set(NAMES)


def test_an_unknown_feature_is_named() -> None:
    with pytest.raises(KeyError, match="no feature is called 'mdi'"):
        index_of("mdi")


def test_parts_of_the_array_do_not_overlap() -> None:
    rings = [
        (layout.EFFECTIVE_RING, layout.SPREAD_CAPACITY),
        (layout.REALISED_RING, layout.SPREAD_CAPACITY),
        (layout.IMPACT_RING, layout.SPREAD_CAPACITY),
        (layout.BUCKET_RING, layout.BUCKETS),
        (layout.MICRO_TABLE, layout.STATES),
        (layout.MICRO_SEEN, layout.PAIRS),
        (layout.MICRO_SHIFT, layout.PAIRS),
        (layout.MICRO_ANSWER, layout.PAIRS),
        (layout.MICRO_STEPS, layout.PAIRS**2),
        (layout.MICRO_WORK, layout.PAIRS**2),
        (layout.BAR_RETURN, layout.BAR_CAPACITY),
        (layout.BAR_REMOVED_RING, layout.BAR_CAPACITY),
        (layout.TRADE_TIME, layout.TRADE_CAPACITY),
        (layout.TRADE_SIGNED, layout.TRADE_CAPACITY),
        (layout.PENDING_DEADLINE, layout.PENDING_CAPACITY),
        (layout.PENDING_FACTOR, layout.PENDING_CAPACITY),
    ]
    end = layout.WALK_TARGET
    for start, size in rings:
        assert start >= end
        end = start + size
    assert end == layout.LENGTH


def test_scalars_have_places_of_their_own() -> None:
    names = [
        "TICK_UNITS",
        "PRICE_SCALE",
        "SIZE_SCALE",
        "MULTIPLIER",
        "INVERSE",
        "WINDOW_BARS",
        "COST_SIZE",
        "MICRO_FIXED",
        "ORIGIN_S",
        "NOW",
        "NEXT_BAR",
        "NEXT_EXPIRY",
        "NEXT_DEADLINE",
        "TIME_RESTARTS",
        "HAS_PREVIOUS",
        "OFI_SUMS",
        "PREVIOUS_BID_TICKS",
        "PREVIOUS_BID_QUANTA",
        "PREVIOUS_ASK_TICKS",
        "PREVIOUS_ASK_QUANTA",
        "BAR_SIGNED",
        "BAR_VOLUME",
        "BAR_NOTIONAL",
        "BAR_REMOVED",
        "BAR_MID",
        "BAR_HEAD",
        "BOUGHT",
        "SOLD",
        "TRADE_HEAD",
        "WINDOWS",
        "COUNT_WINDOW",
        "PENDING_HEAD",
        "PENDING_TAIL",
        "EFFECTIVE_HEAD",
        "REALISED_HEAD",
        "BUCKET_SIZE",
        "BUCKET_BOUGHT",
        "BUCKET_SOLD",
        "BUCKET_HEAD",
        "CALIBRATION_TRADES",
        "CALIBRATION_VOLUME",
        "MICRO_STATE",
        "MICRO_MID",
        "MICRO_MOVES",
        "MICRO_WAIT",
        "MICRO_READY",
        "WALK_SIZE",
        "WALK_VALUE",
        "WALK_BAND",
        "WALK_COST",
        "WALK_JOINT",
        "WALK_SQUARE",
    ]
    places = [getattr(layout, name) for name in names]
    assert places == sorted(set(places))
    assert places[0] == layout.FEATURE_COUNT
    room = dict(zip(places, [*places[1:], layout.EFFECTIVE_RING], strict=True))
    assert room[layout.OFI_SUMS] - layout.OFI_SUMS >= layout.OFI_LEVELS
    assert room[layout.COST_SIZE] - layout.COST_SIZE >= layout.COST_SIZES
    assert room[layout.WINDOWS] - layout.WINDOWS == 3 * layout.FLOW_WINDOWS
