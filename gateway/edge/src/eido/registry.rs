//! Words and numbers that the standard keeps in registries, and what they are here. Of incident types the codes are those of APCO ANS
//! 2.103.1, which stand beside NENA's description (`NENA911/EIDO-JSON`, `Schema/NIEMComponents/apco.yaml`).

use domain::{IncidentKind, Severity};

/// Of the types of locations: where the incident is, as far as is known now.
pub(super) const INCIDENT_LOCATION: &str = "CurrentIncident";
/// Of the roles of agencies.
pub(super) const AGENCY_ROLE: &str = "Dispatching";
/// Of the services that respond (`urn:emergency:service:responder`).
pub(super) const AGENCY_TYPE: &str = "psap";

/// Of the incident types those that say which of our kinds it is. What is in no list is looked for by its words.
const TYPES: &[(IncidentKind, &[&str])] = &[
    (IncidentKind::Flood, &["WATER"]),
    (
        IncidentKind::Fire,
        &[
            "ALRF", "ALRHEAT", "ALRPULL", "FAIRC", "FAPT", "FARSON", "FBRUSH", "FELEC", "FFUEL", "FMARINE", "FOTHER",
            "FREPORT", "FSMOKE", "FSTRU", "FTRAILER", "FTRAIN", "FTRASH", "FTRUCK", "FUNK", "FVEH",
        ],
    ),
    (
        IncidentKind::Medical,
        &[
            "ABDOM", "ALLERGIC", "ALRMED", "ALS", "BITE", "BLEEDING", "BLS", "BURN", "CARDIAC", "CHESPAIN", "CHOKE",
            "DIABETIC", "DROWN", "ELEC", "EXPOSURE", "EYE", "FALL", "HEADACHE", "HEMRG", "MCI", "OD", "PANDEMIC",
            "PERUNCON", "PREG", "RESP", "RESPARR", "SEIZURE", "SICK", "STROKE", "TRAUMA", "TRAUMAP",
        ],
    ),
    (
        IncidentKind::Traffic,
        &["CRIMTRAF", "DISVEH", "DUI", "MVA", "MVAHR", "MVAINJY", "MVAUNK", "RECKDRV", "THAZ", "TRAIN", "TSTOP"],
    ),
    (
        IncidentKind::Pollution,
        &["ALRCO", "ALRGAS", "ALRNGAS", "BIO", "CHEMICAL", "GASLEAK", "HAZMAT", "ODOR", "RADIAT"],
    ),
    (
        IncidentKind::PublicOrder,
        &[
            "ASSAULT", "BOMB", "BURGLARY", "CIVDIS", "DISORD", "DRUGS", "FIGHT", "HOMICIDE", "HOSTAGE", "NOISE",
            "ROBBERY", "SHOOT", "STABBING", "TERROR", "THREATS", "VANDAL", "WEAPON",
        ],
    ),
    (IncidentKind::Infrastructure, &["BLDCLPSE", "BRGCLPSE", "ELECHZD", "PUBWKS", "WIRES"]),
];

/// What others write instead of a code.
const WORDS: &[(&str, IncidentKind)] = &[
    ("fire", IncidentKind::Fire),
    ("flood", IncidentKind::Flood),
    ("medical", IncidentKind::Medical),
    ("ems", IncidentKind::Medical),
    ("traffic", IncidentKind::Traffic),
    ("vehicle", IncidentKind::Traffic),
    ("hazmat", IncidentKind::Pollution),
    ("law", IncidentKind::PublicOrder),
    ("utility", IncidentKind::Infrastructure),
];

/// The code of a kind: of those that are near the one that says the least beyond it.
pub(super) fn incident_type(kind: IncidentKind) -> &'static str {
    match kind {
        IncidentKind::Flood => "WATER",
        IncidentKind::Fire => "FUNK",
        IncidentKind::Medical => "SICK",
        IncidentKind::Traffic => "MVAUNK",
        IncidentKind::Pollution => "HAZMAT",
        IncidentKind::PublicOrder => "DISORD",
        IncidentKind::Infrastructure => "PUBWKS",
        IncidentKind::Device | IncidentKind::Other => "TROUBLE",
    }
}

/// Every code that is written or read.
#[cfg(test)]
pub(super) fn codes() -> impl Iterator<Item = &'static str> {
    let read = TYPES.iter().flat_map(|(_, codes)| codes.iter().copied());
    read.chain(IncidentKind::ALL.iter().map(|kind| incident_type(*kind)))
}

/// Our own code if it is one of ours, else by the registry's, else by a word in what stands there instead.
pub(super) fn kind(own_code: &str, common: &str) -> IncidentKind {
    let by_code = || {
        let code = common.trim();
        TYPES
            .iter()
            .find(|(_, codes)| codes.iter().any(|known| known.eq_ignore_ascii_case(code)))
            .map(|(kind, _)| *kind)
    };
    let by_word = || {
        let text = common.to_lowercase();
        WORDS.iter().find(|(word, _)| text.contains(word)).map(|(_, kind)| *kind)
    };
    IncidentKind::from_name(own_code).or_else(by_code).or_else(by_word).unwrap_or(IncidentKind::Other)
}

/// The common priority: 0 to 10, of which 10 is the highest.
pub(super) fn priority(severity: Severity) -> usize {
    2 * severity.level()
}

/// Our own word, else the common priority; nobody said: medium.
pub(super) fn severity(own: &str, priority: Option<i64>) -> Severity {
    Severity::from_name(own).unwrap_or(match priority {
        Some(9..=i64::MAX) => Severity::Critical,
        Some(7..=8) => Severity::High,
        Some(5..=6) | None => Severity::Medium,
        Some(3..=4) => Severity::Low,
        Some(_) => Severity::Info,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_as_the_same_also_by_who_knows_no_word_of_ours() {
        for kind in IncidentKind::ALL {
            let read = self::kind("", incident_type(*kind));
            let expected = if *kind == IncidentKind::Device { IncidentKind::Other } else { *kind };
            assert_eq!(read, expected, "{kind:?}");
        }
        for severity in Severity::ALL {
            let number = i64::try_from(priority(*severity)).unwrap();
            assert_eq!(self::severity("", Some(number)), *severity);
        }
    }

    #[test]
    fn ten_is_the_gravest_and_what_nobody_said_is_medium() {
        let read: Vec<Severity> = [-1, 0, 2, 3, 5, 7, 9, 10, i64::MAX].map(|n| severity("", Some(n))).into();
        let (info, low, medium) = (Severity::Info, Severity::Low, Severity::Medium);
        let (high, critical) = (Severity::High, Severity::Critical);
        assert_eq!(read, [info, info, info, low, medium, high, critical, critical, critical]);
        assert_eq!((severity("", None), severity("low", Some(10))), (medium, low), "our own word is nearer");
    }

    #[test]
    fn each_code_says_one_kind_and_is_not_taken_for_a_word() {
        let mut codes: Vec<&str> = TYPES.iter().flat_map(|(_, codes)| codes.iter().copied()).collect();
        assert!(codes.iter().all(|code| code.bytes().all(|byte| byte.is_ascii_uppercase())), "{codes:?}");
        let count = codes.len();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), count, "a code in two lists");
        let read = ["MVAINJY", " fstru ", "Structure Fire", "FALL", "LARCENY", ""].map(|common| kind("", common));
        let (traffic, fire, other) = (IncidentKind::Traffic, IncidentKind::Fire, IncidentKind::Other);
        assert_eq!(read, [traffic, fire, fire, IncidentKind::Medical, other, other]);
        assert_eq!(kind("flood", "FSTRU"), IncidentKind::Flood, "our own code is nearer");
    }
}
