//! What of a text can be compared quickly: its words, its pairs of words, its letters in threes, and the numbers in it.

use super::normalise::words;

/// Words of one text that are compared.
pub const WORDS_MAX: usize = 64;
/// Address numbers of one text that are compared.
const NUMBERS_MAX: usize = 4;
/// Bits that the triples of letters fall into.
const LETTER_WORDS: usize = 16;
/// Buckets that words are counted in.
const RARITY_BUCKETS: usize = 16_384;
/// After so many texts all counts are halved, so that what is common is what is common tonight.
const RARITY_TEXTS_MAX: u32 = 8192;
/// How many texts a word that was never seen counts as rare among, before any were.
const RARITY_PRIOR: f32 = 50.0;

/// Words after a number that make it a count or a measure and no address.
const COUNTED: [&str; 40] = [
    "nguoi", "ng", "nguoii", "em", "be", "tre", "dua", "cu", "ong", "ba", "gia", "tuoi", "gio", "phut", "tieng", "h",
    "p", "m", "met", "cm", "t", "thang", "ngay", "con", "chau", "nha", "xe", "oto", "people", "persons", "adults",
    "kids", "children", "hours", "hour", "min", "mins", "minutes", "yo", "years",
];
/// Those of them that count people.
const PEOPLE: [&str; 6] = ["nguoi", "ng", "nguoii", "people", "persons", "adults"];

/// A text as it is compared. About 800 bytes at most.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// Hashes of words, rising.
    pub(super) words: Vec<u32>,
    /// Hashes of two words in a row, rising.
    pub(super) pairs: Vec<u32>,
    letters: [u64; LETTER_WORDS],
    /// Hashes of what may be house numbers, rising.
    pub(super) numbers: Vec<u32>,
    /// Hashes of telephone numbers.
    pub(super) phones: Vec<u32>,
    /// How many people it speaks of.
    pub(super) people: Option<u32>,
}

/// FNV-1a: the same on every machine and in every version.
fn hash(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

fn set(mut hashes: Vec<u32>, most: usize) -> Vec<u32> {
    hashes.truncate(most);
    hashes.sort_unstable();
    hashes.dedup();
    hashes
}

impl Text {
    /// Prepares a text.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let words = words(text);
        let mut letters = [0; LETTER_WORDS];
        let joined = words.join(" ");
        for triple in joined.as_bytes().windows(3) {
            // The high bits of FNV are the better mixed ones.
            let bit = (hash(triple) >> 16) as usize % (LETTER_WORDS * 64);
            letters[bit / 64] |= 1 << (bit % 64);
        }
        let (numbers, phones, people) = numbers(&words);
        let hashes: Vec<u32> = words.iter().map(|word| hash(word.as_bytes())).collect();
        let pairs = words.windows(2).map(|pair| hash(format!("{} {}", pair[0], pair[1]).as_bytes())).collect();
        Self {
            words: set(hashes, WORDS_MAX),
            pairs: set(pairs, WORDS_MAX),
            letters,
            numbers: set(numbers, NUMBERS_MAX),
            phones: set(phones, NUMBERS_MAX),
            people,
        }
    }

    /// Part of the letters in threes that both have, of those that either has: 1 for the same text.
    #[must_use]
    pub fn letters_alike(&self, other: &Self) -> f32 {
        let (mut both, mut either) = (0, 0);
        for (one, two) in self.letters.iter().zip(&other.letters) {
            both += (one & two).count_ones();
            either += (one | two).count_ones();
        }
        both as f32 / either.max(1) as f32
    }

    /// How alike two texts are at a first glance: letters, and what names a house or a caller. Not a probability.
    #[must_use]
    pub(super) fn glance(&self, other: &Self) -> f32 {
        let same = |one: &[u32], other: &[u32]| one.iter().any(|hash| other.contains(hash));
        let number = match (self.numbers.is_empty() || other.numbers.is_empty(), same(&self.numbers, &other.numbers)) {
            (_, true) => 0.5,
            (true, false) => 0.0,
            (false, false) => -0.3,
        };
        let phone = if same(&self.phones, &other.phones) { 1.0 } else { 0.0 };
        self.letters_alike(other) + number + phone
    }

    /// Nothing was said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }
}

/// Address numbers, telephone numbers, people.
fn numbers(words: &[String]) -> (Vec<u32>, Vec<u32>, Option<u32>) {
    let (mut numbers, mut phones, mut people) = (Vec::new(), Vec::new(), None);
    let mut at = 0;
    while at < words.len() {
        let word = &words[at];
        if !word.starts_with(|first: char| first.is_ascii_digit()) {
            at += 1;
            continue;
        }
        let digits = |word: &String| word.bytes().all(|byte| byte.is_ascii_digit());
        // A telephone number, also when it is written in groups.
        let mut joined = String::new();
        let mut after = at;
        while after < words.len() && digits(&words[after]) && joined.len() < 12 {
            joined.push_str(&words[after]);
            after += 1;
        }
        if joined.starts_with('0') && (9..=11).contains(&joined.len()) {
            phones.push(hash(joined.as_bytes()));
            at = after;
            continue;
        }
        let next = words.get(at + 1).map(String::as_str).unwrap_or_default();
        let unit = word.trim_start_matches(|digit: char| digit.is_ascii_digit());
        if digits(word) && PEOPLE.contains(&next) {
            people = people.or_else(|| word.parse().ok());
        } else if word.len() <= 8 && !COUNTED.contains(&next) && !COUNTED.contains(&unit) {
            numbers.push(hash(word.as_bytes()));
        }
        at += 1;
    }
    (numbers, phones, people)
}

/// How rare words are among the texts of late. Constant memory: counts in buckets.
#[derive(Clone, Debug)]
pub struct Rarity {
    counts: Vec<u16>,
    texts: u32,
}

impl Default for Rarity {
    fn default() -> Self {
        Self { counts: vec![0; RARITY_BUCKETS], texts: 0 }
    }
}

impl Rarity {
    /// Counts a text.
    pub fn observe(&mut self, text: &Text) {
        if self.texts >= RARITY_TEXTS_MAX {
            self.texts /= 2;
            self.counts.iter_mut().for_each(|count| *count /= 2);
        }
        self.texts += 1;
        for hash in text.words.iter().chain(&text.pairs) {
            let count = &mut self.counts[*hash as usize % RARITY_BUCKETS];
            *count = count.saturating_add(1);
        }
    }

    /// The less often, the more it says (inverse document frequency).
    #[must_use]
    pub fn of(&self, hash: u32) -> f32 {
        let count = f32::from(self.counts[hash as usize % RARITY_BUCKETS]);
        ((RARITY_PRIOR + self.texts as f32) / (1.0 + count)).ln().max(0.0)
    }

    /// What two sets have in common, weighed by rarity: as part of the smaller set, and in all.
    #[must_use]
    pub fn shared(&self, one: &[u32], other: &[u32]) -> (f32, f32) {
        let weigh = |set: &[u32]| set.iter().map(|hash| self.of(*hash)).sum::<f32>();
        let both: f32 = one.iter().filter(|hash| other.binary_search(hash).is_ok()).map(|hash| self.of(*hash)).sum();
        let smaller = weigh(one).min(weigh(other));
        if smaller > 0.0 { ((both / smaller).min(1.0), both) } else { (0.0, 0.0) }
    }
}

/// The words that both texts have, rarest first, at most `most`: what a screen shows as the reason.
#[must_use]
pub fn shared_words(one: &str, other: &str, rarity: &Rarity, most: usize) -> Vec<String> {
    let other = words(other);
    let mut shared: Vec<(f32, String)> = words(one)
        .into_iter()
        .filter(|word| other.contains(word))
        .map(|word| (rarity.of(hash(word.as_bytes())), word))
        .collect();
    shared.sort_by(|one, other| other.0.total_cmp(&one.0).then_with(|| one.1.cmp(&other.1)));
    shared.dedup_by(|one, other| one.1 == other.1);
    shared.truncate(most);
    shared.into_iter().map(|(_, word)| word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_told_apart() {
        let text = Text::of("Nhà số 45/3 đường Lê Lợi có 5 người, 2 em bé, nước 2m lên từ 3h, sđt 0912 345 678");
        assert_eq!(text.numbers, [hash(b"45/3")]);
        assert_eq!(text.phones, [hash(b"0912345678")]);
        assert_eq!(text.people, Some(5));
        assert_eq!(Text::of("số 12 Lê Lợi").numbers, Text::of("nha 12 le loi").numbers);
    }

    #[test]
    fn the_same_letters_are_alike() {
        let one = Text::of("nước ngập tới mái nhà, cứu với");
        assert_eq!(one.letters_alike(&Text::of("NUOC NGAP TOI MAI NHA CUU VOI")), 1.0);
        assert!(one.letters_alike(&Text::of("cháy quán ăn ngã tư")) < 0.2);
        assert!(Text::of(" ?! ").is_empty());
    }

    #[test]
    fn what_is_rare_weighs_more() {
        let mut rarity = Rarity::default();
        for street in 0..200 {
            rarity.observe(&Text::of(&format!("nuoc ngap cuu voi duong{street}")));
        }
        let (one, same) = (Text::of("nuoc ngap duong7"), Text::of("cuu voi duong7"));
        let other = Text::of("nuoc ngap duong8");
        assert!(rarity.shared(&one.words, &same.words).0 > rarity.shared(&one.words, &other.words).0);
        assert_eq!(shared_words("Nước ngập đường7", "duong7 nuoc", &rarity, 9), ["duong7", "nuoc"]);
        assert_eq!(rarity.shared(&one.words, &[]), (0.0, 0.0));
    }

    #[test]
    fn counts_are_halved_and_stay_bounded() {
        let mut rarity = Rarity::default();
        let text = Text::of("nuoc");
        for _ in 0..RARITY_TEXTS_MAX * 3 {
            rarity.observe(&text);
        }
        assert!(rarity.texts <= RARITY_TEXTS_MAX);
        assert!(rarity.of(text.words[0]) < 0.1);
    }
}
