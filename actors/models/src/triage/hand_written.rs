//! The messages of `corpus/`, written and labelled by hand: for test only. Whatever is trained here keeps them apart.

use super::labelled::{Labelled, LabelledError, parse};

/// Every file of `corpus/`, in the order of names.
const FILES: [&str; 3] = [
    include_str!("../../corpus/vi_emergencies_a.tsv"),
    include_str!("../../corpus/vi_emergencies_b.tsv"),
    include_str!("../../corpus/vi_others.tsv"),
];

/// All of them.
///
/// # Errors
/// A row that cannot be read; a test sees to it that there is none.
pub fn hand_written() -> Result<Vec<Labelled>, LabelledError> {
    let mut all = Vec::new();
    for file in FILES {
        all.extend(parse(file)?);
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn no_file_of_the_corpus_is_left_out() {
        // Cargo starts a test in its package's folder.
        let mut files: Vec<_> = fs::read_dir("corpus").unwrap().map(|entry| entry.unwrap().path()).collect();
        files.retain(|file| file.extension().is_some_and(|extension| extension == "tsv"));
        files.sort();
        let texts: Vec<String> = files.iter().map(|file| fs::read_to_string(file).unwrap()).collect();
        assert_eq!(texts, FILES);
        assert!(hand_written().unwrap().len() > 600);
    }
}
