"""Vietnamese names: folding for search, slugs for ids, English forms. Pure."""

import re
import unicodedata

# The kinds of unit, before July 2025 and since, with the English word that the statistics office uses after the name.
KINDS_EN = {
    "tỉnh": "Province",
    "thành phố": "City",
    "quận": "District",
    "huyện": "District",
    "thị xã": "Town",
    "thị trấn": "Township",
    "phường": "Ward",
    "xã": "Commune",
    "đặc khu": "Special Zone",
}


def nfc(text: str) -> str:
    """The composed form (NFC), with single spaces. Everything stored or compared is in this form."""
    return unicodedata.normalize("NFC", re.sub(r"\s+", " ", text).strip())


def fold(text: str) -> str:
    """The form for search: lower case, no diacritics, đ as d. `fold("Định Hóa") == "dinh hoa"`."""
    plain = unicodedata.normalize("NFD", text.lower().replace("đ", "d"))
    return nfc("".join(c for c in plain if not unicodedata.combining(c)))


def unaccented(text: str) -> str:
    """The same letters without diacritics, case kept: the usual English spelling of a Vietnamese name."""
    plain = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return nfc("".join(c for c in plain if not unicodedata.combining(c)))


def slug(text: str) -> str:
    """An id in ASCII: `slug("Sông Công") == "song-cong"`."""
    return re.sub(r"[^a-z0-9]+", "-", fold(text)).strip("-")


def split_kind(full_name: str) -> tuple[str, str]:
    """`"Phường Bá Xuyên"` gives `("phường", "Bá Xuyên")`; a name without a known kind gives `("", name)`."""
    name = nfc(full_name)
    for kind in KINDS_EN:
        if name.lower().startswith(kind + " "):
            return kind, name[len(kind) + 1 :]
    return "", name


def proper(full_name: str) -> str:
    """The full name with only the first letter of its kind in upper case ("Thành Phố" becomes "Thành phố")."""
    kind, name = split_kind(full_name)
    return f"{kind.capitalize()} {name}" if kind else name


def english(full_name: str) -> str:
    """`"Phường Bá Xuyên"` gives `"Ba Xuyen Ward"`."""
    kind, name = split_kind(full_name)
    return f"{unaccented(name)} {KINDS_EN[kind]}" if kind else unaccented(name)
