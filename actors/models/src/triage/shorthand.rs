//! What people write instead of a word when they chat.

/// Shorthand and the word that is meant, in Telex with the tone last; in order, for a binary search.
const SHORTHAND: &[(&str, &str)] = &[
    ("ae", "anh em"),
    ("ah", "anh"),
    ("ak", "a"),
    ("bgio", "bay giowf"),
    ("bh", "bay giowf"),
    ("bhyt", "baro hieemr y tees"),
    ("bik", "bieets"),
    ("bme", "boos mej"),
    ("bn", "bao nhieeu"),
    ("bv", "beenhj vieenj"),
    ("cc", "caaps cuwus"),
    ("chj", "chij"),
    ("ck", "choongf"),
    ("cmr", "roofi"),
    ("cs", "canhr sats"),
    ("csgt", "canhr sats giao thoong"),
    ("ctrai", "con trai"),
    ("cty", "coong ty"),
    ("cx", "cungx"),
    ("cxin", "cho xin"),
    ("dag", "ddang"),
    ("dc", "dduwowcj"),
    ("dg", "ddang"),
    ("dj", "ddi"),
    ("dko", "dduwowcj khoong"),
    ("dt", "ddieenj thoaij"),
    ("dthoai", "ddieenj thoaij"),
    ("e", "em"),
    ("gd", "gia ddinhf"),
    ("gdinh", "gia ddinhf"),
    ("gt", "giao thoong"),
    ("h", "giowf"),
    ("hc", "hocj"),
    ("hem", "khoong"),
    ("hnay", "hoom nay"),
    ("hok", "khoong"),
    ("hqua", "hoom qua"),
    ("hs", "hocj sinh"),
    ("iu", "yeeu"),
    ("j", "gif"),
    ("k", "khoong"),
    ("kg", "khoong"),
    ("kh", "khoong"),
    ("khg", "khoong"),
    ("ko", "khoong"),
    ("kp", "khoong phair"),
    ("mjh", "minhf"),
    ("mk", "minhf"),
    ("mn", "moij nguwowif"),
    ("mng", "moij nguwowif"),
    ("nc", "nuwowcs"),
    ("ng", "nguwowif"),
    ("ngta", "nguwowif ta"),
    ("nh", "nhuwng"),
    ("nhg", "nhuwng"),
    ("nhiu", "nhieeu"),
    ("nhma", "nhuwng maf"),
    ("nma", "nhuwng maf"),
    ("nt", "nhawns tin"),
    ("ntn", "nhuw thees naof"),
    ("nv", "nhaan vieen"),
    ("ny", "nguwowif yeeu"),
    ("oto", "oo too"),
    ("pk", "phair khoong"),
    ("qtam", "quan taam"),
    ("r", "roofi"),
    ("sdt", "soos ddieenj thoaij"),
    ("sv", "sinh vieen"),
    ("tgian", "thowif gian"),
    ("thik", "thichs"),
    ("tks", "camr own"),
    ("trc", "truwowcs"),
    ("trog", "trong"),
    ("ubnd", "uyr ban"),
    ("vc", "vowj choongf"),
    ("vj", "vif"),
    ("vk", "vowj"),
    ("vs", "vowis"),
    ("wa", "quas"),
    ("xm", "xe masy"),
    ("xog", "xong"),
    ("z", "vaajy"),
];

/// The words that a piece of shorthand (without marks, lower case) stands for, in Telex; `None` for any other word.
#[must_use]
pub fn meant(plain: &str) -> Option<&'static str> {
    SHORTHAND
        .binary_search_by_key(&plain, |(short, _)| short)
        .ok()
        .and_then(|at| SHORTHAND.get(at))
        .map(|(_, long)| *long)
}

/// The same table, for who writes shorthand on purpose (the generator).
pub fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    SHORTHAND.iter().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order_and_answers() {
        assert!(SHORTHAND.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert_eq!(meant("ko"), Some("khoong"));
        assert_eq!(meant("nuoc"), None);
    }
}
