#!/usr/bin/env python3
"""Draws a map folder as one picture, to look at what build.py or import.py made: province and inset.

Usage: python3 ops/map/render.py web/public/map .data/map.png
"""

import json
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from shapely.geometry import shape

SEA, LAND, OWN, LINE, TEXT = "#cdd9e3", "#dfe3e6", "#f6f4ee", "#9aa5ad", "#22303a"


def features(folder: Path, name: str) -> list[dict]:
    path = folder / f"{name}.geojson"
    return json.loads(path.read_text(encoding="utf-8"))["features"] if path.is_file() else []


def draw(axes, geometry, face="none", edge="none", width=0.5, style="-"):
    if geometry.geom_type.startswith("Multi") or geometry.geom_type == "GeometryCollection":
        for part in geometry.geoms:
            draw(axes, part, face, edge, width, style)
    elif geometry.geom_type == "Polygon":
        axes.fill(*geometry.exterior.xy, facecolor=face, edgecolor=edge, linewidth=width, linestyle=style)
    elif geometry.geom_type == "LineString":
        axes.plot(*geometry.xy, color=edge, linewidth=width)
    elif geometry.geom_type == "Point":
        axes.plot([geometry.x], [geometry.y], ".", color=edge, markersize=2 + width)


def main(folder: Path, out: Path) -> None:
    meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
    west, south, east, north = meta["bounds"]
    figure, (left, right) = plt.subplots(1, 2, figsize=(22, 15), width_ratios=[3, 1.6])
    figure.suptitle(f"{meta['full_name']} ({'ranh giới gần đúng' if meta['approximate'] else 'ranh giới chính thức'})")
    for axes, limits in ((left, (west - 0.5, east + 0.5, south - 0.08, north + 0.08)), (right, None)):
        axes.set_facecolor(SEA)
        axes.set_aspect(1 / 0.93)
        if limits:
            axes.set_xlim(limits[:2]), axes.set_ylim(limits[2:])
    for f in features(folder, "neighbours"):
        g = shape(f["geometry"])
        draw(left, g, LAND, LINE, 0.8)
        if f["properties"]["kind"] == "label":
            left.text(g.x, g.y, f["properties"]["name"].upper(), color="#7b858c", ha="center", clip_on=True)
    for f in features(folder, "communes"):
        draw(left, shape(f["geometry"]), OWN, LINE, 0.5)
        left.text(
            f["properties"]["label_lon"],
            f["properties"]["label_lat"],
            f["properties"]["label"],
            fontsize=6.5,
            color=TEXT,
            ha="center",
        )
    for f in features(folder, "rivers"):
        draw(left, shape(f["geometry"]), edge="#6f9fc8", width=1.2)
    for f in features(folder, "roads"):
        draw(left, shape(f["geometry"]), edge="#b08d57", width=0.9)
    for f in features(folder, "districts"):
        g = shape(f["geometry"])
        draw(left, g, edge="#4d6270", width=1.6, style="--")
    for f in features(folder, "province"):
        draw(left, shape(f["geometry"]), edge="#22303a", width=2.2)
    for f in features(folder, "places"):
        g = shape(f["geometry"])
        left.plot(
            [g.x], [g.y], "s", color="#22303a" if f["properties"]["kind"] != "hospital" else "#7a5cad", markersize=3
        )
    for f in features(folder, "sea"):
        g, p = shape(f["geometry"]), f["properties"]
        draw(
            right,
            g,
            {"vietnam": OWN, "land": LAND}.get(p["kind"], "none"),
            "#4d6270" if p["kind"] != "label" else "none",
            0.6,
        )
        if p.get("name"):
            right.text(g.x, g.y, p["name"], ha="center", va="top", fontsize=9, color=TEXT)
    figure.tight_layout()
    figure.savefig(out, dpi=90)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
