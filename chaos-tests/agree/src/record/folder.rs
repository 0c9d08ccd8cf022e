//! The folder in which the record stands.

use std::{fs, io::ErrorKind, path::Path};

use serde_json::{Map, Value};

use super::{DETAIL, FIGURES, PAGE, PLOT, draw_figures, draw_page, draw_plot};

/// Changes the record in this folder, and draws figures and page from it.
///
/// # Errors
/// A file cannot be read or written, or is no record; the text names it.
pub fn keep(folder: &Path, change: impl FnOnce(&mut Map<String, Value>) -> Result<(), String>) -> Result<(), String> {
    let read = |name: &str| -> Result<Map<String, Value>, String> {
        let path = folder.join(name);
        match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| format!("{}: {error}", path.display())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Map::new()),
            Err(error) => Err(format!("{}: {error}", path.display())),
        }
    };
    let write = |name: &str, text: String| {
        let path = folder.join(name);
        fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))
    };
    let pretty = |map: Map<String, Value>| {
        serde_json::to_string_pretty(&Value::Object(map)).map(|text| text + "\n").map_err(|error| error.to_string())
    };
    let (mut detail, mut figures) = (read(DETAIL)?, read(FIGURES)?);
    change(&mut detail)?;
    draw_figures(&detail, &mut figures);
    // Before the page, which shows it.
    if let Some(plot) = draw_plot(&detail) {
        write(PLOT, plot)?;
    }
    write(PAGE, draw_page(&detail).map_err(|error| error.to_string())?)?;
    write(DETAIL, pretty(detail)?)?;
    write(FIGURES, pretty(figures)?)?;
    println!("{}", folder.join(PAGE).display());
    Ok(())
}
