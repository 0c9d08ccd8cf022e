#!/usr/bin/env python3
"""Checks of the built map, the node's tables and the pure parts of the tools. Needs requirements.txt, no network.

Usage: python3 ops/map/test_map.py [MAP_FOLDER TOWN_FOLDER]
"""

import csv
import importlib
import json
import re
import subprocess
import sys
import tempfile
import traceback
import unicodedata
from collections import Counter
from pathlib import Path

import shapely
from shapely.geometry import Point, box, mapping, shape

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(HERE))
sys.dont_write_bytecode = True

import layers
import names
import region
import shapes
import town

MAP = Path(sys.argv[1]) if len(sys.argv) > 2 else ROOT / "web/public/map"
TOWN = Path(sys.argv[2]) if len(sys.argv) > 2 else ROOT / "cluster/node/assets/town"
FILES = ["communes", "districts", "province", "neighbours", "places", "sea"]
# Communes of the demo province, and the numbers of the old districts of both provinces that it was made of.
COMMUNES, DISTRICTS = 92, 17
# Area of the province by the official figure, and how far approximate shapes may be off.
AREA_KM2, AREA_OFF_MAX = 8375.0, 0.06


def features(name: str) -> list[dict]:
    return json.loads((MAP / f"{name}.geojson").read_text(encoding="utf-8"))["features"]


def table(name: str) -> list[dict]:
    return list(csv.DictReader((TOWN / name).read_text(encoding="utf-8").splitlines()))


def meta() -> dict:
    return json.loads((MAP / "meta.json").read_text(encoding="utf-8"))


def communes() -> dict:
    return {f["properties"]["code"]: shape(f["geometry"]) for f in features("communes")}


def strings(value):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from strings(key)
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)
    elif isinstance(value, str):
        yield value


# What ships.


def test_every_file_parses_and_every_shape_is_valid():
    for name in FILES:
        found = features(name)
        assert found, name
        for f in found:
            geometry = shape(f["geometry"])
            assert geometry.is_valid and not geometry.is_empty, (name, f["properties"])


def test_coordinates_have_four_digits():
    for name in FILES:
        text = (MAP / f"{name}.geojson").read_text(encoding="utf-8")
        assert not re.search(r"\d\.\d{5,}", text), name


def test_total_size_is_bounded():
    total = sum(layers.sizes(MAP).values())
    assert 0 < total < layers.TOTAL_BYTES_MAX, total


def test_every_commune_is_in_exactly_one_district():
    codes = list(communes())
    assert len(codes) == len(set(codes)) == COMMUNES
    members = [code for row in table("districts.csv") for code in row["admin_units"].split(";")]
    assert Counter(members) == Counter(codes)
    room = {code: row["id"] for row in table("districts.csv") for code in row["admin_units"].split(";")}
    assert {f["properties"]["code"]: f["properties"]["district"] for f in features("communes")} == room


def test_districts_agree_between_map_and_table():
    assert len(table("districts.csv")) == DISTRICTS
    drawn = {(f["properties"]["id"], f["properties"]["name"]) for f in features("districts")}
    assert drawn == {(row["id"], row["name"]) for row in table("districts.csv")}
    assert ("d-song-cong", "Sông Công") in drawn


def test_communes_cover_without_overlap():
    found = list(communes().values())
    whole = shapely.unary_union(found)
    assert abs(sum(s.area for s in found) / whole.area - 1) < 0.005
    province = shape(features("province")[0]["geometry"])
    assert province.symmetric_difference(whole).area / whole.area < 0.005
    if meta()["approximate"]:
        assert shapely.coverage_is_valid(found)


def test_districts_are_the_union_of_their_communes():
    units = communes()
    for f in features("districts"):
        whole = shapely.unary_union(
            [
                units[u["properties"]["code"]]
                for u in features("communes")
                if u["properties"]["district"] == f["properties"]["id"]
            ]
        )
        assert shape(f["geometry"]).symmetric_difference(whole).area / whole.area < 0.005, f["properties"]


def test_area_is_near_the_official_figure():
    plane = shapes.Plane(22.0)
    area = plane.to_km(shapely.unary_union(list(communes().values()))).area
    assert abs(area / AREA_KM2 - 1) < AREA_OFF_MAX, area


def test_no_spikes_and_no_giant_cells():
    plane = shapes.Plane(22.0)
    for code, unit in communes().items():
        flat = plane.to_km(unit)
        assert 3 < flat.area < 420, (code, flat.area)
        assert flat.area / flat.convex_hull.area > 0.6, code
        assert flat.geom_type == "Polygon", code


def test_neighbours_lie_around_without_gap_or_overlap():
    land = {
        f["properties"]["code"]: shape(f["geometry"])
        for f in features("neighbours")
        if f["properties"]["kind"] == "land"
    }
    province = shape(features("province")[0]["geometry"])
    own = meta()["code"]
    around = shapely.unary_union([g for code, g in land.items() if code != own])
    assert around.intersection(province).area / province.area < 0.001
    ring = province.buffer(0.05).difference(province)
    assert ring.difference(around).area / ring.area < 0.005
    labels = {f["properties"].get("name") for f in features("neighbours") if f["properties"]["kind"] == "label"}
    assert {"Tuyên Quang", "Cao Bằng", "Lạng Sơn", "Bắc Ninh", "Hà Nội", "Phú Thọ"} <= labels, labels
    assert meta()["name"] not in labels


def test_sea_and_archipelagos_are_shown():
    found = features("sea")
    by_name = {f["properties"]["name"]: shape(f["geometry"]) for f in found if f["properties"].get("name")}
    assert {"Biển Đông", "Quần đảo Hoàng Sa", "Quần đảo Trường Sa"} <= set(by_name)
    assert box(110.5, 15, 113.5, 17.6).contains(by_name["Quần đảo Hoàng Sa"])
    assert box(111, 7, 116.5, 12).contains(by_name["Quần đảo Trường Sa"])
    for key in ("hoang-sa", "truong-sa"):
        islets = [
            shape(f["geometry"]) for f in found if f["properties"]["kind"] == "islets" and f["properties"]["id"] == key
        ]
        outline = [
            shape(f["geometry"])
            for f in found
            if f["properties"]["kind"] == "archipelago" and f["properties"]["id"] == key
        ]
        assert len(islets) == len(outline) == 1 and len(islets[0].geoms) >= 5 and outline[0].contains(islets[0])
    inset = box(*meta()["inset_bounds"])
    assert all(inset.contains(g) for g in by_name.values())
    vietnam = next(shape(f["geometry"]) for f in found if f["properties"]["kind"] == "vietnam")
    assert vietnam.buffer(0.05).contains(Point(105.84, 21.02)) and vietnam.buffer(0.05).contains(Point(104.0, 10.25))
    others = [shape(f["geometry"]) for f in found if f["properties"]["kind"] == "land"]
    assert not any(o.intersects(a["within"]) for o in others for a in region.ARCHIPELAGOS.values())


def test_names_are_nfc_and_nothing_points_outside():
    texts = {
        p.name: p.read_text(encoding="utf-8")
        for folder in (MAP, TOWN)
        for p in folder.iterdir()
        if p.suffix in (".geojson", ".json", ".csv")
    }
    for name, text in texts.items():
        assert text == unicodedata.normalize("NFC", text), name
        assert not re.search(r"https?:|//|\{z\}|tile|www\.", text), name
        assert "\ufffd" not in text and "\r" not in text, name
    for name in FILES:
        for text in strings(features(name)):
            assert text == text.strip(), (name, text)


def test_meta_says_what_it_is():
    said = meta()
    west, south, east, north = said["bounds"]
    assert 105.3 < west < east < 106.4 and 21.2 < south < north < 22.9
    assert said["name"] == "Thái Nguyên" and said["name_en"] == "Thai Nguyen" and said["code"] == "19"
    assert isinstance(said["approximate"], bool) and said["sources"] and said["communes"] == COMMUNES
    assert said["approximate"] == ("note" in said)


def test_places_are_in_the_province_or_marked_outside():
    province = shape(features("province")[0]["geometry"])
    found = {f["properties"]["name"]: f for f in features("places")}
    assert {"Thái Nguyên", "Sông Công", "Phổ Yên", "Bắc Kạn"} <= {
        n for n, f in found.items() if f["properties"]["rank"] == 1
    }
    for name, f in found.items():
        assert province.buffer(0.01).contains(shape(f["geometry"])) == (f["properties"]["rank"] != 3), name


# The node's tables.


def test_units_form_one_tree_in_code_order():
    rows = table("admin_units.csv")
    codes = [row["code"] for row in rows]
    assert codes == sorted(codes) and len(codes) == len(set(codes))
    assert [row["code"] for row in rows if row["parent"] == ""] == ["19"]
    assert all(row["parent"] in codes for row in rows if row["parent"])
    now = {row["code"] for row in rows if row["valid_until_ms"] == "0" and row["parent"]}
    assert now == set(communes())
    drawn = {
        f["properties"]["code"]: (f["properties"]["name"], f["properties"]["name_en"]) for f in features("communes")
    }
    assert drawn == {row["code"]: (row["name"], row["name_en"]) for row in rows if row["code"] in now}


def test_abolished_units_end_where_the_new_ones_begin():
    for row in table("admin_units.csv"):
        span = (int(row["valid_from_ms"]), int(row["valid_until_ms"]))
        assert span in {(town.REFORM_MS, 0), (0, town.REFORM_MS)}, row
    ended = [row for row in table("admin_units.csv") if row["valid_until_ms"] != "0"]
    # 17 districts and the province of Bắc Kạn.
    assert len(ended) == DISTRICTS + 1
    assert {"Thành phố Sông Công", "Huyện Võ Nhai", "Tỉnh Bắc Kạn"} <= {row["name"] for row in ended}


def test_old_names_are_aliases_also_folded():
    alias = {row["code"]: row["aliases"].split(";") for row in table("admin_units.csv")}
    for code, found in alias.items():
        assert len(found) == len(set(found)) and all(found), code
        assert {names.fold(a) for a in found} <= set(found), code
    where = {a: code for code, found in alias.items() for a in found if code in communes()}
    assert where["bang lung"] == where["Bằng Lũng"] == "02020"
    cam_gia = {code for code, found in alias.items() if "Cam Giá" in found}
    assert cam_gia == {"05467", "05500"}


def test_groups_are_balanced():
    load = Counter()
    for row in table("districts.csv"):
        load[int(row["group"])] += len(row["admin_units"].split(";"))
    assert set(load) == set(range(1, town.GROUPS + 1))
    assert max(load.values()) - min(load.values()) <= 3, load


def test_device_points_lie_inside_their_commune():
    rows = table("communes_points.csv")
    assert [row["code"] for row in rows] == sorted(row["code"] for row in rows)
    units, count = communes(), Counter(row["code"] for row in rows)
    assert set(count) == set(units)
    assert all(1 + town.POINTS_MIN <= n <= 1 + town.POINTS_MAX for n in count.values())
    for row in rows:
        assert units[row["code"]].contains(Point(int(row["lon_e7"]) / town.E7, int(row["lat_e7"]) / town.E7)), row
    assert len({(row["lat_e7"], row["lon_e7"]) for row in rows}) == len(rows)


# The tools.


def test_names_fold_and_translate():
    assert names.fold("Đồng Hỷ") == "dong hy" and names.fold(unicodedata.normalize("NFD", "Định Hóa")) == "dinh hoa"
    assert names.slug("Sông Công") == "song-cong"
    assert (
        names.english("Phường Bá Xuyên") == "Ba Xuyen Ward" and names.proper("Thành Phố Bắc Kạn") == "Thành phố Bắc Kạn"
    )
    assert names.split_kind("Xã Xã Tắc") == ("xã", "Xã Tắc") and names.split_kind("Xanh") == ("", "Xanh")


def test_smoothing_keeps_a_coverage_and_its_areas():
    seeds = {
        (x + 0.3 * ((x * 7 + y * 3) % 3), y + 0.2 * ((x + y) % 2)): f"{x // 3}-{y // 3}"
        for x in range(9)
        for y in range(9)
    }
    before = shapes.dissolve([(seeds[p], c) for p, c in shapes.voronoi(seeds, box(-1, -1, 10, 10))])
    after = shapes.smooth(before, 2)
    assert set(after) == set(before) and len(after) == 9
    assert shapely.coverage_is_valid([shapes.rounded(s) for s in after.values()])
    whole = shapely.unary_union(list(after.values()))
    assert abs(sum(s.area for s in after.values()) / whole.area - 1) < 1e-9
    assert all(abs(after[k].area / before[k].area - 1) < 0.15 for k in before)


def test_mend_gives_a_stray_part_to_the_neighbour_around_it():
    stray = box(4, 1, 5, 2)
    coverage = {"a": box(0, 0, 3, 3).union(stray), "b": box(3, 0, 6, 3).difference(stray)}
    mended = shapes.mend(coverage, {"a", "b"})
    assert mended["a"].equals(box(0, 0, 3, 3)) and mended["b"].equals(box(3, 0, 6, 3))
    assert shapes.mend(coverage, {"b"})["a"].equals(coverage["a"])


def test_groups_take_the_largest_room_first():
    group = town.balanced_groups({f"d-{n}": ["x"] * n for n in range(1, 18)})
    load = Counter({g: sum(int(d[2:]) for d in group if group[d] == g) for g in group.values()})
    assert set(load) == set(range(1, 9)) and max(load.values()) <= 22


def test_fit_around_leaves_no_gap():
    fine = box(0.9, 1.1, 2.05, 2)
    land = {
        "own": box(1, 1, 2, 2),
        "w": box(0, 0, 1, 3),
        "e": box(2, 0, 3, 3),
        "s": box(1, 0, 2, 1),
        "n": box(1, 2, 2, 3),
    }
    fitted = region.fit_around(fine, "own", land)
    assert fitted["own"].equals(fine)
    assert shapely.unary_union(list(fitted.values())).symmetric_difference(box(0, 0, 3, 3)).area < 1e-9
    assert abs(sum(s.area for s in fitted.values()) - 9) < 1e-9


def test_import_takes_official_shapes_and_refuses_bad_ones():
    tool = importlib.import_module("import")
    plain = [layers.feature(g, ma_xa=code, ten_xa=f"Xã Số {code}") for code, g in communes().items()]
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        layers.write_features(here / "wards.geojson", plain)
        layers.write_features(here / "less.geojson", plain[1:])
        layers.write_features(
            here / "metres.geojson", [layers.feature(box(428000, 2380000, 429000, 2381000), code="01840", name="X")]
        )
        river = {
            "type": "Feature",
            "properties": {"ten": "Sông Cầu"},
            "geometry": mapping(shapely.LineString([(105.7, 21.5), (105.9, 21.7)])),
        }
        (here / "rivers.geojson").write_text(
            json.dumps({"type": "FeatureCollection", "features": [river]}), encoding="utf-8"
        )
        (here / "h.csv").write_text("name,lat,lon\nBệnh viện A,21.59,105.83\nNgoài tỉnh,10.8,106.6\n", encoding="utf-8")

        def run(*more: str) -> subprocess.CompletedProcess:
            fixed = [
                sys.executable,
                "-B",
                str(HERE / "import.py"),
                "--base",
                str(MAP),
                "--districts",
                str(TOWN / "districts.csv"),
                "--out",
                str(here / "out"),
            ]
            return subprocess.run([*fixed, *more], capture_output=True, text=True, timeout=120)

        done = run(
            "--communes",
            str(here / "wards.geojson"),
            "--rivers",
            str(here / "rivers.geojson"),
            "--hospitals",
            str(here / "h.csv"),
        )
        assert done.returncode == 0, done.stderr
        assert json.loads((here / "out/meta.json").read_text(encoding="utf-8"))["approximate"] is False
        made = json.loads((here / "out/communes.geojson").read_text(encoding="utf-8"))["features"]
        assert len(made) == COMMUNES and made[0]["properties"]["name"] == "Xã Số 01840"
        assert "Sông Cầu" in (here / "out/rivers.geojson").read_text(encoding="utf-8")
        places = (here / "out/places.geojson").read_text(encoding="utf-8")
        assert "Bệnh viện A" in places and "Ngoài tỉnh" not in places
        assert "missing" in run("--communes", str(here / "less.geojson")).stderr
        assert "VN-2000" in run("--communes", str(here / "metres.geojson")).stderr
        assert "--fields" in run("--communes", str(here / "rivers.geojson")).stderr
        assert "not a GeoJSON" in run("--communes", str(here / "h.csv")).stderr
    assert (
        tool.describe_road({"ten": "Hà Nội - Thái Nguyên", "loai_duong": "Đường sắt", "cap_duong": "Quốc Gia"})["kind"]
        == "rail"
    )
    assert tool.describe_road({"name": "ĐH 12"}) == {"name": "ĐH 12", "kind": "local"}


def main() -> int:
    passed = failed = 0
    for name, test in list(globals().items()):
        if not name.startswith("test_"):
            continue
        try:
            test()
            passed += 1
        except Exception:
            failed += 1
            print(f"FAILED {name}\n{traceback.format_exc()}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    raise SystemExit(main())
