"""A mapping that holds no more than it may."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Newest(OrderedDict[K, V]):
    """At most so many items, those that were set last: one more takes the place of the one set longest ago.

    Args:
        most: so many.
        items: what it begins with, the oldest first.
    """

    def __init__(self, most: int, items: Iterable[tuple[K, V]] = ()) -> None:
        super().__init__()
        self._most = most
        self.update(items)

    def __setitem__(self, key: K, value: V) -> None:
        super().__setitem__(key, value)
        self.move_to_end(key)
        if len(self) > self._most:
            self.popitem(last=False)
