//! What devices send goes to the actors; who they are is looked up among the accounts.

use std::{
    net::{IpAddr, Ipv6Addr},
    time::Duration,
};

use domain::{CameraHealth, CameraId, Reading, ReadingVerdict};
use edge::{Accounts, LoginFailure};
use entity::{Router, TellError};
use futures::future::BoxFuture;
use ingest::{LoginError, RecordError, Recorder, Speaker};
use sha2::{Digest, Sha256};

/// An address of its own for each account: the endpoint does not tell who dialled, and one device with a wrong key must
/// not slow down the others.
fn pretended_address(account: &str) -> IpAddr {
    let digest = Sha256::digest(account);
    let mut octets = [0; 16];
    octets.copy_from_slice(&digest[..16]);
    // fc00::/7, unique local: no real dialler has it.
    octets[0] = 0xfd;
    IpAddr::V6(Ipv6Addr::from(octets))
}

/// The cluster's verdicts on the account's own readings, each in its place among those that are not its own.
fn in_place(own: &[bool], verdicts: Vec<ReadingVerdict>) -> Vec<ReadingVerdict> {
    let mut verdicts = verdicts.into_iter();
    // A verdict that is missing leaves the list short, which the caller takes for what it is: nothing is known.
    own.iter().map_while(|is_own| if *is_own { verdicts.next() } else { Some(ReadingVerdict::UnknownSensor) }).collect()
}

/// The cluster, as devices need it.
pub(crate) struct ClusterRecorder {
    pub(crate) router: Router,
    pub(crate) accounts: Accounts,
}

fn record_error(error: TellError) -> RecordError {
    match error {
        TellError::Unknown => RecordError::TimedOut,
        other => RecordError::Unavailable(other.to_string()),
    }
}

impl Recorder for ClusterRecorder {
    fn record(
        &self,
        speaker: &Speaker,
        readings: Vec<Reading>,
        deadline: Duration,
    ) -> BoxFuture<'static, Result<Vec<ReadingVerdict>, RecordError>> {
        let router = self.router.clone();
        let own = match speaker {
            Speaker::Broker => vec![true; readings.len()],
            Speaker::Account(account) => {
                let sensors: Vec<_> = readings.iter().map(|reading| &reading.sensor).collect();
                let Some(own) = self.accounts.speaks_for(account, &sensors) else {
                    // Its connection ends with this, and it is not let in again.
                    let gone = RecordError::Refused(format!("the account {account} may not report any more"));
                    return Box::pin(async move { Err(gone) });
                };
                own
            }
        };
        let mut mask = own.iter();
        let readings: Vec<_> = readings.into_iter().filter(|_| mask.next() == Some(&true)).collect();
        Box::pin(async move {
            let verdicts = match readings.is_empty() {
                true => Vec::new(),
                false => router.record(readings, deadline).await.map_err(record_error)?,
            };
            Ok(in_place(&own, verdicts))
        })
    }

    fn camera_health(
        &self,
        camera: CameraId,
        health: CameraHealth,
        epoch: u64,
    ) -> BoxFuture<'static, Result<(), RecordError>> {
        let router = self.router.clone();
        Box::pin(async move { router.camera_health(camera, health, epoch).await.map_err(record_error) })
    }

    fn device_login(&self, user: &str, password: &[u8]) -> BoxFuture<'static, Result<String, LoginError>> {
        let (accounts, user, password) = (self.accounts.clone(), user.to_owned(), password.to_vec());
        Box::pin(async move {
            match accounts.device_name(&user, &password, pretended_address(&user)).await {
                Ok(name) => Ok(name),
                Err(LoginFailure::Denied) => Err(LoginError::Denied),
                Err(busy) => Err(LoginError::Unavailable(busy.to_string())),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use ReadingVerdict::{Duplicate, Recorded, UnknownSensor};

    use super::*;

    #[test]
    fn a_foreign_reading_gets_its_verdict_in_its_place() {
        let own = [false, true, true, false];
        assert_eq!(in_place(&own, vec![Recorded, Duplicate]), [UnknownSensor, Recorded, Duplicate, UnknownSensor]);
        assert_eq!(in_place(&own, vec![Recorded]).len(), 2, "a missing verdict is not made up");
    }
}
