//! Where blocking work goes: never onto the async core.

use std::io;

/// Runs `work` on a thread that may block; in place where there is no tokio (a simulator has nothing to block).
pub(crate) async fn run<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    match tokio::runtime::Handle::try_current() {
        Ok(runtime) => runtime
            .spawn_blocking(work)
            .await
            .map_err(|e| io::Error::other(format!("blocking work ended without an answer: {e}")))?,
        Err(_) => work(),
    }
}
