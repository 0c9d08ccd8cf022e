//! The sign that this node stops, as every task of the edge watches it.

use tokio::sync::watch;

/// Resolves when the edge stops, or whoever could stop it is gone.
pub(crate) async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stopped| *stopped).await;
}
