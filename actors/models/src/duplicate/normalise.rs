//! Vietnamese text as it can be compared: small letters, without diacritics, in words.
//!
//! Half of what people send on a night of floods has no diacritics, so a comparison that heeds them compares keyboards.

/// Characters of a text that are read; what follows says little of where and what.
pub const TEXT_CHARS_MAX: usize = 2000;

/// The letter that a Vietnamese letter stands on, small. Other letters are only made small.
#[must_use]
pub fn base(letter: char) -> char {
    let small = letter.to_lowercase().next().unwrap_or(letter);
    match small {
        'à' | 'á' | 'ả' | 'ã' | 'ạ' | 'ă' | 'ằ' | 'ắ' | 'ẳ' | 'ẵ' | 'ặ' | 'â' | 'ầ' | 'ấ' | 'ẩ' | 'ẫ' | 'ậ' => {
            'a'
        }
        'è' | 'é' | 'ẻ' | 'ẽ' | 'ẹ' | 'ê' | 'ề' | 'ế' | 'ể' | 'ễ' | 'ệ' => 'e',
        'ì' | 'í' | 'ỉ' | 'ĩ' | 'ị' => 'i',
        'ò' | 'ó' | 'ỏ' | 'õ' | 'ọ' | 'ô' | 'ồ' | 'ố' | 'ổ' | 'ỗ' | 'ộ' | 'ơ' | 'ờ' | 'ớ' | 'ở' | 'ỡ' | 'ợ' => {
            'o'
        }
        'ù' | 'ú' | 'ủ' | 'ũ' | 'ụ' | 'ư' | 'ừ' | 'ứ' | 'ử' | 'ữ' | 'ự' => 'u',
        'ỳ' | 'ý' | 'ỷ' | 'ỹ' | 'ỵ' => 'y',
        'đ' => 'd',
        other => other,
    }
}

/// A diacritic that stands for itself, as decomposed Unicode has it.
fn is_mark(letter: char) -> bool {
    ('\u{0300}'..='\u{036f}').contains(&letter)
}

/// The text without diacritics, in its own case and punctuation: as somebody types it who has no Vietnamese keyboard.
#[must_use]
pub fn strip(text: &str) -> String {
    let plain = text.chars().filter(|letter| !is_mark(*letter)).map(|letter| {
        let base = base(letter);
        if letter.is_uppercase() { base.to_uppercase().next().unwrap_or(base) } else { base }
    });
    plain.collect()
}

/// The words: small, without diacritics, of letters and digits. A slash between digits stays, so `45/3` is one word.
#[must_use]
pub fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut letters = text.chars().take(TEXT_CHARS_MAX).filter(|letter| !is_mark(*letter)).peekable();
    while let Some(letter) = letters.next() {
        let inside = letter == '/'
            && word.ends_with(|before: char| before.is_ascii_digit())
            && letters.peek().is_some_and(char::is_ascii_digit);
        if letter.is_alphanumeric() {
            word.push(base(letter));
        } else if inside {
            word.push('/');
        } else if !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn with_and_without_diacritics_are_the_same() {
        let with = words("Cứu với! Nhà số 45/3 đường Trần Hưng Đạo, nước ngập 2m");
        assert_eq!(with, words("cuu voi nha so 45/3 duong tran hung dao nuoc ngap 2m"));
        assert_eq!(with[4], "45/3");
        // Decomposed: letter and marks apart.
        assert_eq!(words("nu\u{031b}o\u{031b}\u{0301}c"), ["nuoc"]);
        assert_eq!(strip("Đường Ỷ Lan"), "Duong Y Lan");
    }

    #[test]
    fn a_slash_is_part_of_a_number_only() {
        assert_eq!(words("a/b 3/ /4 5/6"), ["a", "b", "3", "4", "5/6"]);
    }

    proptest! {
        #[test]
        fn any_text_gives_words_that_stay_as_they_are(text in ".{0,200}") {
            for word in words(&text) {
                prop_assert!(!word.is_empty());
                // Some letters of other scripts become several when made small; Vietnamese and English do not.
                if word.is_ascii() {
                    prop_assert_eq!(words(&word), vec![word.clone()]);
                }
            }
        }
    }
}
