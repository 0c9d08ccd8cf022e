//! When the screens have to be installed or built again.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::SystemTime,
};

use crate::context::{self, Context};

/// What is looked at for changes, inside `web`. A folder counts with everything below it.
const SOURCES: &[&str] = &["src", "public", "scripts"];

/// Kinds of files directly in `web` that the build reads.
const SOURCE_EXTENSIONS: &[&str] = &["html", "ts", "js", "json"];

/// `npm install` of what the lock file names, if the lock file or Node.js is another than when it last ran.
pub(crate) fn install(context: &Context) -> Result<(), String> {
    let lock = context.root.join("web/package-lock.json");
    let lock = fs::read_to_string(&lock).map_err(|e| format!("cannot read {}: {e}", lock.display()))?;
    let node = Command::new("node").arg("--version").output().map_err(|e| format!("cannot start node: {e}"))?;
    let wanted = format!("{}{lock}", String::from_utf8_lossy(&node.stdout));
    let stamp = context.root.join("web/node_modules/.trongdong-installed");
    if fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) {
        return Ok(());
    }
    // Not `npm ci`: it refuses a lock without every optional package of other platforms, and a registry may lack some
    // of `buf`'s. This takes the locked versions too, and writes neither file.
    context::run(context.npm(&["install", "--no-save"]))?;
    fs::write(&stamp, wanted).map_err(|e| format!("cannot write {}: {e}", stamp.display()))
}

/// `npm run build`, if a source is newer than what was built last.
pub(crate) fn build_if_stale(context: &Context) -> Result<(), String> {
    let web = context.root.join("web");
    let built = stamp_time(&web);
    let changed = newest(&web).map_err(|e| format!("cannot look through web: {e}"))?;
    if is_fresh(built, changed) {
        println!("The screens in web/dist are up to date.");
        return Ok(());
    }
    build(context)
}

/// `npm run build`.
fn build(context: &Context) -> Result<(), String> {
    // Written before the build and put in place after it, so that what is saved meanwhile counts as newer.
    let web = context.root.join("web");
    let begun = web.join("node_modules/.trongdong-building");
    let text = |e: std::io::Error| format!("cannot note when web/dist was built: {e}");
    fs::write(&begun, "").map_err(text)?;
    context::run(context.npm(&["run", "build"]))?;
    fs::rename(begun, stamp(&web)).map_err(text)
}

fn stamp(web: &Path) -> PathBuf {
    web.join("node_modules/.trongdong-built")
}

/// When the build that stands in `dist` began.
fn stamp_time(web: &Path) -> Option<SystemTime> {
    fs::metadata(web.join("dist/index.html")).ok()?;
    fs::metadata(stamp(web)).ok()?.modified().ok()
}

fn is_fresh(built: Option<SystemTime>, changed: Option<SystemTime>) -> bool {
    matches!((built, changed), (Some(built), Some(changed)) if changed < built)
}

/// When a source last changed.
fn newest(web: &Path) -> std::io::Result<Option<SystemTime>> {
    let mut newest = None;
    let mut waiting: Vec<PathBuf> = SOURCES.iter().map(|name| web.join(name)).filter(|path| path.exists()).collect();
    for entry in fs::read_dir(web)? {
        let path = entry?.path();
        let is_source = path.extension().and_then(|x| x.to_str()).is_some_and(|x| SOURCE_EXTENSIONS.contains(&x));
        if is_source && path.is_file() {
            waiting.push(path);
        }
    }
    while let Some(path) = waiting.pop() {
        let meta = fs::metadata(&path)?;
        // A folder's own time counts too: it moves when a file in it goes.
        newest = newest.max(Some(meta.modified()?));
        if meta.is_dir() {
            for entry in fs::read_dir(&path)? {
                waiting.push(entry?.path());
            }
        }
    }
    Ok(newest)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_screens_are_fresh_only_when_built_after_every_change() {
        let at = |seconds| Some(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
        assert!(is_fresh(at(2), at(1)));
        assert!(!is_fresh(at(1), at(2)));
        assert!(!is_fresh(at(1), at(1)), "the same instant may be either");
        assert!(!is_fresh(None, at(1)), "never built");
        assert!(!is_fresh(at(1), None), "nothing to build from is nothing to vouch for");
    }
}
