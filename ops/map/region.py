"""What lies around the province: neighbouring land, the sea, the archipelagos, towns. True names; shapes as coarse as the sources."""

import json
import subprocess
from collections import defaultdict
from pathlib import Path

import shapely
from shapely.geometry import MultiPoint, Point, box
from shapely.ops import polygonize

from atlas import VIETNAM
from layers import INSET_BOUNDS, feature, widest_place
from names import nfc, split_kind
from shapes import Plane, dissolve, joined, polygons, rounded, simplified, smooth, voronoi

# The inset's land goes on this far beyond its bounds (degrees), so that an inset of another aspect never shows an edge.
INSET_MARGIN_DEG = 5.0
# Land is drawn this far around, so that a wide wall showing a tall province never sees its edge: west, south, east, north.
LAND_BOUNDS = (101.9, 18.9, 109.9, 25.3)
# Names of provinces are shown only within this window.
NAMES_BOUNDS = (104.2, 20.6, 107.6, 23.4)
# Simplification of the land around and of the coast in the inset, in degrees.
LAND_TOLERANCE, INSET_TOLERANCE = 0.008, 0.05
# Parts of land around smaller than this, and parts of a province too small for its name, in square degrees.
LAND_PART_MIN, NAMED_PART_MIN = 0.0005, 0.12
# Islands smaller than this (square degrees, about 12 km2) are left out of the inset's coast.
INSET_ISLAND_MIN = 0.001

# Both archipelagos belong to Vietnam (special zones of Đà Nẵng and Khánh Hòa), whatever country an atlas files an islet under.
# `within` picks the atlas's islets; `also` are islands that it lacks (longitude, latitude; to a hundredth of a degree).
ARCHIPELAGOS = {
    "hoang-sa": {
        "name": "Quần đảo Hoàng Sa",
        "name_en": "Hoang Sa Islands",
        "within": box(110.9, 15.5, 113.0, 17.3),
        "also": [],
        "of": "Đà Nẵng",
    },
    "truong-sa": {
        "name": "Quần đảo Trường Sa",
        "name_en": "Truong Sa Islands",
        "within": box(111.2, 6.8, 115.95, 12.0),
        "also": [(111.92, 8.64), (112.92, 7.89), (114.33, 11.43), (114.33, 9.89), (113.69, 8.97)],
        "of": "Khánh Hòa",
    },
}
# Waters, with the place of the label.
WATERS = [
    ("Biển Đông", "East Sea", (112.6, 13.6)),
    ("Vịnh Bắc Bộ", "Gulf of Tonkin", (107.9, 19.7)),
    ("Vịnh Thái Lan", "Gulf of Thailand", (102.6, 8.9)),
]
# Names that GeoNames gives in English or without diacritics.
GEONAMES_SPELLING = {"Hanoi": "Hà Nội", "Haiphong": "Hải Phòng"}
# A town of GeoNames and an old township with one name are the same place within this distance.
SAME_PLACE_KM = 6.0


def _atlas_land(parts: list, window) -> dict[str, list]:
    """Land inside a window, Vietnam's and everybody else's; islets of the archipelagos are Vietnam's."""
    land = defaultdict(list)
    for country, polygon in parts:
        if not polygon.intersects(window) or any(a["within"].contains(polygon) for a in ARCHIPELAGOS.values()):
            continue
        land["vietnam" if country == VIETNAM else "other"] += polygons(polygon.intersection(window))
    return land


def fit_around(outline, own: str, land: dict) -> dict:
    """Lays coarse land (label -> shape, the own province among them) exactly around the fine outline of the own province.

    What the coarse own shape held and the fine one does not goes to the neighbour with the longest shared border.
    """
    around = {label: shape.difference(outline) for label, shape in land.items() if label != own}
    for gap in polygons(land[own].difference(outline)) if own in land else []:
        shared = {
            label: gap.boundary.intersection(shape.boundary).length
            for label, shape in around.items()
            if shape.intersects(gap)
        }
        if shared:
            heir = max(sorted(shared), key=shared.get)
            around[heir] = shapely.unary_union([around[heir], gap])
    return {**around, own: outline}


def land_features(land: dict, own: str, names: dict[str, str]) -> list[dict]:
    """Land polygons (`kind: land`, code of the province, `""` for other countries) and the names of provinces (`kind: label`)."""
    features, labels = [], []
    names_window = box(*NAMES_BOUNDS)
    for label, shape in sorted(land.items()):
        kept = [p for p in polygons(shape) if p.area > LAND_PART_MIN] or polygons(shape)[:1]
        if not kept:
            continue
        abroad = label == "other"
        features.append(
            feature(rounded(joined(kept)), kind="land", country="" if abroad else "VN", code="" if abroad else label)
        )
        seen = polygons(shape.intersection(names_window))
        # A corner of a province at the edge of the window gets no name: it would stand in the wrong place.
        if label not in (own, "other") and seen and seen[0].area > NAMED_PART_MIN:
            labels.append(feature(rounded(widest_place(seen[0])), kind="label", name=names[label], code=label))
    return features + labels


def neighbours(parts: list, communes: dict, wards: list, own: str, outline, plane: Plane) -> list[dict]:
    """The land around a province (outline in degrees), from the atlas's countries and Voronoi cells of everybody's wards."""
    window = box(*LAND_BOUNDS)
    land = _atlas_land(parts, window)
    seeds = {}
    for unit in [*communes.values(), *wards]:
        if window.contains(Point(unit.lon, unit.lat)):
            code = communes[unit.commune].province_code if hasattr(unit, "commune") else unit.province_code
            seeds[plane.point(unit.lon, unit.lat)] = code
    cells = voronoi(seeds, plane.to_km(window))
    provinces = smooth(dissolve([(seeds[point], cell) for point, cell in cells]), rounds=1)
    provinces = {code: plane.to_degrees(shape) for code, shape in provinces.items()}
    # One net of lines for everything, cut into faces, so that borders between provinces, countries and the sea share their points.
    vietnam, other = shapely.unary_union(land["vietnam"]), shapely.unary_union(land["other"])
    inner = [shape.boundary.intersection(vietnam) for shape in provinces.values()]
    net = shapely.unary_union([vietnam.boundary, other.boundary, *inner], grid_size=1e-6)
    codes = list(provinces)
    tree = shapely.STRtree([provinces[c] for c in codes])
    faces = defaultdict(list)
    for face in polygonize(net):
        at = face.representative_point()
        if vietnam.contains(at):
            found = tree.query(at, predicate="within").tolist()
            faces[codes[found[0]] if found else own].append(face)
        elif other.contains(at):
            faces["other"].append(face)
    labels = sorted(faces)
    coarse = simplified([shapely.unary_union(faces[label]) for label in labels], LAND_TOLERANCE)
    names = {c.province_code: split_kind(c.province)[1] for c in communes.values()}
    return land_features(fit_around(outline, own, dict(zip(labels, coarse))), own, names)


def sea(parts: list) -> list[dict]:
    """The inset: coarse coast, Vietnam, Biển Đông, and both archipelagos with their islets and an outline around them."""
    window = box(*INSET_BOUNDS).buffer(INSET_MARGIN_DEG, join_style="mitre")
    land = _atlas_land(parts, window)
    labels = sorted(land)
    # make_valid may leave hairline overlaps between countries' rings; a small grid closes them before the coverage is simplified.
    whole = [
        shapely.unary_union([p for p in land[label] if p.area > INSET_ISLAND_MIN], grid_size=1e-5) for label in labels
    ]
    coarse = simplified(whole, INSET_TOLERANCE)
    features = []
    for label, shape in zip(labels, coarse):
        kind = {"kind": "vietnam", "title": "Việt Nam"} if label == "vietnam" else {"kind": "land"}
        features.append(feature(rounded(joined([p for p in polygons(shape) if p.area > INSET_ISLAND_MIN])), **kind))
    for key, group in ARCHIPELAGOS.items():
        islets = [polygon.centroid for _, polygon in parts if group["within"].contains(polygon)]
        islets = MultiPoint([(p.x, p.y) for p in islets] + group["also"])
        outline = islets.convex_hull.buffer(0.45, quad_segs=6)
        features.append(feature(rounded(outline), kind="archipelago", id=key, of=group["of"]))
        features.append(feature(rounded(islets), kind="islets", id=key, of=group["of"]))
        features.append(
            feature(
                rounded(outline.centroid),
                kind="label",
                id=key,
                name=group["name"],
                name_en=group["name_en"],
                of=group["of"],
            )
        )
    for name, name_en, place in WATERS:
        features.append(feature(Point(place), kind="water", name=name, name_en=name_en))
    return features


def geonames(folder: Path) -> list[dict]:
    """Vietnam's towns from the npm package, read by its own reader."""
    done = subprocess.run(["node", "towns.mjs", "VN"], cwd=folder, capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        raise SystemExit(f"node towns.mjs failed (run `npm ci` in ops/map first): {done.stderr.strip()[-400:]}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def places(cities: list[dict], wards: list, communes: dict, province, plane: Plane) -> list[dict]:
    """Towns as points: former cities and townships of the province, and the seats of the provinces around.

    `rank` 1 is a city of the province, 2 a township, 3 a city outside. `province` is its shape in degrees.
    """
    features, known = [], {}
    for city in cities:
        name = nfc(GEONAMES_SPELLING.get(city["name"], city["name"]))
        known.setdefault(name, []).append((city["lon"], city["lat"]))
        inside = province.contains(Point(city["lon"], city["lat"]))
        if (
            not inside
            and city["feature"] in ("PPLA", "PPLC")
            and box(*NAMES_BOUNDS).contains(Point(city["lon"], city["lat"]))
        ):
            features.append((3, name, (city["lon"], city["lat"])))
    seats = {}
    for ward in wards:
        if ward.commune not in communes:
            continue
        kind, district = split_kind(ward.district)
        if kind in ("thành phố", "thị xã"):
            seats.setdefault((1, district), []).append((ward.lon, ward.lat))
        if split_kind(ward.full_name)[0] == "thị trấn":
            seats.setdefault((2, ward.name), []).append((ward.lon, ward.lat))
    for (rank, name), points in seats.items():
        near = MultiPoint([plane.point(*p) for p in points]).centroid
        better = [p for p in known.get(name, []) if Point(plane.point(*p)).distance(near) < SAME_PLACE_KM]
        lon, lat = better[0] if better else plane.to_degrees(near).coords[0]
        if province.contains(Point(lon, lat)):
            features.append((rank, name, (lon, lat)))
    kinds = {1: "city", 2: "town", 3: "city"}
    rows = sorted(features, key=lambda f: (f[0], f[1]))
    return [feature(rounded(Point(at)), kind=kinds[rank], name=name, rank=rank) for rank, name, at in rows]
