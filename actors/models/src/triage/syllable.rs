//! Which strings are Vietnamese syllables, and how a syllable that an input method left half written is read.

use super::letters::Forms;

/// Ways a syllable may begin, without marks, longest first.
const ONSETS: [&str; 27] = [
    "ngh", "ch", "gh", "gi", "kh", "ng", "nh", "ph", "th", "tr", "b", "c", "d", "g", "h", "k", "l", "m", "n", "p", "q",
    "r", "s", "t", "v", "x", "",
];

/// Ways a syllable may end, without marks, in order.
const RIMES: [&str; 111] = [
    "a", "ac", "ach", "ai", "am", "an", "ang", "anh", "ao", "ap", "at", "au", "ay", "e", "ec", "ech", "em", "en",
    "eng", "enh", "eo", "ep", "et", "eu", "i", "ia", "ich", "iec", "iem", "ien", "ieng", "iep", "iet", "ieu", "im",
    "in", "inh", "ip", "it", "iu", "o", "oa", "oac", "oach", "oai", "oam", "oan", "oang", "oanh", "oao", "oap", "oat",
    "oay", "oc", "oe", "oen", "oeo", "oet", "oi", "om", "on", "ong", "op", "ot", "u", "ua", "uac", "uach", "uai",
    "uan", "uang", "uanh", "uao", "uat", "uay", "uc", "ue", "uech", "uen", "uenh", "ueo", "uet", "ui", "um", "un",
    "ung", "uo", "uoc", "uoi", "uom", "uon", "uong", "uop", "uot", "uou", "up", "ut", "uu", "uy", "uya", "uych",
    "uyen", "uyet", "uynh", "uyt", "uyu", "y", "yem", "yen", "yet", "yeu",
];

/// Letters of the longest syllable (`nghieng`), so longer words are not tried.
const SYLLABLE_LETTERS_MAX: usize = 7;

/// True for a Vietnamese syllable written without marks.
#[must_use]
pub fn is_syllable(plain: &str) -> bool {
    if plain.is_empty() || plain.len() > SYLLABLE_LETTERS_MAX || !plain.bytes().all(|b| b.is_ascii_lowercase()) {
        return false;
    }
    ONSETS.iter().any(|onset| plain.strip_prefix(onset).is_some_and(|rime| RIMES.binary_search(&rime).is_ok()))
}

/// Reads a word that Telex left half written (`nuowcs`, `chays`); `None` when it is not one.
#[must_use]
pub fn from_telex(word: &str) -> Option<Forms> {
    if word.len() < 2 || word.len() > SYLLABLE_LETTERS_MAX + 4 {
        return None;
    }
    let letters: Vec<char> = word.chars().collect();
    let (mut plain, mut marked, mut tone) = (String::new(), String::new(), None);
    for letter in letters {
        let vowel_seen = plain.contains(['a', 'e', 'i', 'o', 'u', 'y']);
        let last = plain.chars().last();
        match letter {
            's' | 'f' | 'r' | 'x' | 'j' if vowel_seen && tone.is_none() => tone = Some(letter),
            'w' if plain.contains(['a', 'o', 'u']) => horn(&plain, &mut marked),
            'w' => {
                plain.push('u');
                marked.push_str("uw");
            }
            'a' | 'e' | 'o' if last == Some(letter) || (vowel_seen && plain.contains(letter)) => {
                marked = hat(&marked, letter);
            }
            'd' if plain == "d" => marked.push('d'),
            'd' if plain.starts_with('d') && !plain.contains("dd") => marked = marked.replacen('d', "dd", 1),
            _ => {
                plain.push(letter);
                marked.push(letter);
            }
        }
    }
    if plain == word || !is_syllable(&plain) {
        return None;
    }
    marked.extend(tone);
    Some(Forms { plain, marked })
}

/// Puts the horn or breve on the vowels that may carry one: both of `uo`, otherwise the last of a, o, u.
fn horn(plain: &str, marked: &mut String) {
    if plain.contains("uo") && !marked.contains('w') {
        *marked = marked.replacen("uo", "uwow", 1);
    } else if let Some(at) = marked.rfind(['a', 'o', 'u']) {
        marked.insert(at + 1, 'w');
    }
}

/// Puts the hat on the last such vowel.
fn hat(marked: &str, vowel: char) -> String {
    let mut out = marked.to_owned();
    if let Some(at) = out.rfind(vowel) {
        out.insert(at, vowel);
    }
    out
}

/// Reads a word that VNI left half written (`nu7o7c1`, `cha1y`); `None` when it is not one.
#[must_use]
pub fn from_vni(word: &str) -> Option<Forms> {
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    if digits == 0 || digits == word.len() || word.len() > SYLLABLE_LETTERS_MAX + 4 {
        return None;
    }
    let (mut plain, mut marked, mut tone) = (String::new(), String::new(), None);
    for letter in word.chars() {
        match letter {
            '1'..='5' => tone = "12345".find(letter).and_then(|at| "sfrxj".chars().nth(at)),
            '6' => marked = hat(&marked, plain.chars().rev().find(|c| matches!(c, 'a' | 'e' | 'o'))?),
            '7' | '8' => marked.push('w'),
            '9' => marked = marked.replacen('d', "dd", 1),
            '0' => {}
            _ => {
                plain.push(letter);
                marked.push(letter);
            }
        }
    }
    if !is_syllable(&plain) {
        return None;
    }
    marked.extend(tone);
    Some(Forms { plain, marked })
}

#[cfg(test)]
mod tests {
    use super::super::letters::forms;
    use super::*;

    #[test]
    fn syllables_are_known() {
        for word in ["nuoc", "chay", "nguyen", "giup", "nghieng", "quan", "a", "y", "cuu", "duong", "thuy", "quoc"] {
            assert!(is_syllable(word), "{word}");
        }
        for word in ["nuowcs", "chays", "fire", "help", "blood", "", "xyz", "w"] {
            assert!(!is_syllable(word), "{word}");
        }
    }

    #[test]
    fn what_telex_left_over_is_the_word_that_was_meant() {
        for (typed, meant) in [
            ("nuowcs", "nước"),
            ("nwowcs", "nước"),
            ("chays", "cháy"),
            ("dduwowngf", "đường"),
            ("cuwus", "cứu"),
            ("teen", "tên"),
        ] {
            assert_eq!(from_telex(typed), Some(forms(meant)), "{typed}");
        }
        assert_eq!(from_telex("nuoc"), None);
        assert_eq!(from_telex("fire"), None);
    }

    #[test]
    fn what_vni_left_over_is_the_word_that_was_meant() {
        for (typed, meant) in [("nu7o7c1", "nước"), ("cha1y", "cháy"), ("d9u7o7ng2", "đường"), ("cu7u1", "cứu")]
        {
            assert_eq!(from_vni(typed), Some(forms(meant)), "{typed}");
        }
        assert_eq!(from_vni("115"), None);
        assert_eq!(from_vni("km12"), None);
    }
}
