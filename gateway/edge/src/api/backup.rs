//! A backup of the cluster, streamed to an administrator: frames as `raft::backup` lays them out. What is stored is the
//! affair of whoever asks. Credentials in it are sealed, and the key that opens them is not in it.

use std::{io, sync::Arc, time::Duration};

use axum::{
    body::Body,
    extract::State,
    http::header::CONTENT_TYPE,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use domain::policy::{self, Action};
use futures::{SinkExt, channel::mpsc};
use raft::backup::Export;
use tokio::{
    sync::{OwnedSemaphorePermit, watch},
    time::timeout,
};

use super::body::Signed;
use crate::{
    app::App,
    error::{ApiError, ErrorBody},
    stop::stopped,
};

/// Backups at a time on one node: each holds on to what is overwritten meanwhile. One more is answered with 503 `unavailable`.
pub(crate) const BACKUPS_MAX: usize = 1;
/// One read barrier before the views are frozen, of which there are two in a row: together less than a request is given.
const FREEZE_DEADLINE: Duration = Duration::from_secs(4);
/// How long a frame may wait for whoever reads. Past it the stream is cut, so that nobody holds old rows on the disk by
/// reading nothing.
const STALLED_MAX: Duration = Duration::from_secs(30);
/// Frames between disk and line.
const FRAMES_AHEAD: usize = 1;

/// Every group's rows at one applied index each, for administrators of every field. The stream ends with an end part, or is cut.
#[utoipa::path(get, path = "/api/cluster/backup", responses(
    (status = 200, content_type = "application/octet-stream"),
    (status = 403, body = ErrorBody), (status = 503, body = ErrorBody)))]
pub(crate) async fn backup(State(app): State<Arc<App>>, Signed(caller): Signed) -> Result<Response, ApiError> {
    policy::allows_every_field(&caller.grant, Action::Administer)?;
    let open = app.config.backup.clone().ok_or_else(|| ApiError::unavailable("this node gives no backups"))?;
    let turn = Arc::clone(&app.backups).try_acquire_owned().map_err(|_| {
        ApiError::unavailable("a backup of this node is under way: wait for its end, or ask another node")
    })?;
    let export = open(FREEZE_DEADLINE).await.map_err(|error| ApiError::unavailable(&error.to_string()))?;
    app.look(&caller, "backup").await?;
    tracing::info!(person = %caller.person.id, "a backup begins");
    let (frames, body) = mpsc::channel(FRAMES_AHEAD);
    tokio::spawn(pump(export, frames, turn, app.stopping.clone()));
    Ok(([(CONTENT_TYPE, "application/octet-stream")], Body::from_stream(body)).into_response())
}

/// Reads ahead of the line until the end, or until nobody reads. A backup that was cut lacks its end part.
async fn pump(
    mut export: Export,
    mut frames: mpsc::Sender<io::Result<Bytes>>,
    turn: OwnedSemaphorePermit,
    mut stopping: watch::Receiver<bool>,
) {
    let work = async {
        while let Some(frame) = export.next_frame().await? {
            let stalled = |_| io::Error::other(format!("nothing was read for {} s", STALLED_MAX.as_secs()));
            let sent = timeout(STALLED_MAX, frames.send(Ok(frame))).await.map_err(stalled)?;
            sent.map_err(|_| io::Error::other("whoever asked for it is gone"))?;
        }
        Ok::<(), io::Error>(())
    };
    let ended = tokio::select! {
        ended = work => ended,
        () = stopped(&mut stopping) => Err(io::Error::other("this node stops")),
    };
    match ended {
        Ok(()) => tracing::info!("a backup is done"),
        Err(error) => {
            tracing::warn!(%error, "a backup was cut");
            // Breaks the connection, so that the reader need not look for the end. When there is no room it will.
            let _ = frames.try_send(Err(error));
        }
    }
    drop(turn);
}
