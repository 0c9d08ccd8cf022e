"""The tables that a fresh node takes its demo province from: units, district rooms and places for devices. CSV, embedded at build time."""

import csv
import math
import random
from collections import Counter, defaultdict
from pathlib import Path

from shapely.geometry import Point

from names import english, fold, slug, split_kind

# 1 July 2025, 00:00 in Vietnam (UTC+7), in Unix milliseconds: two tiers of government from here on.
REFORM_MS = 1_751_302_800_000
# Field groups that devices are spread over.
GROUPS = 8
# Places for devices per commune, besides its middle: one per this many square kilometres, within the bounds.
POINTS_MIN, POINTS_MAX, KM2_PER_POINT = 3, 6, 30.0
# Tries per place; the one farthest from those already taken wins.
TRIES_PER_POINT = 24
E7 = 10_000_000


def districts_of(communes: dict, wards: list, ward_area_km2: dict) -> tuple[list[dict], dict[str, str]]:
    """District rooms from old districts: each commune goes to the old district that held most of its area.

    `ward_area_km2` is by position in `wards`. Gives `{id, name, name_en, full_name, code, old_province}` by id, and commune code -> id.
    """
    share = defaultdict(lambda: defaultdict(float))
    district = {}
    for index, ward in enumerate(wards):
        if ward.commune in communes:
            share[ward.commune][ward.district_code] += ward_area_km2.get(index, 0.0)
            name = split_kind(ward.district)[1]
            district[ward.district_code] = {
                "id": f"d-{slug(name)}",
                "name": name,
                "name_en": english(name),
                "full_name": ward.district,
                "code": ward.district_code,
                "old_province": ward.old_province,
                "old_province_code": ward.old_province_code,
            }
    room = {}
    for code in communes:
        best = max(sorted(share[code]), key=lambda d: share[code][d])
        room[code] = district[best]["id"]
    return sorted(district.values(), key=lambda d: d["id"]), room


def balanced_groups(members: dict[str, list[str]]) -> dict[str, int]:
    """District id -> group 1..=8, so that groups hold about the same number of communes: the largest room first, to the lightest group."""
    load = dict.fromkeys(range(1, GROUPS + 1), 0)
    group = {}
    for room in sorted(members, key=lambda r: (-len(members[r]), r)):
        lightest = min(load, key=lambda g: (load[g], g))
        group[room] = lightest
        load[lightest] += len(members[room])
    return group


def aliases(full_name: str, former: list[str]) -> str:
    """Names that people still use for a unit, `;` between them: its own without the kind, former ones, and all of these folded."""
    own = split_kind(full_name)[1]
    names = dict.fromkeys([own, *former])
    names.update(dict.fromkeys(fold(n) for n in [own, *former]))
    return ";".join(n for n in names if n != full_name)


def device_points(code: str, shape, area_km2: float, plane) -> list[tuple[int, int]]:
    """(latitude, longitude) in 1e-7 degrees: the middle first, then fixed places spread inside the shape (degrees).

    The same code and shape give the same places on every machine: Python seeds `random.Random` from a string by SHA-512.
    """
    chance = random.Random(code)
    flat = plane.to_km(shape)
    middle = flat.representative_point() if not flat.contains(flat.centroid) else flat.centroid
    inner = flat.buffer(-0.12 * math.sqrt(flat.area / math.pi))
    inner = flat if inner.is_empty else inner
    west, south, east, north = inner.bounds
    taken = [middle]
    wanted = max(POINTS_MIN, min(POINTS_MAX, round(area_km2 / KM2_PER_POINT)))
    while len(taken) <= wanted:
        tries = [Point(chance.uniform(west, east), chance.uniform(south, north)) for _ in range(TRIES_PER_POINT)]
        inside = [p for p in tries if inner.contains(p)]
        if inside:
            taken.append(max(inside, key=lambda p: min(p.distance(t) for t in taken)))
    degrees = [plane.to_degrees(p) for p in taken]
    return [(round(p.y * E7), round(p.x * E7)) for p in degrees]


def write_csv(path: Path, header: list[str], rows: list[list]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def write_points(out: Path, communes: list[dict], plane) -> None:
    """`communes_points.csv`: the first row of each code is the middle of the commune."""
    rows = []
    for unit in communes:
        area = plane.to_km(unit["shape"]).area
        rows += [[unit["code"], lat, lon] for lat, lon in device_points(unit["code"], unit["shape"], area, plane)]
    write_csv(out / "communes_points.csv", ["code", "lat_e7", "lon_e7"], rows)


def write_town(
    out: Path, province: dict, communes: dict, wards: list, districts: list[dict], room: dict[str, str]
) -> None:
    """`admin_units.csv` and `districts.csv`. An abolished unit's parent is the unit that took it over, so there is one top."""
    head = ["code", "name", "name_en", "parent", "aliases", "valid_from_ms", "valid_until_ms"]
    # A name of an old district is an alias of each commune of the room, so that a search for it finds the place's communes.
    room_name = {d["id"]: d["name"] for d in districts}
    former = defaultdict(list)
    for ward in wards:
        for code in (ward.commune, *ward.also):
            former[code].append(ward.name)
    rows = [
        [
            province["code"],
            province["full_name"],
            english(province["full_name"]),
            "",
            aliases(province["full_name"], []),
            REFORM_MS,
            0,
        ]
    ]
    for code, commune in communes.items():
        names = aliases(commune.full_name, [*former[code], room_name[room[code]]])
        rows.append([code, commune.full_name, english(commune.full_name), province["code"], names, REFORM_MS, 0])
    for name, code in sorted({(d["old_province"], d["old_province_code"]) for d in districts}):
        # The new province keeps the code of one of the old ones; only the other gets a row of its own.
        if code != province["code"]:
            rows.append([code, name, english(name), province["code"], aliases(name, []), 0, REFORM_MS])
    for d in districts:
        rows.append(
            [
                d["code"],
                d["full_name"],
                english(d["full_name"]),
                province["code"],
                aliases(d["full_name"], []),
                0,
                REFORM_MS,
            ]
        )
    duplicates = [code for code, n in Counter(row[0] for row in rows).items() if n > 1]
    if duplicates:
        raise SystemExit(f"admin_units.csv: codes {duplicates} stand twice")
    write_csv(out / "admin_units.csv", head, sorted(rows))
    members = defaultdict(list)
    for code in sorted(room):
        members[room[code]].append(code)
    group = balanced_groups(members)
    write_csv(
        out / "districts.csv",
        ["id", "name", "name_en", "admin_units", "group"],
        [
            [d["id"], d["name"], d["name_en"], ";".join(members[d["id"]]), group[d["id"]]]
            for d in districts
            if members[d["id"]]
        ],
    )
