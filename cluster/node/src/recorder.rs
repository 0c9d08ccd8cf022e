//! What devices send goes to the actors; who they are is looked up among the accounts.

use std::{
    net::{IpAddr, Ipv6Addr},
    time::Duration,
};

use domain::{CameraHealth, CameraId, Reading, ReadingVerdict};
use edge::{Accounts, LoginFailure};
use entity::{Router, TellError};
use futures::future::BoxFuture;
use ingest::{LoginError, RecordError, Recorder};
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
        readings: Vec<Reading>,
        deadline: Duration,
    ) -> BoxFuture<'static, Result<Vec<ReadingVerdict>, RecordError>> {
        let router = self.router.clone();
        Box::pin(async move { router.record(readings, deadline).await.map_err(record_error) })
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
            match accounts.device(&user, &password, pretended_address(&user)).await {
                Ok(person) if matches!(person.role, domain::Role::Device | domain::Role::Admin) => {
                    Ok(person.id.to_string())
                }
                Ok(_) | Err(LoginFailure::Denied) => Err(LoginError::Denied),
                Err(busy) => Err(LoginError::Unavailable(busy.to_string())),
            }
        })
    }
}
