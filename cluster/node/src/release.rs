//! What this version knows; and, in drills of upgrades, what an earlier release knew.
//!
//! A drill needs two releases, and compiling the product twice proves little: what matters is what the newer one does while the
//! older one is there. So the program can act as an earlier release where the two meet: what its hello says, which features it
//! answers that it knows, switches on and reads. It knows less in those places and nothing else changes, so a drill with it
//! shows the rules of an upgrade, and not that code of the past computed the same; the logs and hashes of earlier releases
//! (`consensus/domain/tests/releases`) and a siege with a real earlier program (`cargo xtask siege --older`) show that.

use peer::Formats;

/// Environment variable that names the release to act as. For drills: a node that has acted as an earlier one goes on as this
/// one when it is started without it, as after an upgrade.
pub const VARIABLE: &str = "TRONGDONG_ACTS_AS";

/// What a release knows that another one may not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Release {
    /// As the status says it.
    pub(crate) version: &'static str,
    /// Ascending.
    pub(crate) features: &'static [u32],
    pub(crate) formats: Formats,
}

/// This one.
pub(crate) const OWN: Release =
    Release { version: env!("CARGO_PKG_VERSION"), features: domain::FEATURES, formats: Formats::OWN };

/// Those before it that it can act as.
const EARLIER: [(&str, Release); 1] =
    [("first", Release { version: "0.1.0 (first)", features: &[], formats: Formats::FIRST })];

/// The release of that name; without one, this version.
fn named(name: Option<&str>) -> Result<Release, String> {
    let Some(name) = name else { return Ok(OWN) };
    let found = EARLIER.iter().find(|(known, _)| *known == name).map(|(_, release)| *release);
    found.ok_or_else(|| {
        let known: Vec<&str> = EARLIER.iter().map(|(known, _)| *known).collect();
        format!("{VARIABLE}: {name} is no release that this program can act as: take it away, or name one of {known:?}")
    })
}

/// What this process is to know.
///
/// # Errors
/// The variable names nothing that is known.
pub(crate) fn release() -> Result<Release, String> {
    let name = std::env::var(VARIABLE).ok();
    let release = named(name.as_deref())?;
    if release != OWN {
        tracing::warn!(version = release.version, "acting as an earlier release: for a drill only");
    }
    Ok(release)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_is_this_one_or_an_earlier_one_that_knows_less() {
        assert_eq!(named(None), Ok(OWN));
        let first = named(Some("first")).unwrap();
        assert!(first.features.iter().all(|feature| OWN.features.contains(feature)));
        assert!(first.features.len() < OWN.features.len() && first.formats != OWN.formats);
        assert!(named(Some("tomorrow")).unwrap_err().contains("\"first\""));
    }
}
