//! People whom a message names without a number: `bố em bị ngã` is one, `bà với cháu kẹt trên gác` are two.

use std::sync::LazyLock;

use super::super::letters::{Forms, forms};
use super::super::normal::Token;
use super::{begins, word};

/// Two people by what they are together.
const TWO: &[&str] =
    &["me con", "bo con", "cha con", "ba chau", "ong chau", "ong ba", "bo me", "cha me", "hai dua", "doi nam nu"];

/// One person as messages name them. Longer phrases stand before the words they begin with.
#[rustfmt::skip]
const ONE: &[&str] = &[
    "nan nhan", "benh nhan", "san phu", "thai phu", "ba bau", "me bau", "nguoi dan ong", "nguoi phu nu",
    "nguoi di duong", "nguoi nha", "nguoi yeu", "nguoi quen", "nguoi gia", "dan ong", "phu nu", "nam thanh nien",
    "thanh nien", "sinh vien", "hoc sinh", "cong nhan", "tai xe", "lai xe", "phu xe", "xe om", "bao ve", "co giao",
    "thay giao", "hang xom", "chong", "vo", "bo", "me", "bam", "thay", "ba noi", "ba ngoai", "ong noi", "ong ngoai",
    "ba cu", "cu ba", "ong cu", "cu ong", "ba lao", "ong lao", "cu gia", "ba gia", "ong gia", "ba hang", "ong hang",
    "cu", "con trai", "con gai", "con dau", "con re", "con em", "con toi", "con chau", "con minh", "con be",
    "chau be", "chau nho", "chau trai", "chau gai", "chau noi", "chau ngoai", "be trai", "be gai", "be nha", "em be",
    "em nho", "em trai", "em gai", "anh trai", "chi gai", "chi dau", "anh re", "em ho", "dua be", "dua tre",
    "dua con", "thang cu", "thang be", "thang em", "thang con", "thang chau", "cu te", "nhoc", "ban em", "ban toi",
    "ban cung", "ban chau", "bac gai", "mot nguoi", "mot em", "mot chau", "my father", "my mother", "my wife",
    "my husband", "my son", "my daughter", "my friend", "a man", "a woman", "a child", "nu sinh", "nam sinh",
    "co gai", "chang trai", "tho dien", "tho xay", "tho lan", "tho ho", "thang ban", "con ban", "ga la", "chi ban",
    "anh cong", "ong tho", "ba ban", "bac bao", "ong bo", "ba me", "chi ke",
];

/// Names of kin, which are a person only with whose they are, or an age.
#[rustfmt::skip]
const KIN: &[&str] = &[
    "ba", "ong", "bac", "chu", "co", "di", "cau", "mo", "thim", "anh", "chi", "chau", "em", "con", "be", "ban",
    "thang", "dua",
];

/// Those who speak of themselves.
const I: &[&str] = &["em", "toi", "chau", "con", "minh", "to", "tao", "tui"];

/// What is before a person who is not one: `các cháu`, `mấy bà`.
#[rustfmt::skip]
const MANY: &[&str] = &[
    "cac", "may", "nhieu", "nhung", "bon", "lu", "ca", "moi", "vai", "dam", "hang", "tui", "chung", "toan", "nhom",
    "doan",
];

/// What is done to somebody in danger, or how they are, with marks. Words that mean something else without them (`rơi` and
/// `rồi`, `cắn` and `cần`) count only where the marks are typed.
const HARM: &str = "đau|đau bụng|đau ngực|đau đầu|đau lắm|sốt|nôn|ngã|rơi|trôi|cuốn|lạc|đẻ|cắn|đốt|bỏng|đâm|tông|chém|đánh|doạ|cướp|\
    bắt|lừa|sặc|hóc|gãy|đuối|khóc|liệt|suy|chết|mệt|yếu|vướng";

/// What means the same without marks.
#[rustfmt::skip]
const HARM_PLAIN: &[&str] = &[
    "bi", "mac ket", "dang ket", "ket tren", "ket trong", "ngat", "xiu", "co giat", "bat tinh", "hon me", "kho tho",
    "khong tho", "ngung tho", "ngung tim", "tim tai", "dot quy", "tai bien", "chay mau", "ra mau", "mat mau",
    "nhieu mau", "gay chan", "gay tay", "vo dau", "vo oi", "duoi nuoc", "chet duoi", "mat tich", "khong thay ve",
    "chua thay ve", "chua ve", "nhay cau", "nhay lau", "tu tu", "uong thuoc", "treo co", "sap sinh", "sap de",
    "dau de", "de roi", "dang sinh", "chuyen da", "ran can", "cho can", "ong dot", "dien giat", "ngo doc", "ngat khi",
    "nam liet", "lim di", "li bi", "me man", "thoi thop", "nguy kich", "yeu lam", "met lam", "cap cuu", "len con",
    "bong gan", "kiet suc", "dau bung", "dau nguc", "sot cao", "nga xe", "nga cay", "nga cau", "nga gay", "truot nga",
    "lac rung", "lac duong", "roi xuong", "fell", "trapped", "bleeding", "unconscious", "fainted", "injured",
    "drowning", "ket", "tho khong", "tat tho", "tho rit", "khong day", "khong tinh", "khong dung", "khong di duoc",
    "goi khong", "goi mai khong", "nam bet", "nam im", "nam giua", "nam duoi", "nam san", "mau", "tim nguoi",
    "vo mat", "run bay", "run ban", "va mo hoi", "va mo", "mat lien lac", "khong lien lac", "di lac", "khong ve",
    "dinh nhay", "doi nhay", "roi tu", "thuong nang", "bi thuong", "thuong", "doi la", "doi lam", "ret qua",
    "lanh qua", "huyet ap", "tut huyet", "dau tim", "mau mui", "sung to", "sung mat", "sung vu", "noi man", "hen",
    "dong kinh", "cam dao", "tien su", "bau", "kiet", "nuot phai", "uong nham", "chuot rut", "say nang", "nga xuong",
    "nga tu mai", "nga tu tren", "te xe", "te nga", "bi ga", "xe tong", "xe dam", "vo tim", "con trong", "o trong",
    "trong xe", "bo nha", "bo di", "khong ngoi len", "chua ngoi len", "chua thay ngoi", "chua thay len", "treo ra",
    "tren lan can", "tren noc", "lan can cau", "gieo minh", "ke dao", "chay vao nguoi", "lua vao", "lan ngoai",
    "van ra", "de bep", "ket chan", "ket tay", "mat tam", "chim mat", "bi lan", "lan roi", "quet nga", "bam theo",
    "khoa trai", "pha cua",
];

/// Tokens between a person and what is done to them, at most.
const NEAR: usize = 7;

/// Short names of kin that are other words with other marks: `bố` and `bò`, `vợ` and `vỡ`. The second is how Telex writes them.
const KIN_MARKED: &[(&str, &str)] = &[
    ("bo", "boos"),
    ("me", "mej"),
    ("vo", "vowj"),
    ("chong", "choongf"),
    ("cu", "cuj"),
    ("thay", "thaafy"),
    ("bam", "baamf"),
];

/// True when a word that could be kin has other marks than kin has.
fn another_word(token: &Token) -> bool {
    let marked = KIN_MARKED.iter().find(|(plain, _)| *plain == token.plain).map(|(_, marked)| *marked);
    token.marked != token.plain && marked.is_some_and(|marked| token.marked != marked)
}

/// People who are named without a number and of whom the message says what is done to them.
#[must_use]
pub(super) fn people(tokens: &[Token]) -> Option<u32> {
    if (0..tokens.len()).any(|at| begins(tokens.get(at..).unwrap_or(&[]), "mot minh")) {
        return Some(1);
    }
    let mut most = 0;
    for at in 0..tokens.len() {
        let rest = tokens.get(at..).unwrap_or(&[]);
        if many_before(tokens, at) {
            continue;
        }
        let pair = TWO.iter().find(|pair| begins(rest, pair)).map(|pair| (2, pair.split(' ').count()));
        let Some((n, length)) = pair.or_else(|| one(rest).map(|length| (1, length))) else {
            if let Some(n) = speaker(rest) {
                most = most.max(n);
            }
            continue;
        };
        if harmed(tokens, at, length) {
            let n = n + u32::from(n == 1 && and_another(rest, length));
            most = most.max(n);
        }
    }
    (most > 0).then_some(most)
}

/// True when these words end with one person: `bà nội và` before `2 cháu`.
#[must_use]
pub(super) fn ends_with_one(tokens: &[Token]) -> bool {
    if tokens.last().is_some_and(|last| KIN.contains(&last.plain.as_str()) && !I.contains(&last.plain.as_str())) {
        return true;
    }
    (1..=4.min(tokens.len())).any(|back| {
        let from = tokens.len() - back;
        let rest = tokens.get(from..).unwrap_or(&[]);
        !many_before(tokens, from) && one(rest).is_some_and(|length| back <= length + 1)
    })
}

fn many_before(tokens: &[Token], at: usize) -> bool {
    // `con bo` is an animal, however it is typed.
    let animal = |before: usize| word(tokens, before) == "con" && word(tokens, at) == "bo";
    at.checked_sub(1).is_some_and(|before| MANY.contains(&word(tokens, before)) || animal(before))
}

/// The tokens of the person that begins here. A name of kin alone is how people address one another; it is a person with
/// somebody's name or `em`, `tôi` behind it, or an age.
fn one(rest: &[Token]) -> Option<usize> {
    if rest.first().is_none_or(another_word) {
        return None;
    }
    let whole = ONE.iter().filter(|one| begins(rest, one)).map(|one| one.split(' ').count()).max();
    let kin = || {
        let held = I.contains(&word(rest, 1)) || matches!(word(rest, 1), "ay" | "kia" | "nay" | "no" | "hang" | "gia");
        let aged = word(rest, 1).bytes().all(|b| b.is_ascii_digit()) && matches!(word(rest, 2), "tuoi" | "t" | "thang");
        (KIN.contains(&word(rest, 0)) && (held || (aged && !word(rest, 1).is_empty()))).then_some(2)
    };
    whole.or_else(kin)
}

/// `em bị kẹt`, `tôi đang lạc`: who speaks is in danger. `tôi với thằng bạn` are two, whatever happens to them.
fn speaker(rest: &[Token]) -> Option<u32> {
    if !I.contains(&word(rest, 0)) {
        return None;
    }
    if and_another(rest, 1) {
        return Some(2);
    }
    let skip = 1 + usize::from(matches!(word(rest, 1), "dang" | "vua" | "moi" | "da" | "sap"));
    let after = rest.get(skip..).unwrap_or(&[]);
    ["bi", "ket", "mac ket", "lac", "kho tho", "chay mau"].iter().any(|harm| begins(after, harm)).then_some(1)
}

/// Words for more people than one, without saying how many.
#[rustfmt::skip]
const CROWD: &[&str] = &[
    "nhieu nguoi", "nhieu", "hang loat", "hang chuc", "hang tram", "ca nha", "ca xom", "ca ban", "ca lop", "ca xuong",
    "ca doan", "ca khu", "moi nguoi", "ba con", "may nguoi", "may chau", "may em", "may dua", "cac chau", "cac em", "cac cu",
    "cac be", "dich", "ca benh", "thuoc cho",
];

/// True when a message speaks of more people than one.
#[must_use]
pub(super) fn speaks_of_many(tokens: &[Token]) -> bool {
    (0..tokens.len()).any(|at| CROWD.iter().any(|crowd| begins(tokens.get(at..).unwrap_or(&[]), crowd)))
}

/// True when what is done to somebody stands near.
fn harmed(tokens: &[Token], at: usize, length: usize) -> bool {
    let end = (at + length + NEAR).min(tokens.len());
    // `ngã ba` and `ngã tư` are where roads meet.
    let crossing =
        |place: usize| word(tokens, place) == "nga" && matches!(word(tokens, place + 1), "ba" | "tu" | "nam");
    (at.saturating_sub(NEAR)..end).filter(|place| !(at..at + length).contains(place) && !crossing(*place)).any(
        |place| {
            let rest = tokens.get(place..).unwrap_or(&[]);
            HARM_PLAIN.iter().any(|harm| begins(rest, harm)) || HARM_MARKED.iter().any(|harm| marked(rest, harm))
        },
    )
}

/// True when the message goes on with these words and their marks.
fn marked(rest: &[Token], words: &[Forms]) -> bool {
    rest.len() >= words.len() && rest.iter().zip(words).all(|(token, word)| token.marked == word.marked)
}

/// `HARM` as tokens write it.
static HARM_MARKED: LazyLock<Vec<Vec<Forms>>> =
    LazyLock::new(|| HARM.split('|').map(|phrase| phrase.split_whitespace().map(forms).collect()).collect());

/// `bố và mẹ em`, `bà với cháu`: a second person behind the first.
fn and_another(rest: &[Token], length: usize) -> bool {
    (0..2).any(|skip| {
        let joint = matches!(word(rest, length + skip), "va" | "voi" | "cung" | "vs");
        let after = rest.get(length + skip + 1..).unwrap_or(&[]);
        let kin = KIN.contains(&word(after, 0)) && !I.contains(&word(after, 0));
        joint
            && (one(after).is_some() || kin || matches!(word(after, 0), "chau" | "con" | "be") && word(after, 1) != "a")
    })
}
