"""The files that the screens read: from shapes in degrees to GeoJSON. build.py and import.py both end here, so their outputs agree."""

import json
from pathlib import Path

import shapely
from shapely.geometry import mapping

from names import english, split_kind
from shapes import DIGITS, joined, polygons, rounded

# The whole country with its seas and archipelagos, for the inset: west, south, east, north.
INSET_BOUNDS = [101.5, 6.3, 118.0, 23.9]
# The largest total of the files that ship; beyond it the first load of a wall over a thin line gets slow.
TOTAL_BYTES_MAX = 1_200_000


def _numbers(value):
    """GeoJSON coordinates with the digits that are meant and no trailing zeros."""
    if isinstance(value, (list, tuple)):
        return [_numbers(v) for v in value]
    return round(value, DIGITS)


def feature(geometry, **properties) -> dict:
    """One GeoJSON feature, in the order and with the digits that make equal inputs equal bytes."""
    shape = mapping(geometry)
    return {
        "type": "Feature",
        "properties": properties,
        "geometry": {"type": shape["type"], "coordinates": _numbers(shape["coordinates"])},
    }


def widest_place(shape):
    """The middle of the largest circle that fits: where a label has the most room."""
    circle = shapely.maximum_inscribed_circle(polygons(shape)[0], tolerance=0.001)
    return shapely.Point(circle.coords[0])


def write_features(path: Path, features: list[dict]) -> None:
    """One feature per line, so that a difference between two versions can be read."""
    lines = [json.dumps(f, ensure_ascii=False, separators=(",", ":")) for f in features]
    text = '{"type":"FeatureCollection","features":[\n' + ",\n".join(lines) + "\n]}\n"
    path.write_text(text, encoding="utf-8")


def write_communes(out: Path, communes: list[dict], districts: list[dict]) -> list[float]:
    """Writes communes, districts and province, and gives back the province's bounds (west, south, east, north).

    `communes` are `{code, full_name, district, shape}` in code order, shapes rounded; `districts` are `{id, name}`. Districts and the
    province are unions of the rounded communes, so every line of theirs lies on a line of the communes.
    """
    features = []
    for unit in communes:
        label_at = widest_place(unit["shape"])
        features.append(
            feature(
                unit["shape"],
                code=unit["code"],
                name=unit["full_name"],
                label=split_kind(unit["full_name"])[1],
                name_en=unit.get("name_en") or english(unit["full_name"]),
                district=unit["district"],
                label_lon=round(label_at.x, DIGITS),
                label_lat=round(label_at.y, DIGITS),
            )
        )
    write_features(out / "communes.geojson", features)
    rooms = []
    for district in districts:
        shape = joined(polygons(shapely.unary_union([u["shape"] for u in communes if u["district"] == district["id"]])))
        rooms.append(feature(rounded(shape), id=district["id"], name=district["name"], name_en=district["name_en"]))
    write_features(out / "districts.geojson", rooms)
    province = joined(polygons(shapely.unary_union([u["shape"] for u in communes])))
    write_features(out / "province.geojson", [feature(rounded(province), kind="province")])
    return [round(v, DIGITS) for v in province.bounds]


def write_meta(out: Path, meta: dict) -> None:
    (out / "meta.json").write_text(json.dumps(meta, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def sizes(out: Path) -> dict[str, int]:
    """Bytes of each file in a folder, by name."""
    return {path.name: path.stat().st_size for path in sorted(out.iterdir()) if path.is_file()}
