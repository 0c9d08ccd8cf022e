//! Triage as the model threads see it.

use super::verdict::{Triage, Verdict};
use crate::serve::Worker;

impl Worker for Triage {
    type Item = String;
    type Answer = Verdict;

    fn answer(&mut self, items: &[String]) -> Vec<Result<Verdict, String>> {
        let texts: Vec<&str> = items.iter().map(String::as_str).collect();
        if let Ok(all) = self.read_batch(&texts) {
            return all.into_iter().map(Ok).collect();
        }
        // One message that brings out nonsense must not take its neighbours with it.
        texts.into_iter().map(|text| self.read(text).map_err(|nonsense| nonsense.to_string())).collect()
    }
}
