"""Countries from the npm package world-atlas (Natural Earth 1:10m, public domain), as longitude and latitude. Pure but for one read."""

import json
from pathlib import Path

import shapely
from shapely.geometry import Polygon

VIETNAM = "704"


class Atlas:
    """A TopoJSON file of countries: quantized arcs that rings name by index (a negative index is the arc backwards)."""

    def __init__(self, path: Path):
        if not path.is_file():
            raise SystemExit(f"{path} is missing: run `npm ci` in ops/map first")
        topology = json.loads(path.read_text(encoding="utf-8"))
        scale, translate = topology["transform"]["scale"], topology["transform"]["translate"]
        self._arcs = []
        for deltas in topology["arcs"]:
            x = y = 0
            arc = []
            for dx, dy in deltas:
                x, y = x + dx, y + dy
                arc.append((x * scale[0] + translate[0], y * scale[1] + translate[1]))
            self._arcs.append(arc)
        self._countries = topology["objects"]["countries"]["geometries"]

    def _ring(self, indices: list[int]) -> list[tuple[float, float]]:
        ring = []
        for index in indices:
            arc = self._arcs[index] if index >= 0 else self._arcs[~index][::-1]
            ring.extend(arc[1:] if ring else arc)
        return ring

    def parts(self):
        """Each polygon as (country's number or "", polygon); an islet too small for a ring is a tiny square at its place."""
        for country in self._countries:
            arcs = country.get("arcs", [])
            for rings in arcs if country["type"] == "MultiPolygon" else [arcs]:
                if not rings:
                    continue
                shell = self._ring(rings[0])
                if len(set(shell)) < 3:
                    yield country.get("id", ""), shapely.Point(shell[0]).buffer(0.002, quad_segs=1)
                    continue
                holes = [h for h in map(self._ring, rings[1:]) if len(set(h)) >= 3]
                yield country.get("id", ""), shapely.make_valid(Polygon(shell, holes))
