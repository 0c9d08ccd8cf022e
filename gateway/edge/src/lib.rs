//! What comes to us and what we show: the HTTP API, the screens' WebSocket and fan-out, authentication, and the screens'
//! own files. It proposes nothing except through an actor (`entity::Router`), and shows nothing but what this node has
//! applied, with its age. See `DESIGN.md` of this folder.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic"))]

mod accounts;
mod api;
mod app;
mod assets;
mod auth;
mod cap;
mod clock;
mod cluster;
mod code_guard;
mod command;
mod config;
mod conveyance;
mod courier;
mod device_cookie;
mod edge;
mod eido;
mod error;
mod files;
mod fresh;
#[doc(hidden)]
pub mod fuzzing;
pub mod limits;
mod login_guard;
mod metrics;
mod oidc;
mod operations;
mod picture;
mod public;
mod reads;
mod requests;
mod screen;
mod seal;
mod seats;
mod server;
mod service_key;
#[doc(hidden)]
pub mod staged;
mod stop;
#[cfg(test)]
mod tests;
mod totp;
mod wiring;

pub use accounts::{Accounts, KeyUses, LoginFailure, hash_password};
pub use auth::{COOKIE_NAME, Token, cookie, cookie_named, token};
pub use cluster::{
    AppliedAt, BarrierError, BelowFloor, GroupAge, NotWatchable, ProvinceLine, Road, RoadError, Source, Taken, Video,
};
pub use config::{Backups, EdgeConfig, LoadForecast, MoreMetrics, Nodes};
pub use courier::{MailConfig, MailSender, MailServer, MailTls, WebCourier, receiver_context, signature};
pub use device_cookie::{DEVICE_COOKIE_NAME, DeviceCookies, DeviceId, Devices, device_cookie};
pub use edge::{Edge, EdgeError};
pub use error::{CODE_DENIED, CODE_NEEDED, CUT_CODE};
pub use files::{Files, FilesError};
pub use login_guard::{LoginGuard, Try};
pub use oidc::{OidcConfig, ProviderFactor};
pub use operations::{Answered, Invite, OperationError, Operations, WantedDrill};
pub use seal::{CannotSeal, NotSealed, Sealer, camera_context, person_context};
pub use server::Peer;
