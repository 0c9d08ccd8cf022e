//! `bench trust`: what an auditor asks. Whether deadlines are told in time and once, whether notices arrive once and in order, while
//! leaders are killed; how fast rights are decided and taken away; how fast the record is verified. As in `spine`, a figure whose
//! measurement failed is absent, never zero.

use crate::{
    Result,
    book::{Book, Part, wanted},
    conditions,
    parts::{Found, Setting},
};

mod audit;
mod deadlines;
mod judge;
mod notices;
mod policy;
pub(crate) mod report;
mod revoke;
mod storm;

const PARTS: [Part; 5] = [
    Part { name: "deadlines", figures: &["deadline_", "deadlines_"] },
    Part { name: "notices", figures: &["notices_"] },
    Part { name: "policy", figures: &["policy_"] },
    Part { name: "audit", figures: &["audit_"] },
    Part { name: "revoke", figures: &["revoke_"] },
];

/// Runs the parts, and writes after each, so that what is measured stays when a later one fails. `Err` when any failed.
pub(crate) async fn run(setting: &Setting, only: &[String]) -> Result<()> {
    let parts = wanted(&PARTS, only)?;
    let folder = setting.root.join("ops/reports");
    let mut book = Book::open(&folder, report::FIGURES, report::DETAIL)?;
    let conditions = conditions::of_trust(&setting.root)?;
    println!("{conditions}");
    let done = book.fill(setting, &parts, &conditions, async |name| measure(name, setting).await).await;
    if !setting.quick {
        report::write(&folder)?;
    }
    done
}

async fn measure(name: &str, setting: &Setting) -> Result<Found> {
    match name {
        "deadlines" => deadlines::measure(setting).await,
        "notices" => notices::measure(setting).await,
        "policy" => policy::measure(setting).await,
        "audit" => audit::measure(setting).await,
        "revoke" => revoke::measure(setting).await,
        other => Err(format!("no part is called {other}").into()),
    }
}
