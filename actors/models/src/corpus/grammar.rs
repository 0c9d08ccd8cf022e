//! Patterns of text and their expansion: `[a|b]`, `<name>`, and marks that label without leaving text.

use std::collections::BTreeMap;

use thiserror::Error;

use crate::rng::Rng;

/// How deep names may stand in names. A pattern that goes deeper names itself, and is refused while it is expanded.
pub const DEPTH_MAX: usize = 12;

/// A pattern cannot be read or expanded.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum GrammarError {
    /// A bracket is missing.
    #[error("line {line}: {what}; correct the pattern")]
    Pattern {
        /// Line of the file, from 1.
        line: usize,
        /// What is wrong.
        what: &'static str,
    },
    /// A name that nobody defines.
    #[error("the name <{0}> is not defined; add it to common.txt")]
    Unknown(String),
    /// Names that name themselves.
    #[error("the name <{0}> leads back to itself; take it out")]
    Endless(String),
}

/// A piece of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// Text as it stands.
    Text(String),
    /// One of several sequences.
    Choice(Vec<Vec<Node>>),
    /// Another pattern's name.
    Name(String),
    /// A label: what stands between the braces.
    Mark(String),
}

/// Reads one pattern.
///
/// # Errors
/// When brackets do not match.
pub fn parse(pattern: &str, line: usize) -> Result<Vec<Node>, GrammarError> {
    let mut letters = pattern.trim().chars().peekable();
    let (branches, closed) = branches(&mut letters, line)?;
    match (branches.into_iter().next(), closed) {
        (Some(nodes), false) => Ok(nodes),
        _ => Err(GrammarError::Pattern { line, what: "a ] or | stands outside of brackets" }),
    }
}

type Letters<'a> = std::iter::Peekable<std::str::Chars<'a>>;

/// Reads up to the closing bracket or the end: the alternatives, and whether a bracket closed them.
fn branches(letters: &mut Letters, line: usize) -> Result<(Vec<Vec<Node>>, bool), GrammarError> {
    let mut all = vec![Vec::new()];
    let mut text = String::new();
    let push = |all: &mut Vec<Vec<Node>>, text: &mut String, node: Option<Node>| {
        if let Some(last) = all.last_mut() {
            if !text.is_empty() {
                last.push(Node::Text(std::mem::take(text)));
            }
            last.extend(node);
        }
    };
    let until = |letters: &mut Letters, end: char| -> Result<String, GrammarError> {
        let mut name = String::new();
        for letter in letters.by_ref() {
            if letter == end {
                return Ok(name);
            }
            name.push(letter);
        }
        Err(GrammarError::Pattern { line, what: "a < or { is not closed" })
    };
    while let Some(letter) = letters.next() {
        match letter {
            '[' => {
                let (inner, closed) = branches(letters, line)?;
                if !closed {
                    return Err(GrammarError::Pattern { line, what: "a [ is not closed" });
                }
                push(&mut all, &mut text, Some(Node::Choice(inner)));
            }
            ']' => {
                push(&mut all, &mut text, None);
                return Ok((all, true));
            }
            '|' => {
                push(&mut all, &mut text, None);
                all.push(Vec::new());
            }
            '<' => {
                let name = until(letters, '>')?;
                push(&mut all, &mut text, Some(Node::Name(name)));
            }
            '{' => {
                let mark = until(letters, '}')?;
                push(&mut all, &mut text, Some(Node::Mark(mark)));
            }
            _ => text.push(letter),
        }
    }
    push(&mut all, &mut text, None);
    if all.len() > 1 {
        return Err(GrammarError::Pattern { line, what: "a | stands outside of brackets" });
    }
    Ok((all, false))
}

/// Named patterns.
#[derive(Debug, Clone, Default)]
pub struct Names(BTreeMap<String, Vec<Node>>);

impl Names {
    /// Reads lines of `name = pattern`.
    ///
    /// # Errors
    /// When a line has no `=` or its brackets do not match.
    pub fn parse(file: &str) -> Result<Self, GrammarError> {
        let mut names = BTreeMap::new();
        for (at, line) in file.lines().enumerate() {
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            let Some((name, pattern)) = line.split_once('=') else {
                return Err(GrammarError::Pattern { line: at + 1, what: "a = is missing" });
            };
            names.insert(name.trim().to_owned(), parse(pattern, at + 1)?);
        }
        Ok(Self(names))
    }

    /// The pattern of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&[Node]> {
        self.0.get(name).map(Vec::as_slice)
    }
}

/// What an expansion writes: text, and the marks it met.
pub trait Sink {
    /// Text as it stands.
    fn text(&mut self, text: &str);
    /// A label.
    fn mark(&mut self, mark: &str);
    /// A name that is made up rather than written down; false when it is not one.
    fn made_up(&mut self, name: &str, rng: &mut Rng) -> bool;
}

/// Writes one of the things that a pattern can say.
///
/// # Errors
/// When a name is not defined, or leads back to itself.
pub fn expand(nodes: &[Node], names: &Names, rng: &mut Rng, sink: &mut impl Sink) -> Result<(), GrammarError> {
    expand_at(nodes, names, rng, sink, 0)
}

fn expand_at(
    nodes: &[Node],
    names: &Names,
    rng: &mut Rng,
    sink: &mut impl Sink,
    depth: usize,
) -> Result<(), GrammarError> {
    for node in nodes {
        match node {
            Node::Text(text) => sink.text(text),
            Node::Mark(mark) => sink.mark(mark),
            Node::Choice(branches) => {
                if let Some(branch) = rng.pick(branches) {
                    expand_at(branch, names, rng, sink, depth)?;
                }
            }
            Node::Name(name) => {
                if depth >= DEPTH_MAX {
                    return Err(GrammarError::Endless(name.clone()));
                }
                if !sink.made_up(name, rng) {
                    let inner = names.get(name).ok_or_else(|| GrammarError::Unknown(name.clone()))?;
                    expand_at(inner, names, rng, sink, depth + 1)?;
                }
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Plain(String);

    impl Sink for Plain {
        fn text(&mut self, text: &str) {
            self.0.push_str(text);
        }
        fn mark(&mut self, mark: &str) {
            self.0.push_str(&format!("({mark})"));
        }
        fn made_up(&mut self, name: &str, _: &mut Rng) -> bool {
            name == "n"
        }
    }

    #[test]
    fn a_pattern_says_all_that_it_can_say_and_nothing_else() {
        let names = Names::parse("# names\nwho = [a|b{c}]").unwrap();
        let pattern = parse("x[ <who>|]<n>", 1).unwrap();
        let mut rng = Rng::new(1);
        let mut said = std::collections::BTreeSet::new();
        for _ in 0..200 {
            let mut sink = Plain::default();
            expand(&pattern, &names, &mut rng, &mut sink).unwrap();
            said.insert(sink.0);
        }
        assert_eq!(said.into_iter().collect::<Vec<_>>(), ["x", "x a", "x b(c)"]);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for wrong in ["[a", "a]", "a|b", "<a", "{a"] {
            assert!(matches!(parse(wrong, 3), Err(GrammarError::Pattern { line: 3, .. })), "{wrong}");
        }
        let names = Names::parse("a = <a>").unwrap();
        let endless = expand(&parse("<a>", 1).unwrap(), &names, &mut Rng::new(1), &mut Plain::default());
        assert_eq!(endless, Err(GrammarError::Endless("a".into())));
        let unknown = expand(&parse("<b>", 1).unwrap(), &names, &mut Rng::new(1), &mut Plain::default());
        assert_eq!(unknown, Err(GrammarError::Unknown("b".into())));
    }
}
