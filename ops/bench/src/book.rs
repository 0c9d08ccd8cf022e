//! What a benchmark keeps: a flat object of figures, and the details of each part. Parts are measured one by one, and what is
//! measured stays when a later one fails. A figure whose measurement failed is absent, never zero.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Instant,
};

use serde_json::{Map, Value};

use crate::{
    Result, conditions,
    parts::{Found, Setting},
    stats,
};

/// Load of a machine that does nothing else.
const LOAD_QUIET_MAX: f64 = 0.5;

/// A part: its name on the command line, and the beginnings of the names of its figures.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// After `--only`.
    pub(crate) name: &'static str,
    /// What begins so is this part's.
    pub(crate) figures: &'static [&'static str],
}

/// The parts that are wanted; all when none is named.
pub(crate) fn wanted(parts: &'static [Part], only: &[String]) -> Result<Vec<&'static Part>> {
    if let Some(unknown) = only.iter().find(|name| parts.iter().all(|part| part.name != **name)) {
        let names: Vec<_> = parts.iter().map(|part| part.name).collect();
        return Err(format!("--only {unknown}: use any of {}", names.join(", ")).into());
    }
    Ok(parts.iter().filter(|part| only.is_empty() || only.iter().any(|name| name == part.name)).collect())
}

/// The two files of a benchmark.
#[derive(Debug)]
pub(crate) struct Book {
    figures_file: PathBuf,
    detail_file: PathBuf,
    /// Named figures, with `conditions`, `commit` and `date`.
    pub(crate) figures: Map<String, Value>,
    detail: Map<String, Value>,
}

impl Book {
    /// Reads what was measured before, if anything was.
    pub(crate) fn open(folder: &Path, figures: &str, detail: &str) -> Result<Self> {
        fs::create_dir_all(folder)?;
        let (figures_file, detail_file) = (folder.join(figures), folder.join(detail));
        let (figures, detail) = (read(&figures_file)?, read(&detail_file)?);
        Ok(Self { figures_file, detail_file, figures, detail })
    }

    /// Measures the parts and writes after each; `Err` when any failed. `conditions` were looked at before anything ran.
    pub(crate) async fn fill(
        &mut self,
        setting: &Setting,
        parts: &[&'static Part],
        conditions: &str,
        measure: impl AsyncFn(&'static str) -> Result<Found>,
    ) -> Result<()> {
        if conditions::load()? > LOAD_QUIET_MAX {
            eprintln!("The machine is busy with something else (load {}): figures will be worse.", conditions::load()?);
        }
        let mut failed = Vec::new();
        for part in parts {
            println!("{}:", part.name);
            let begun = Instant::now();
            let found = measure(part.name).await;
            self.forget(part);
            match found {
                Ok(mut found) => {
                    found.note("commit", conditions::commit(&setting.root));
                    found.note("date", conditions::date());
                    found.note("seconds", stats::rounded(begun.elapsed().as_secs_f64()));
                    for (name, value) in &found.figures {
                        println!("  {name} = {value}");
                    }
                    self.figures.extend(found.figures);
                    self.detail.insert(part.name.to_owned(), Value::Object(found.detail));
                }
                Err(error) => {
                    eprintln!("  failed: {error}");
                    failed.push(part.name);
                }
            }
            if !setting.quick {
                self.figures.insert("conditions".to_owned(), conditions.into());
                self.figures.insert("commit".to_owned(), conditions::commit(&setting.root).into());
                self.figures.insert("date".to_owned(), conditions::date().into());
                self.write()?;
            }
        }
        if setting.quick {
            println!("quick: nothing was written");
        }
        if failed.is_empty() { Ok(()) } else { Err(format!("these parts failed: {}", failed.join(", ")).into()) }
    }

    /// Takes out what a part measured before.
    fn forget(&mut self, part: &Part) {
        self.figures.retain(|name, _| !part.figures.iter().any(|figure| name.starts_with(figure)));
        self.detail.remove(part.name);
    }

    /// Writes both files.
    pub(crate) fn write(&self) -> Result<()> {
        write(&self.figures_file, &self.figures)?;
        write(&self.detail_file, &self.detail)
    }
}

/// An object in a file; empty when there is no file.
pub(crate) fn read(path: &Path) -> Result<Map<String, Value>> {
    match fs::read(path) {
        Ok(bytes) => Ok(serde_json::from_slice(&bytes).map_err(|error| format!("{}: {error}", path.display()))?),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Map::new()),
        Err(error) => Err(format!("{}: {error}", path.display()).into()),
    }
}

fn write(path: &Path, object: &Map<String, Value>) -> Result<()> {
    let mut text = serde_json::to_string_pretty(object)?;
    text.push('\n');
    Ok(fs::write(path, text)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARTS: [Part; 2] = [Part { name: "one", figures: &["a_", "b_x"] }, Part { name: "two", figures: &["b_y"] }];

    #[test]
    fn parts_are_chosen_by_name() {
        assert_eq!(wanted(&PARTS, &[]).unwrap().len(), 2);
        assert_eq!(wanted(&PARTS, &["two".to_owned()]).unwrap(), [&PARTS[1]]);
        let refused = wanted(&PARTS, &["three".to_owned()]).err().map(|error| error.to_string());
        assert_eq!(refused.as_deref(), Some("--only three: use any of one, two"));
    }

    #[test]
    fn what_a_part_measured_before_goes_and_what_others_did_stays() {
        let folder = std::env::temp_dir().join(format!("trongdong-bench-book-{}", std::process::id()));
        let mut book = Book::open(&folder, "f.json", "f.detail.json").unwrap();
        for name in ["a_1", "b_x", "b_y", "date"] {
            book.figures.insert(name.to_owned(), 1.into());
        }
        book.forget(&PARTS[0]);
        assert_eq!(book.figures.keys().collect::<Vec<_>>(), ["b_y", "date"]);
        book.write().unwrap();
        assert_eq!(Book::open(&folder, "f.json", "f.detail.json").unwrap().figures, book.figures);
        fs::remove_dir_all(folder).unwrap();
    }
}
