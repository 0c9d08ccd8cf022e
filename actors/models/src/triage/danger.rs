//! Words of danger. Where one stands, a message is never ranked as no emergency, whatever the model thinks.

use std::sync::LazyLock;

use super::letters::forms;
use super::normal::Token;

/// Phrases, with marks. A word typed without marks matches by its letters; one typed with marks has to have the same.
const PHRASES: &str = "cứu với|cứu em|cứu tôi|cứu con|cứu nhà|cứu mạng|cứu gấp|cứu chúng|cứu cháu|cứu mẹ|cứu bố|cứu bà|cứu người|\
    cần cứu|xin cứu|kêu cứu|sos|cấp cứu|mắc kẹt|bị kẹt|kẹt trong|kẹt trên|đang kẹt|kẹt cứng|bất tỉnh|ngất xỉu|bị ngất|ngất rồi|\
    co giật|khó thở|không thở|ngừng thở|tím tái|hôn mê|nguy kịch|đuối nước|chết đuối|sắp chết|cháy nhà|nhà cháy|đang cháy|bốc cháy|\
    bị cháy|cháy to|cháy lớn|cháy rồi|cháy lan|cháy xe|cháy rừng|cháy đồi|cháy kho|cháy xưởng|khói đen|khói nhiều|lửa to|lửa lan|\
    nổ bình|nổ to|phát nổ|xì gas|mùi gas|rò gas|rò khí|tai nạn|lật xe|xe lật|đâm nhau|tông nhau|đâm xe|bị đâm|bị tông|chảy máu|\
    nhiều máu|mất máu|gãy chân|gãy tay|vỡ đầu|bị thương|nước lên|nước dâng|nước ngập|ngập nhà|ngập sâu|ngập rồi|bị ngập|đang ngập|\
    lũ về|lũ cuốn|lũ quét|lũ ống|cuốn trôi|nước cuốn|vỡ đê|sạt lở|lở đất|lở núi|đất sạt|sập nhà|nhà sập|sập cầu|cầu sập|bị sập|\
    bị vùi|vùi lấp|mất tích|lạc rừng|lạc trong|nhảy cầu|nhảy lầu|tự tử|tự sát|đánh nhau|chém nhau|bị chém|cầm dao|có dao|có súng|\
    cướp giật|bị cướp|có cướp|có trộm|trộm vào|hiếp dâm|doạ giết|giết người|bạo hành|đánh đập|ngộ độc|rắn cắn|chó cắn|điện giật|\
    đột quỵ|tai biến|sắp sinh|sắp đẻ|vỡ ối|đau đẻ|chuyển dạ|dây điện đứt|đứt dây điện|hoá chất|khí độc|cá chết|bị bỏng|sốt cao|\
    đau ngực|đau bụng|không ra được|cô lập|hết gạo|hết nước|đói lắm|sơ tán|mất điện|mất nước|thuyền lật|lật thuyền|rơi xuống|\
    khói tới|khói vào|khói mù|mùi khét|khét lẹt|nổ lớn|treo cổ|muốn chết|không muốn sống|ngủ mãi|nuốt phải|nuốt pin|hóc xương|\
    uống nhầm|sùi bọt|không tỉnh|bất động|phá cửa|bóp cổ|bị nhốt|bị trói|bắt cóc|chưa về|không thấy về|đi lạc|bị lạc|quấy rối|\
    sàm sỡ|xâm hại|bị lừa|rút sạch|mất trộm|mất xe|nước vào|nước tràn|nước tới|nước đến|nước xiết|chảy xiết|trôi mất|bị trôi|\
    đổ sập|sắp sập|sắp đổ|cây đổ|sét đánh|tốc mái|bay mái|sụt lún|mùi hoá chất|ong đốt|rò điện|vỡ ống|tím môi|tím người|bong gân|\
    đang chìm|đang ngụp|báo cháy|nhóm o|nhóm máu|xe cháy|có cháy|con sợ|liếm sang|máu me|\
    on fire|trapped|drowning|bleeding|unconscious|not breathing|accident|help me|help us|please help|gas leak|heart attack|landslide|\
    flooded|injured|stabbed|robbed|collapsed";

struct Phrase {
    words: Vec<(String, String)>,
}

static ALL: LazyLock<Vec<Phrase>> = LazyLock::new(|| {
    PHRASES
        .split('|')
        .map(|phrase| Phrase {
            words: phrase
                .split_whitespace()
                .map(|word| {
                    let forms = forms(word);
                    (forms.plain, forms.marked)
                })
                .collect(),
        })
        .collect()
});

/// The places (first byte, one past the last) of the phrases of danger in a message.
#[must_use]
pub fn found(tokens: &[Token]) -> Vec<(usize, usize)> {
    let mut all = Vec::new();
    for at in 0..tokens.len() {
        let rest = tokens.get(at..).unwrap_or(&[]);
        let Some(first) = rest.first() else { continue };
        for phrase in ALL.iter().filter(|phrase| phrase.words.first().is_some_and(|(plain, _)| *plain == first.plain)) {
            let same = |(token, (plain, marked)): (&Token, &(String, String))| {
                token.plain == *plain && (token.marked == token.plain || token.marked == *marked)
            };
            if rest.len() >= phrase.words.len()
                && rest.iter().zip(&phrase.words).all(same)
                && let Some(last) = rest.get(phrase.words.len() - 1)
            {
                all.push((first.start, last.end));
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::super::normal::{Reading, tokens};
    use super::*;

    fn says(text: &str) -> Vec<&str> {
        found(&tokens(text, Reading::Vietnamese)).into_iter().map(|(from, to)| &text[from..to]).collect()
    }

    #[test]
    fn danger_is_seen_with_and_without_marks_and_through_telex() {
        assert_eq!(says("Nhà em đang cháy"), ["đang cháy"]);
        assert_eq!(says("nha em dang chay"), ["dang chay"]);
        assert_eq!(says("nha em ddang chays"), ["ddang chays"]);
        assert_eq!(says("cuuu voi cứu em"), ["cuuu voi", "cứu em"]);
        assert_eq!(says("we are trapped"), ["trapped"]);
    }

    #[test]
    fn another_word_with_the_same_letters_is_not_danger_when_it_has_its_marks() {
        assert!(says("em đang chạy bộ").is_empty());
        assert!(says("cảm ơn trung tâm").is_empty());
    }
}
