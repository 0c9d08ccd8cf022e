use proptest::prelude::*;

use super::super::normal::{Reading, tokens};
use super::*;

fn counted(text: &str) -> Option<u32> {
    people(&tokens(text, Reading::Vietnamese))
}

#[test]
fn people_are_counted_in_digits_and_words() {
    for (text, n) in [
        ("nhà có 5 người, có 2 cháu nhỏ", Some(5)),
        ("3 người lớn 2 trẻ em", Some(5)),
        ("ba mẹ con kẹt trên gác", Some(3)),
        ("hai vợ chồng già", Some(2)),
        ("co muoi hai nguoi mac ket", Some(12)),
        ("hai mươi lăm người", Some(25)),
        ("ba mươi mốt người", Some(31)),
        ("2 chục người", Some(20)),
        ("con 4ng tren mai", Some(4)),
        ("we are five people", Some(5)),
        ("there are 3 of us on the roof", Some(3)),
        ("hai vợ chồng em với 2 đứa con nhỏ", Some(4)),
        ("bà và 3 cháu", Some(4)),
        ("bà nội em với 3 đứa cháu", Some(4)),
        ("3 thanh niên bị thương", Some(3)),
        ("gia đình 6 nhân khẩu", Some(6)),
        ("lớp mầm non có 20 cháu và 2 cô giáo", Some(22)),
        ("hai trăm công nhân không ra được", Some(200)),
        ("2 người chết, 3 người bị thương", Some(5)),
        ("nhà 4 người, 1 người nằm liệt", Some(4)),
        ("một cụ già với hai cháu bé trên mái", Some(3)),
        ("2 mẹ con với 1 bà cụ kẹt trong nhà", Some(3)),
        ("3 mẹ con, 2 cháu còn bú", Some(3)),
        ("có đôi vợ chồng trẻ ngã xe", Some(2)),
        ("đôi nam nữ đi xe máy lao xuống vực", Some(2)),
        ("xe khách chở 30 hành khách lật", Some(30)),
        ("vợ chồng em và 3 con nhỏ", Some(5)),
        ("tôi với thằng bạn đang ở phòng 402 không xuống được", Some(2)),
    ] {
        assert_eq!(counted(text), n, "{text}");
    }
}

#[test]
fn who_is_named_without_a_number_is_one_when_something_happened_to_them() {
    for (text, n) in [
        ("bố em đột quỵ", Some(1)),
        ("em ở một mình", Some(1)),
        ("bà hàng xóm ngã cầu thang không dậy được", Some(1)),
        ("chồng tôi đau ngực vã mồ hôi", Some(1)),
        ("cháu bé 3 tuổi sốt cao co giật", Some(1)),
        ("có một người đàn ông định nhảy cầu", Some(1)),
        ("em bị kẹt trong thang máy", Some(1)),
        ("vo em sap sinh ra mau nhieu", Some(1)),
        ("cụ ông bị tai biến", Some(1)),
        ("my wife is bleeding", Some(1)),
        ("bố và mẹ em bị ngộ độc nấm", Some(2)),
        ("mẹ con em kẹt trên gác xép", Some(2)),
        ("bà cháu nhà bên bị nước cuốn", Some(2)),
        ("bạn cùng phòng ngất rồi", Some(1)),
    ] {
        assert_eq!(counted(text), n, "{text}");
    }
}

#[test]
fn other_numbers_and_many_people_without_one_are_not_counted() {
    for text in [
        "nước cao 2 mét ở km 12",
        "năm ngoái ngập",
        "gọi 0912345678",
        "chết 5 con bò",
        "cả xóm bị cô lập, hết gạo",
        "các cháu bị đói",
        "nhiều người bị thương",
        "xóm 5 người dân báo có mùi lạ",
        "cháy rừng ở đồi keo",
        "con em can nguoi den xem giup cot dien roi",
        "bố em bảo cần dọn cây ở ngã ba để xe đi",
        "mất điện từ sáng, các anh cho người xuống",
        "đề nghị các chú kiểm tra ống nước vỡ",
        "cây đổ chắn đường 2 xe không qua được",
        "đống lốp cũ sau gara ai châm lửa khói đen bay mù phố",
        "đèn tín hiệu ngã tư Đán bị lệch giây",
        "cần 3 4 thanh niên khoẻ khiêng bao cát",
    ] {
        assert_eq!(counted(text), None, "{text}");
    }
}

#[test]
fn a_call_for_a_doctor_is_about_one_person_unless_it_speaks_of_more() {
    let patients = |text: &str| super::patients(&tokens(text, Reading::Vietnamese));
    assert_eq!(patients("đứt động mạch, máu phun xối xả"), Some(1));
    assert_eq!(patients("con tôi 14 tháng nóng hầm hập"), Some(1));
    assert_eq!(patients("cả xưởng may chóng mặt buồn nôn"), None);
    assert_eq!(patients("bảy người ăn nấm đau quặn bụng"), Some(7));
}

proptest! {
    #[test]
    fn any_text_gives_a_count_in_range(text in "[0-9a-zà-ỹ ]{0,120}") {
        if let Some(n) = counted(&text) {
            prop_assert!(n >= 1);
        }
    }
}
