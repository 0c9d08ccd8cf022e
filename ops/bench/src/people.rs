//! `bench people`: scripted people in real browsers and at real telephones' interface against three nodes, with the
//! leader killed in the
//! middle. What they do at a screen is in `ops/bench/people/*.mjs`; what the cluster is asked, and what counts, is
//! here.

use crate::{
    Result,
    book::{Book, Part, wanted},
    conditions,
    parts::{Found, Setting},
};

mod calls;
mod console;
mod day;
mod look;
mod pop;
pub(crate) mod report;
mod scene;
mod script;
mod tap;

const PARTS: [Part; 6] = [
    Part { name: "console", figures: &["answer_to_dispatch_", "keystrokes_", "mouse_clicks_"] },
    Part { name: "pop", figures: &["screen_pop_"] },
    Part { name: "tap", figures: &["tap_to_wall_"] },
    Part { name: "calls", figures: &["peak_calls_"] },
    Part { name: "day", figures: &["calls_"] },
    Part { name: "look", figures: &["axe_", "responder_"] },
];

/// Runs the parts, and writes after each, so that what is measured stays when a later one fails. `Err` when any failed.
pub(crate) async fn run(setting: &Setting, only: &[String]) -> Result<()> {
    let parts = wanted(&PARTS, only)?;
    let folder = setting.root.join("ops/reports");
    let mut book = Book::open(&folder, report::FIGURES, report::DETAIL)?;
    let conditions = conditions::of_people(&setting.root)?;
    println!("{conditions}");
    let done = book.fill(setting, &parts, &conditions, async |name| measure(name, setting).await).await;
    if !setting.quick {
        report::write(&folder)?;
    }
    done
}

async fn measure(name: &str, setting: &Setting) -> Result<Found> {
    match name {
        "console" => console::measure(setting).await,
        "pop" => pop::measure(setting).await,
        "tap" => tap::measure(setting).await,
        "calls" => calls::measure(setting).await,
        "day" => day::measure(setting).await,
        "look" => look::measure(setting).await,
        other => Err(format!("no part is called {other}").into()),
    }
}
