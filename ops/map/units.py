"""Administrative units from the PyPI package vietnamadminunits (MIT): the communes of 2025, the wards before, and the way from one
to the other. This is the only file that knows the package's tables."""

import importlib.util
import json
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from names import nfc, proper, split_kind


@dataclass(frozen=True)
class Commune:
    """A commune, ward or special zone in force since 1 July 2025."""

    code: str
    full_name: str
    province_code: str
    province: str
    lon: float
    lat: float
    area_km2: float

    @property
    def name(self) -> str:
        return split_kind(self.full_name)[1]


@dataclass(frozen=True)
class OldWard:
    """A ward as it was until 30 June 2025, with the commune that took it over: the main one, and `also` the others where it was divided."""

    full_name: str
    district_code: str
    district: str
    old_province_code: str
    old_province: str
    commune: str
    also: tuple[str, ...]
    lon: float
    lat: float

    @property
    def name(self) -> str:
        return split_kind(self.full_name)[1]


def package_folder() -> Path:
    """Where vietnamadminunits keeps its tables, found without importing it (its import loads every parser)."""
    spec = importlib.util.find_spec("vietnamadminunits")
    if spec is None or spec.origin is None:
        raise SystemExit("vietnamadminunits is not installed: pip install -r ops/map/requirements.txt")
    return Path(spec.origin).parent / "data"


def _heirs(folder: Path) -> dict[str, list[tuple[str, str]]]:
    """Old ward's key -> (new province's key, new commune's key), the main heir first."""
    table = json.loads((folder / "converter_2025.json").read_text(encoding="utf-8"))
    heirs = {}
    for province, communes in table["DICT_PROVINCE_WARD_NO_DIVIDED"].items():
        for commune, old_keys in communes.items():
            heirs.update({old_key: [(province, commune)] for old_key in old_keys})
    for province, divided in table["DICT_PROVINCE_WARD_DIVIDED"].items():
        for old_key, parts in divided.items():
            main_first = sorted(parts, key=lambda part: not part["isDefaultNewWard"])
            heirs[old_key] = [(province, part["newWardKey"]) for part in main_first]
    return heirs


def load() -> tuple[dict[str, Commune], list[OldWard]]:
    """All communes by code, and all old wards that have a place and an heir, both in the order of their codes."""
    folder = package_folder()
    db = sqlite3.connect(f"file:{folder / 'dataset.db'}?mode=ro", uri=True)
    db.row_factory = sqlite3.Row
    communes, by_key = {}, {}
    for row in db.execute("SELECT * FROM admin_units ORDER BY wardCode"):
        commune = Commune(
            code=row["wardCode"],
            full_name=proper(row["ward"]),
            province_code=row["provinceCode"],
            province=proper(row["province"]),
            lon=row["wardLon"],
            lat=row["wardLat"],
            area_km2=row["wardAreaKm2"],
        )
        communes[commune.code] = commune
        by_key[(row["provinceKey"], row["wardKey"])] = commune.code
    heirs = _heirs(folder)
    wards = []
    for row in db.execute(
        "SELECT * FROM admin_units_legacy WHERE wardLat IS NOT NULL AND ward IS NOT NULL ORDER BY wardCode"
    ):
        keys = heirs.get(f"{row['provinceKey']}_{row['districtKey']}_{row['wardKey']}", [])
        taken_over_by = [by_key[key] for key in keys if key in by_key]
        if not taken_over_by:
            continue
        wards.append(
            OldWard(
                full_name=proper(row["ward"]),
                district_code=row["districtCode"],
                district=proper(row["district"]),
                old_province_code=row["provinceCode"],
                old_province=proper(nfc(row["province"])),
                commune=taken_over_by[0],
                also=tuple(taken_over_by[1:]),
                lon=row["wardLon"],
                lat=row["wardLat"],
            )
        )
    db.close()
    return communes, wards
