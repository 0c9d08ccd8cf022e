"""Shapes from points: Voronoi cells, dissolving, mending, smoothing, rounding. Pure geometry, in kilometres on a local plane."""

import math
from collections import defaultdict

import numpy as np
import shapely
from shapely.geometry import LineString, MultiPoint, MultiPolygon, Polygon
from shapely.ops import linemerge, polygonize

# Digits after the point of a degree in everything written: 4 is 11 m, finer than these shapes are true.
DIGITS = 4
# A part of a commune that is cut off from the main part and smaller than this share goes to the neighbour around it.
STRAY_SHARE_MAX = 0.5


class Plane:
    """An equirectangular plane around a latitude: degrees to kilometres and back. Under 1 % off within three degrees."""

    def __init__(self, lat: float):
        self.km_per_lon = 111.320 * math.cos(math.radians(lat))
        self.km_per_lat = 110.574

    def to_km(self, geometry):
        return shapely.transform(geometry, lambda c: c * [self.km_per_lon, self.km_per_lat])

    def to_degrees(self, geometry):
        return shapely.transform(geometry, lambda c: c / [self.km_per_lon, self.km_per_lat])

    def point(self, lon: float, lat: float) -> tuple[float, float]:
        return lon * self.km_per_lon, lat * self.km_per_lat


def polygons(geometry) -> list[Polygon]:
    """The polygons in any geometry, the largest first; points and lines that an operation left behind are dropped."""
    if geometry.geom_type == "Polygon":
        return [] if geometry.is_empty else [geometry]
    parts = [p for g in getattr(geometry, "geoms", []) for p in polygons(g)]
    return sorted(parts, key=lambda p: (-p.area, p.bounds))


def joined(parts: list[Polygon]):
    return parts[0] if len(parts) == 1 else MultiPolygon(parts)


def voronoi(seeds: dict[tuple[float, float], str], window: Polygon) -> list[tuple[tuple[float, float], Polygon]]:
    """The cell of each seed point within a rectangle, in the order of the seeds."""
    points = list(seeds)
    cells = shapely.voronoi_polygons(MultiPoint(points), extend_to=window)
    tree = shapely.STRtree(list(cells.geoms))
    seed_index, cell_index = tree.query(shapely.points(np.array(points)), predicate="within")
    found = dict(zip(seed_index.tolist(), cell_index.tolist()))
    return [(point, cells.geoms[found[i]]) for i, point in enumerate(points) if i in found]


def dissolve(labelled: list[tuple[str, Polygon]]) -> dict:
    """Cells of the same label as one shape each. Vertices on shared borders stay exactly shared."""
    groups = defaultdict(list)
    for label, cell in labelled:
        groups[label].append(cell)
    return {label: shapely.unary_union(cells) for label, cells in sorted(groups.items())}


def mend(coverage: dict, own: set[str]) -> dict:
    """Gives parts of an own unit that lie apart from its largest part to the own neighbour with the longest shared border.

    A ward whose published point lies in the wrong place leaves an island inside another commune; one commune, one piece is
    nearer to the truth. A unit that would lose half of itself or more keeps its parts.
    """
    shapes = dict(coverage)
    for label in sorted(own):
        parts = polygons(shapes[label])
        strays = parts[1:]
        if not strays or sum(p.area for p in strays) > STRAY_SHARE_MAX * shapes[label].area:
            continue
        for stray in strays:
            shared = {o: stray.boundary.intersection(shapes[o].boundary).length for o in sorted(own) if o != label}
            heir = max(shared, key=lambda o: (shared[o], o))
            if shared[heir] > 0:
                shapes[heir] = shapely.unary_union([shapes[heir], stray])
                parts = [p for p in parts if p is not stray]
        shapes[label] = joined(parts)
    return shapes


def _cut_corners(line: LineString, rounds: int) -> LineString:
    """Chaikin's corner cutting with the ends kept, so that what meets there still meets."""
    points = np.asarray(line.coords)
    closed = bool(np.array_equal(points[0], points[-1])) and len(points) > 4
    for _ in range(rounds):
        if len(points) < 3:
            break
        near = points[:-1] * 0.75 + points[1:] * 0.25
        far = points[:-1] * 0.25 + points[1:] * 0.75
        cut = np.stack([near, far], axis=1).reshape(-1, 2)
        points = np.vstack([cut, cut[:1]]) if closed else np.vstack([points[:1], cut[1:-1], points[-1:]])
    return LineString(points)


def smooth(coverage: dict, rounds: int) -> dict:
    """Rounds the corners of a coverage without cracks: each border between two units is cut once and used by both."""
    borders = shapely.unary_union([shape.boundary for shape in coverage.values()])
    arcs = linemerge(borders)
    arcs = list(arcs.geoms) if hasattr(arcs, "geoms") else [arcs]
    faces = list(polygonize(_cut_corners(arc, rounds) for arc in arcs))
    labels = list(coverage)
    tree = shapely.STRtree([coverage[label] for label in labels])
    parts = defaultdict(list)
    for face in faces:
        # Corner cutting moves a border by less than a cell, so the unit that holds most of the face is the one it came from.
        candidates = tree.query(face, predicate="intersects").tolist()
        share = {labels[i]: face.intersection(coverage[labels[i]]).area for i in candidates}
        best = max(share, key=share.get, default=None)
        if best is not None and share[best] > face.area / 2:
            parts[best].append(face)
    missing = set(labels) - set(parts)
    if missing:
        raise ValueError(f"smoothing lost {sorted(missing)}: use fewer rounds")
    return {label: shapely.unary_union(parts[label]) for label in labels}


def rounded(geometry, digits: int = DIGITS):
    """The geometry with rounded coordinates and without the repeated points that this makes."""
    return shapely.remove_repeated_points(shapely.transform(geometry, lambda c: np.round(c, digits)))


def simplified(shapes: list, tolerance: float) -> list:
    """Simplifies a coverage so that neighbours still share every point of their border."""
    return list(shapely.coverage_simplify(shapes, tolerance))
