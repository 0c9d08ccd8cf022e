//! A script that plays people in a browser: orders go in line by line, and what it saw comes out so.

use std::{process::Stdio, time::Duration};

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
    time::timeout,
};

use crate::{Result, parts::Setting};

/// How long a browser may take to show its screens on a busy machine.
pub(super) const READY_WITHIN: Duration = Duration::from_secs(120);
/// How long anything at a screen may take, a change of the lead included.
pub(super) const SEEN_WITHIN: Duration = Duration::from_secs(90);
/// A script that was let go ends by then, or is ended.
const END_WITHIN: Duration = Duration::from_secs(5);

/// A script that runs; it ends with this.
pub(super) struct Script {
    child: Child,
    input: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Script {
    /// Starts `ops/bench/people/<name>`.
    pub(super) fn start(setting: &Setting, name: &str, args: &[&str]) -> Result<Self> {
        let mut child = Command::new("node")
            .arg(setting.root.join("ops/bench/people").join(name))
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("node ({error}): install Node 20, and what web/package-lock.json names in web"))?;
        let input = child.stdin.take().ok_or("the script has no input")?;
        let output = child.stdout.take().ok_or("the script has no output")?;
        Ok(Self { child, input, lines: BufReader::new(output).lines() })
    }

    /// Orders something.
    pub(super) async fn order(&mut self, line: &str) -> Result<()> {
        self.input.write_all(format!("{line}\n").as_bytes()).await?;
        Ok(self.input.flush().await?)
    }

    /// The next line: its word, and what it says in JSON; null: nothing.
    pub(super) async fn next(&mut self, within: Duration) -> Result<(String, Value)> {
        let line = timeout(within, self.lines.next_line())
            .await
            .map_err(|_| format!("the script said nothing within {within:?}"))??
            .ok_or("the script has ended: its last words are above")?;
        Ok(read(&line))
    }

    /// What is said with this word; what is said before it is passed over.
    pub(super) async fn said(&mut self, word: &str, within: Duration) -> Result<Value> {
        loop {
            let (said, value) = self.next(within).await?;
            if said == word {
                return Ok(value);
            }
        }
    }

    /// Lets it go.
    pub(super) async fn end(mut self) {
        drop(self.input);
        let _ = timeout(END_WITHIN, self.child.wait()).await;
    }
}

/// A word and what it says.
fn read(line: &str) -> (String, Value) {
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    (word.to_owned(), serde_json::from_str(rest).unwrap_or(Value::Null))
}

/// A number of an object that a script said.
pub(super) fn number(said: &Value, name: &str) -> Result<f64> {
    let value = said.get(name).and_then(Value::as_f64);
    value.ok_or_else(|| format!("the script said no {name}: {said}").into())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_line_is_a_word_and_json() {
        assert_eq!(read("ready"), ("ready".to_owned(), Value::Null));
        assert_eq!(read("pop {\"shownMs\": 12.5}"), ("pop".to_owned(), json!({ "shownMs": 12.5 })));
        assert_eq!(read("pop oh dear").1, Value::Null);
        assert_eq!(number(&json!({ "a": 1 }), "a").unwrap(), 1.0);
        assert!(number(&json!({ "a": "1" }), "a").is_err());
    }
}
