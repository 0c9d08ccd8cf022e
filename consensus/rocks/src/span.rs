//! Which entries a group's log has, and what each operation does to that. Pure.

use std::ops::Range;

/// Purged entries that may lie about before they are removed with one range delete. One tombstone for so many keeps
/// reads from walking over tombstones.
pub(crate) const PURGE_STEP: u64 = 1024;

/// Entries of a group's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// First index that counts.
    pub(crate) first: u64,
    /// Index that follows the last entry. Invariant: `first <= next`; every index of `first..next` is on disk.
    pub(crate) next: u64,
    /// What lies in `swept..first` is purged and not removed yet. Invariant: `swept <= first`.
    pub(crate) swept: u64,
}

/// An append that would leave a hole or lie over another entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Misplaced {
    pub(crate) index: u64,
    pub(crate) expected: u64,
}

/// What a purge does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Purged {
    pub(crate) span: Span,
    /// Entries to remove now.
    pub(crate) remove: Option<Range<u64>>,
}

impl Span {
    /// The log of a group whose first entry, or whose first entry after a purge, is to be `index`.
    pub(crate) fn at(index: u64) -> Self {
        Self { first: index, next: index, swept: index }
    }

    /// The span after an entry at `index`; a log that has none begins anywhere.
    pub(crate) fn append(span: Option<Self>, index: u64) -> Result<Self, Misplaced> {
        let span = span.unwrap_or_else(|| Self::at(index));
        if span.next != index {
            return Err(Misplaced { index, expected: span.next });
        }
        Ok(Self { next: index + 1, ..span })
    }

    /// The span without the entries from `from` on, and which these are. Purged entries never come back.
    pub(crate) fn truncate(self, from: u64) -> (Self, Range<u64>) {
        let next = self.next.min(self.first.max(from));
        (Self { next, ..self }, next..self.next)
    }

    /// The span without the entries up to `upto`. `None`: these have been purged before.
    pub(crate) fn purge(span: Option<Self>, upto: u64) -> Option<Purged> {
        let first = upto.saturating_add(1);
        let Some(span) = span else {
            return Some(Purged { span: Self::at(first), remove: None });
        };
        if first <= span.first {
            return None;
        }
        // Beyond the end there is nothing to remove, and what comes next lies elsewhere.
        let end = first.min(span.next);
        let sweep = end - span.swept >= PURGE_STEP || first > span.next;
        let remove = (sweep && span.swept < end).then_some(span.swept..end);
        let swept = if sweep { first } else { span.swept };
        Some(Purged { span: Self { first, next: span.next.max(first), swept }, remove })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(first: u64, next: u64) -> Span {
        Span { first, next, swept: first }
    }

    #[test]
    fn entries_follow_one_another() {
        assert_eq!(Span::append(None, 5), Ok(span(5, 6)));
        assert_eq!(Span::append(Some(span(5, 6)), 6), Ok(span(5, 7)));
        assert_eq!(Span::append(Some(span(5, 6)), 7), Err(Misplaced { index: 7, expected: 6 }));
        assert_eq!(Span::append(Some(span(5, 6)), 5), Err(Misplaced { index: 5, expected: 6 }));
    }

    #[test]
    fn truncating_stops_at_what_is_purged() {
        assert_eq!(span(5, 10).truncate(8), (span(5, 8), 8..10));
        assert_eq!(span(5, 10).truncate(12), (span(5, 10), 10..10));
        assert_eq!(span(5, 10).truncate(2), (span(5, 5), 5..10));
    }

    #[test]
    fn few_purged_entries_wait_for_more() {
        let purged = Span::purge(Some(span(0, 5000)), 99);
        let lazy = Span { first: 100, next: 5000, swept: 0 };
        assert_eq!(purged, Some(Purged { span: lazy, remove: None }));
        let purged = Span::purge(Some(lazy), 1999);
        assert_eq!(purged, Some(Purged { span: span(2000, 5000), remove: Some(0..2000) }));
    }

    #[test]
    fn a_purge_beyond_the_end_moves_the_log() {
        let purged = Span::purge(Some(span(0, 10)), 99);
        assert_eq!(purged, Some(Purged { span: span(100, 100), remove: Some(0..10) }));
        assert_eq!(Span::purge(None, 99), Some(Purged { span: span(100, 100), remove: None }));
    }

    #[test]
    fn an_older_purge_changes_nothing() {
        assert_eq!(Span::purge(Some(span(100, 200)), 99), None);
        assert_eq!(Span::purge(Some(span(100, 200)), 50), None);
    }
}
