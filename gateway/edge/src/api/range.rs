//! The part of a file that a browser asks for when somebody seeks in a clip (RFC 9110, 14). Pure.

use std::ops::Range;

use axum::http::{HeaderMap, header};

/// What of the bytes is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// All of them.
    All,
    /// These; never none.
    Part(Range<usize>),
    /// Some where there are none.
    Outside,
}

/// What is asked for of `length` bytes under this tag. What nobody needs, as several parts at once, is answered with all of them.
pub(super) fn wanted(headers: &HeaderMap, tag: &str, length: usize) -> Wanted {
    if headers.get(header::IF_RANGE).is_some_and(|known| known.as_bytes() != tag.as_bytes()) {
        return Wanted::All;
    }
    let asked = headers.get(header::RANGE).and_then(|range| range.to_str().ok()?.strip_prefix("bytes="));
    let Some((first, last)) = asked.and_then(|range| range.trim().split_once('-')) else { return Wanted::All };
    let part = match (number(first), number(last)) {
        (Some(first), Some(last)) if first <= last => first..last.saturating_add(1).min(length),
        (Some(first), None) if last.is_empty() => first..length,
        (None, Some(last)) if first.is_empty() => length.saturating_sub(last)..length,
        _ => return Wanted::All,
    };
    if part.start < part.end { Wanted::Part(part) } else { Wanted::Outside }
}

/// A number of digits alone.
fn number(text: &str) -> Option<usize> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    const TAG: &str = "\"a\"";

    fn of(range: &str, length: usize) -> Wanted {
        let mut headers = HeaderMap::new();
        headers.insert(header::RANGE, HeaderValue::try_from(range).unwrap());
        wanted(&headers, TAG, length)
    }

    #[test]
    fn a_part_is_within_what_there_is() {
        assert_eq!(of("bytes=0-", 10), Wanted::Part(0..10));
        assert_eq!(of("bytes=0-0", 10), Wanted::Part(0..1));
        assert_eq!(of("bytes=3-99999", 10), Wanted::Part(3..10));
        assert_eq!(of("bytes=-4", 10), Wanted::Part(6..10));
        assert_eq!(of("bytes=-40", 10), Wanted::Part(0..10));
        for outside in ["bytes=10-", "bytes=10-12", "bytes=-0"] {
            assert_eq!(of(outside, 10), Wanted::Outside, "{outside}");
        }
        assert_eq!(of("bytes=0-", 0), Wanted::Outside);
    }

    #[test]
    fn what_is_no_single_part_is_answered_with_all() {
        for odd in ["bytes=5-3", "bytes=-", "bytes=", "bytes=0-1,3-4", "bytes=+1-2", "lines=0-1", "0-1", "bytes=a-b"] {
            assert_eq!(of(odd, 10), Wanted::All, "{odd}");
        }
        assert_eq!(of(&format!("bytes=0-{}", "9".repeat(40)), 10), Wanted::All);
        assert_eq!(wanted(&HeaderMap::new(), TAG, 10), Wanted::All);
    }

    #[test]
    fn a_part_of_another_file_is_not_given() {
        let mut headers = HeaderMap::new();
        headers.insert(header::RANGE, HeaderValue::from_static("bytes=0-1"));
        headers.insert(header::IF_RANGE, HeaderValue::from_static(TAG));
        assert_eq!(wanted(&headers, TAG, 10), Wanted::Part(0..2));
        assert_eq!(wanted(&headers, "\"b\"", 10), Wanted::All);
    }
}
