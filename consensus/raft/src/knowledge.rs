//! What this node's version knows of what a log may hold. An entry or a state of which it knows only a part is not applied in
//! part: the node stops and says which version it takes.

use std::io;

use domain::{Command, State, wire::Record};

use crate::types::malformed;

/// Features that a version knows; see `domain::FEATURES`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Knowledge(pub(crate) &'static [u32]);

impl Knowledge {
    /// A committed proposal as this version may apply it. A leader encodes only what it decoded and what the group has
    /// switched on, so anything else is rot or of a newer version.
    pub(crate) fn read(self, proposal: &[u8]) -> io::Result<domain::Entry> {
        let entry = domain::Entry::decode_whole(proposal).map_err(|error| malformed(&error.to_string()))?;
        let needed = match &entry.command {
            Command::SwitchFeature(command) => Some(command.feature),
            command => command.feature(),
        };
        self.check(needed)?;
        Ok(entry)
    }

    /// Whether this version can go on with a state that it has found or received.
    pub(crate) fn check_state(self, state: &State) -> io::Result<()> {
        self.check(state.unknown_feature(self.0))
    }

    fn check(self, needed: Option<u32>) -> io::Result<()> {
        let Some(feature) = needed.filter(|feature| !self.0.contains(feature)) else { return Ok(()) };
        Err(io::Error::new(
            io::ErrorKind::Unsupported,
            format!(
                "nhóm đã bật tính năng {feature} mà bản này không biết: chạy bản mới hơn trên nút này / the group has feature \
                 {feature} on, which this version does not know: run the newer version on this node"
            ),
        ))
    }
}

#[cfg(test)]
mod tests {
    use domain::{AnchorAudit, Entry, GroupId, Millis, RaisePolicyFloor, SwitchFeature, audit};

    use super::*;

    fn encoded(command: impl Into<Command>) -> Vec<u8> {
        Entry { at_ms: Millis(1), request: None, grant: None, command: command.into(), salt: Default::default() }
            .encode()
    }

    #[test]
    fn what_a_version_does_not_know_it_does_not_apply() {
        let older = Knowledge(&[]);
        let own = Knowledge(domain::FEATURES);
        let plain = encoded(RaisePolicyFloor { floor: 1 });
        assert!(older.read(&plain).is_ok() && own.read(&plain).is_ok());
        let link = domain::Digest([0; 32]);
        for later in [
            encoded(SwitchFeature { feature: audit::FEATURE }),
            encoded(AnchorAudit { group: GroupId(1), number: 1, link }),
        ] {
            assert!(own.read(&later).is_ok());
            let refused = older.read(&later).unwrap_err().to_string();
            assert!(refused.contains("run the newer version"), "{refused}");
        }
        assert!(own.read(&encoded(SwitchFeature { feature: 4_000_000 })).is_err());
    }

    #[test]
    fn an_entry_with_a_field_of_a_newer_version_is_not_read_in_part() {
        let mut entry = encoded(RaisePolicyFloor { floor: 1 });
        // Field 4000, a varint.
        entry.extend([0x80, 0xfa, 0x01, 0x07]);
        let refused = Knowledge(domain::FEATURES).read(&entry).unwrap_err().to_string();
        assert!(refused.contains("run the newer version"), "{refused}");
    }

    #[test]
    fn a_state_with_a_feature_of_a_newer_version_is_refused() {
        let mut state = State::new(GroupId(1));
        let entry = Entry::decode(&encoded(SwitchFeature { feature: audit::FEATURE })).unwrap();
        state.apply(1, &entry);
        assert!(Knowledge(domain::FEATURES).check_state(&state).is_ok());
        assert!(Knowledge(&[]).check_state(&state).is_err());
    }
}
