"""Tiles that were computed, kept while memory allows."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable

from neuroflow.inference.tile import Tile

HALF_A_GIGABYTE = 512 << 20


class TileCache:
    """The most recently used tiles, up to a number of bytes; safe to use from any thread."""

    def __init__(self, max_bytes: int = HALF_A_GIGABYTE) -> None:
        self._max_bytes = max_bytes
        self._tiles: OrderedDict[Hashable, Tile] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    @property
    def bytes(self) -> int:
        return self._bytes

    def get(self, key: Hashable) -> Tile | None:
        with self._lock:
            tile = self._tiles.get(key)
            if tile is not None:
                self._tiles.move_to_end(key)
            return tile

    def put(self, key: Hashable, tile: Tile) -> None:
        with self._lock:
            old = self._tiles.pop(key, None)
            self._bytes += tile.samples.nbytes - (old.samples.nbytes if old else 0)
            self._tiles[key] = tile
            while self._bytes > self._max_bytes and len(self._tiles) > 1:
                _, dropped = self._tiles.popitem(last=False)
                self._bytes -= dropped.samples.nbytes

    def __contains__(self, key: Hashable) -> bool:
        with self._lock:
            return key in self._tiles

    def clear(self) -> None:
        with self._lock:
            self._tiles.clear()
            self._bytes = 0
