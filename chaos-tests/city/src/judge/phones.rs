//! Phones: whatever a crew has tapped, in a tunnel or while its node was dead, the phone hears of in the end.

use agree::judge::{Verdict, broken};

use super::Book;

/// How many taps the phones still wait for.
#[must_use]
pub fn waiting(book: &Book) -> usize {
    book.unheard.len()
}

/// Judges a city in which nothing has been wrong for a while.
pub fn judge(book: &Book) -> Verdict {
    match book.unheard.first() {
        Some(name) => {
            let count = book.unheard.len();
            Err(broken("phones", format_args!("of {count} taps, {name} is the first, no phone has heard")))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tap_that_nobody_heard_of_is_found() {
        let mut book = Book::default();
        book.tapped(3);
        assert!(judge(&book).is_err());
        book.heard(3);
        assert_eq!(judge(&book), Ok(()));
    }
}
