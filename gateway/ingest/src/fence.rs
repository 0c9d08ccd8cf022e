//! Waiting for a switch that somebody else holds.

use tokio::sync::watch;

/// Resolves when the switch is `to`; `false` when its holder is gone and it never will be. Unlike `wait_for` it keeps no
/// lock on the value, so it may stand in a select beside work that awaits.
pub(crate) async fn turned(switch: &mut watch::Receiver<bool>, to: bool) -> bool {
    switch.wait_for(|value| *value == to).await.is_ok()
}
