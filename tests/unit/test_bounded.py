from __future__ import annotations

from ai_server.bounded import Newest


def test_one_item_too_many_takes_the_place_of_the_one_set_longest_ago() -> None:
    names = Newest[str, int](2)
    names["first"] = 1
    names["second"] = 2
    names["first"] = 3
    names["third"] = 4
    assert dict(names) == {"first": 3, "third": 4}


def test_reading_an_item_makes_it_no_newer() -> None:
    names = Newest(2, [("first", 1), ("second", 2)])
    assert names["first"] == names.get("first") == 1
    names["third"] = 3
    assert list(names) == ["second", "third"]


def test_of_more_items_than_it_may_hold_at_its_beginning_the_last_are_kept() -> None:
    assert dict(Newest(2, [("first", 1), ("second", 2), ("third", 3)])) == {"second": 2, "third": 3}
