#!/usr/bin/env python3
"""Turns an operator's official GeoJSON into the same files that build.py makes, with `approximate: false`.

Usage: python3 ops/map/import.py --communes wards.geojson.gz [--provinces provinces.geojson.gz] [--roads roads.geojson.gz]
         [--rivers rivers.geojson.gz] [--hospitals hospitals.csv.gz] [--fields code=ma_xa,name=ten_xa] [--tolerance 0.0005]
         [--source "where it is from, licence"] --out FOLDER [--town FOLDER]

Files are GeoJSON in WGS 84 degrees (or CSV with name,lat,lon for hospitals), plain or gzipped. Communes need a code and a name.
District rooms, towns and the inset come from what is built (--districts, --base). Serve the folder in the place of web/public/map.
"""

import argparse
import csv
import gzip
import io
import json
from pathlib import Path

import shapely
from shapely.geometry import box, shape

import layers
import region
import town
from names import nfc
from shapes import Plane, joined, polygons, rounded, simplified

ROOT = Path(__file__).resolve().parent.parent.parent
# The largest file that is read, unpacked.
READ_BYTES_MAX = 512 * 1024 * 1024
# Roads and rivers are kept this far around the province, in degrees.
LINES_MARGIN_DEG = 0.8
# Simplification of roads and rivers, in degrees.
LINES_TOLERANCE = 0.0003
# Property names tried for each field, in this order, where --fields names none. The full name ("Phường X") comes before the short one.
FIELDS = {
    "code": ["code", "ma_xa", "maXa", "ward_code", "ma"],
    "name": ["full_name", "fullName", "ten_xa", "tenXa", "name", "ten"],
}
ROAD_KINDS = [("đường sắt", "rail"), ("quốc gia", "national"), ("asean", "national"), ("cấp tỉnh", "provincial")]


def read_text(path: Path) -> str:
    """A file's text, unpacked where its name ends in .gz, refused above `READ_BYTES_MAX`."""
    if not path.is_file():
        raise SystemExit(f"{path}: no such file")
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        data = file.read(READ_BYTES_MAX + 1)
    if len(data) > READ_BYTES_MAX:
        raise SystemExit(f"{path}: more than {READ_BYTES_MAX:,} bytes unpacked: cut it to the province first")
    return data.decode("utf-8-sig")


def read_features(path: Path) -> list[tuple[dict, object]]:
    """(properties, geometry in degrees) of each feature; refuses what is not GeoJSON in WGS 84."""
    try:
        collection = json.loads(read_text(path))
        found = [(f["properties"] or {}, shape(f["geometry"])) for f in collection["features"] if f.get("geometry")]
    except (ValueError, KeyError, TypeError) as wrong:
        raise SystemExit(f"{path}: not a GeoJSON FeatureCollection ({type(wrong).__name__}: {wrong})") from wrong
    for properties, geometry in found:
        west, south, east, north = geometry.bounds
        if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
            raise SystemExit(
                f"{path}: {properties} lies at {geometry.bounds}, not in degrees: convert VN-2000 to WGS 84 first"
            )
    return found


def field(properties: dict, wanted: str, chosen: dict[str, str], path: Path) -> str:
    """A property by its meaning, from the name that --fields gives or the first known one that is there."""
    for name in [chosen[wanted]] if wanted in chosen else FIELDS[wanted]:
        if properties.get(name) not in (None, ""):
            return nfc(str(properties[name]))
    raise SystemExit(f"{path}: no {wanted} among {sorted(properties)}: say which with --fields {wanted}=PROPERTY")


def read_districts(path: Path) -> tuple[list[dict], dict[str, str]]:
    """District rooms, and commune code -> district id, from the table that the node uses."""
    rooms = list(csv.DictReader(io.StringIO(read_text(path))))
    return rooms, {code: room["id"] for room in rooms for code in room["admin_units"].split(";")}


def read_communes(path: Path, room: dict[str, str], chosen: dict[str, str], tolerance: float) -> list[dict]:
    """The province's communes with rounded shapes, in code order. Every code of the rooms must be there; others are left out."""
    found = {}
    for properties, geometry in read_features(path):
        code = field(properties, "code", chosen, path)
        if code in room:
            parts = polygons(geometry if geometry.is_valid else shapely.make_valid(geometry))
            found[code] = (field(properties, "name", chosen, path), shapely.unary_union(parts))
    missing = sorted(set(room) - set(found))
    if missing:
        raise SystemExit(
            f"{path}: {len(missing)} communes are missing, e.g. {missing[:5]}: give the file of the whole province"
        )
    codes = sorted(found)
    shapes = [found[c][1] for c in codes]
    if tolerance > 0:
        shapes = simplified(shapes, tolerance)
    # Rounding moves both sides of a border alike; a sliver that turns inside out is mended by keeping its polygons.
    shapes = [rounded(s) for s in shapes]
    shapes = [s if s.is_valid else joined(polygons(shapely.make_valid(s))) for s in shapes]
    return [{"code": c, "full_name": found[c][0], "district": room[c], "shape": s} for c, s in zip(codes, shapes)]


def land_around(base: Path, provinces: Path | None, own: str, outline) -> list[dict]:
    """`neighbours.geojson` around the official outline: the built land, with official provinces in it where they are given."""
    built = read_features(base / "neighbours.geojson")
    names = {p["code"]: p["name"] for p, _ in built if p["kind"] == "label"}
    land = {p["code"] or "other": g for p, g in built if p["kind"] == "land"}
    if provinces is not None:
        window = box(*region.LAND_BOUNDS)
        official = {}
        for properties, geometry in read_features(provinces):
            code = field(properties, "code", {}, provinces)
            names[code] = nfc(str(properties.get("name", code)))
            inside = polygons(shapely.make_valid(geometry).intersection(window))
            if inside:
                official[code] = shapely.unary_union(inside)
        codes = sorted(official)
        official = dict(zip(codes, simplified([official[c] for c in codes], region.LAND_TOLERANCE)))
        whole = shapely.unary_union(list(official.values()))
        abroad = land["other"]
        # Where the coarse atlas gave Vietnam more than the official border, the strip beyond the border is the neighbour's land.
        coarse = shapely.unary_union([g for code, g in land.items() if code != "other"])
        strips = [p for p in polygons(coarse.difference(whole)) if p.intersects(abroad)]
        land = {**official, "other": shapely.unary_union([abroad, *strips]).difference(whole)}
    return region.land_features(region.fit_around(outline, own, land), own, names)


def lines(path: Path, window, describe) -> list[dict]:
    """Lines inside a window with the properties that `describe` gives."""
    features = []
    for properties, geometry in read_features(path):
        inside = geometry.intersection(window).simplify(LINES_TOLERANCE)
        parts = [g for g in getattr(inside, "geoms", [inside]) if g.geom_type == "LineString" and not g.is_empty]
        if parts:
            merged = parts[0] if len(parts) == 1 else shapely.MultiLineString(parts)
            features.append(layers.feature(rounded(merged), **describe(properties)))
    return sorted(features, key=lambda f: json.dumps(f, ensure_ascii=False, sort_keys=True))


def describe_road(properties: dict) -> dict:
    """`kind` is rail, national, provincial or local, from the type and the class of a Vietnamese road table."""
    said = f"{properties.get('loai_duong', '')} {properties.get('cap_duong', '')} {properties.get('kind', '')}".lower()
    kind = next((kind for word, kind in ROAD_KINDS if word in said or kind in said), "local")
    return {"name": nfc(str(properties.get("ten") or properties.get("name") or "")), "kind": kind}


def describe_river(properties: dict) -> dict:
    return {"name": nfc(str(properties.get("ten") or properties.get("name") or "")), "kind": "river"}


def hospitals(path: Path, outline) -> list[dict]:
    """Hospitals inside the province as places, from a CSV with name, lat, lon; one of a name at one place (about 100 m)."""
    found = {}
    for number, row in enumerate(csv.DictReader(io.StringIO(read_text(path))), start=2):
        try:
            at = shapely.Point(float(row["lon"]), float(row["lat"]))
            name = nfc(row["name"])
        except (KeyError, TypeError, ValueError) as wrong:
            raise SystemExit(f"{path}, line {number}: needs name, lat and lon in degrees ({wrong})") from wrong
        if name and outline.contains(at):
            found[(name, round(at.x, 3), round(at.y, 3))] = at
    return [
        layers.feature(rounded(at), kind="hospital", name=key[0], rank=4)
        for key, at in sorted(found.items(), key=lambda i: i[0])
    ]


def main(options: argparse.Namespace) -> None:
    chosen = dict(pair.split("=", 1) for pair in options.fields.split(",") if "=" in pair)
    unknown = set(chosen) - set(FIELDS)
    if unknown:
        raise SystemExit(f"--fields: {sorted(unknown)} unknown, there are {sorted(FIELDS)}")
    rooms, room = read_districts(options.districts)
    communes = read_communes(options.communes, room, chosen, options.tolerance)
    base = json.loads(read_text(options.base / "meta.json"))
    outline = shapely.unary_union([u["shape"] for u in communes])
    options.out.mkdir(parents=True, exist_ok=True)
    bounds = layers.write_communes(options.out, communes, rooms)
    land = land_around(options.base, options.provinces, base["code"], outline)
    layers.write_features(options.out / "neighbours.geojson", land)
    (options.out / "sea.geojson").write_text(read_text(options.base / "sea.geojson"), encoding="utf-8")
    places = json.loads(read_text(options.base / "places.geojson"))["features"]
    if options.hospitals:
        places += hospitals(options.hospitals, outline)
    layers.write_features(options.out / "places.geojson", places)
    window = box(*outline.bounds).buffer(LINES_MARGIN_DEG, join_style="mitre")
    for name, path, describe in (("roads", options.roads, describe_road), ("rivers", options.rivers, describe_river)):
        if path:
            layers.write_features(options.out / f"{name}.geojson", lines(path, window, describe))
    meta = {
        **base,
        "bounds": bounds,
        "approximate": False,
        "communes": len(communes),
        "sources": [*options.source, *base["sources"]],
    }
    layers.write_meta(options.out, {key: value for key, value in meta.items() if not key.startswith("note")})
    if options.town:
        options.town.mkdir(parents=True, exist_ok=True)
        town.write_points(options.town, communes, Plane(outline.centroid.y))
    sizes = layers.sizes(options.out)
    for file, size in sizes.items():
        print(f"{size:>9,} {file}")
    print(f"{sum(sizes.values()):>9,} in all; {len(communes)} communes, {len(rooms)} districts")
    if sum(sizes.values()) > layers.TOTAL_BYTES_MAX:
        print(
            f"More than {layers.TOTAL_BYTES_MAX:,} bytes: a first load over a thin line gets slow; try a larger --tolerance."
        )
    if not shapely.coverage_is_valid([u["shape"] for u in communes]):
        print(
            "The communes overlap or leave cracks in places (in the file itself, or by rounding); they are drawn as they are."
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--communes", type=Path, required=True)
    parser.add_argument("--provinces", type=Path)
    parser.add_argument("--roads", type=Path)
    parser.add_argument("--rivers", type=Path)
    parser.add_argument("--hospitals", type=Path)
    parser.add_argument("--fields", default="", help="property names, e.g. code=ma_xa,name=ten_xa")
    parser.add_argument(
        "--tolerance",
        type=float,
        default=0.0005,
        help="simplify borders by this many degrees, without cracks; 0 keeps all",
    )
    parser.add_argument("--source", action="append", default=[], help="a line for the list of sources; may be repeated")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--town", type=Path, help="also write communes_points.csv here, inside the official shapes")
    parser.add_argument("--districts", type=Path, default=ROOT / "cluster/node/assets/town/districts.csv")
    parser.add_argument("--base", type=Path, default=ROOT / "web/public/map", help="folder that build.py made")
    main(parser.parse_args())
