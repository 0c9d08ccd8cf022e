//! The first administrator of a new cluster: whoever leads group 0 registers them while nobody is registered.

use std::{fs, io, path::Path, time::Duration};

use domain::{Command, GroupId, PutPerson, Reply};
use raft::{Committed, Groups, Proposal, ProposeError};

use crate::init::FirstAdmin;

/// How often a founder looks whether the first administrator is there.
const FOUNDING_TICK: Duration = Duration::from_millis(200);

/// Deadline of the founding proposal.
const FOUNDING_TIMEOUT: Duration = Duration::from_secs(5);

/// While nobody is registered, whoever leads group 0 registers the first administrator. One that is refused is refused for good: each
/// further try would be an entry in the log.
pub(crate) async fn found(groups: &Groups, file: &Path) {
    let text = match fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return,
        Err(error) => {
            tracing::error!(file = %file.display(), %error, "the first administrator cannot be read");
            return;
        }
    };
    let person = match toml::from_str::<FirstAdmin>(&text).map_err(Into::into).and_then(|admin| admin.person()) {
        Ok(person) => person,
        Err(error) => {
            tracing::error!(file = %file.display(), %error, "the first administrator cannot be read");
            return;
        }
    };
    let mut tick = tokio::time::interval(FOUNDING_TICK);
    let lead = groups.lead_watch(GroupId::COMMAND);
    while groups.read(GroupId::COMMAND, |state| state.persons().is_empty()) {
        tick.tick().await;
        if !lead.borrow().is_self_ready {
            continue;
        }
        let command = Command::PutPerson(PutPerson { person: person.clone() });
        match groups.propose(GroupId::COMMAND, Proposal::system(command), FOUNDING_TIMEOUT).await {
            Ok(Committed { reply: Reply::Refused(refusal), .. }) => {
                let (field, remedy) = (refusal.field, refusal.message);
                tracing::error!(file = %file.display(), %field, %remedy, "the first administrator was refused");
                return;
            }
            Err(error @ ProposeError::TooLarge { .. }) => {
                tracing::error!(file = %file.display(), %error, "the first administrator was refused");
                return;
            }
            Err(ProposeError::Stopped) => return,
            // What failed is not there, and is proposed again.
            Ok(_) | Err(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use base64::{Engine, prelude::BASE64_STANDARD as BASE64};
    use domain::limits;

    use super::*;
    use crate::feature::tests::{WITHIN, cluster, end};

    #[tokio::test]
    async fn one_that_is_refused_ends_it_and_one_that_is_there_stays() {
        let (groups, peers, router) = cluster("admin").await;
        let folder = std::env::temp_dir().join(format!("trongdong-admin-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let file = folder.join("first-admin.toml");
        let written = |credential: &[u8]| {
            let admin = FirstAdmin { id: "an".to_owned(), credential_sealed: BASE64.encode(credential) };
            fs::write(&file, toml::to_string(&admin).unwrap()).unwrap();
        };
        let persons = || groups.read(GroupId::COMMAND, |state| state.persons().len());

        written(&[7; limits::CREDENTIAL_BYTES_MAX + 1]);
        tokio::time::timeout(WITHIN, found(&groups, &file)).await.expect("each try would be an entry more");
        assert_eq!(persons(), 0);

        written(b"sealed");
        for _ in 0..2 {
            tokio::time::timeout(WITHIN, found(&groups, &file)).await.unwrap();
            assert_eq!(persons(), 1);
        }
        let _ = fs::remove_dir_all(&folder);
        end(groups, peers, router).await;
    }
}
