//! The words that pleas are made of. The last third of each list of phrases is kept from training.

use super::super::super::forecast::random::Random;

/// Which phrases are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wording {
    /// Those that a model may learn from.
    Train,
    /// All, the ones kept from training as often as the others.
    Test,
}

/// The phrases that are kept from training.
pub(super) fn held<'a>(phrases: &'a [&'static str]) -> &'a [&'static str] {
    &phrases[phrases.len() - phrases.len() / 3..]
}

impl Wording {
    pub(super) fn pick(self, phrases: &[&'static str], random: &mut Random) -> &'static str {
        let held = held(phrases);
        let from = match self {
            Self::Test if random.chance(0.5) => held,
            _ => &phrases[..phrases.len() - held.len()],
        };
        random.pick(from).copied().unwrap_or_default()
    }
}

pub(super) const HAMLETS: &[&str] = &[
    "thôn Đông",
    "thôn Đoài",
    "thôn Thượng",
    "thôn Hạ",
    "xóm Bến",
    "xóm Đình",
    "xóm Chùa",
    "tổ 5",
    "khu phố 3",
    "ấp Tân Lập",
    "thôn An Bình",
    "xóm Mới",
];

pub(super) const STREETS: &[&str] = &[
    "Trần Hưng Đạo",
    "Lê Lợi",
    "Nguyễn Huệ",
    "Hai Bà Trưng",
    "Lý Thường Kiệt",
    "Quang Trung",
    "Phan Bội Châu",
    "Phan Chu Trinh",
    "Nguyễn Trãi",
    "Ngô Quyền",
    "Đinh Tiên Hoàng",
    "Bà Triệu",
    "Lê Thánh Tông",
    "Trần Phú",
    "Hùng Vương",
    "Nguyễn Du",
    "Tô Hiến Thành",
    "Chu Văn An",
    "Bạch Đằng",
    "Nguyễn Công Trứ",
    "Phạm Ngũ Lão",
    "Lê Duẩn",
    "Hoàng Diệu",
    "Yết Kiêu",
    "Đặng Dung",
    "Bùi Thị Xuân",
    "Nguyễn Khuyến",
    "Tản Đà",
    "Võ Thị Sáu",
    "Kim Đồng",
];

pub(super) const NAMES: &[&str] = &[
    "bà Hoa",
    "ông Tư",
    "anh Tuấn",
    "chị Lan",
    "cô Hạnh",
    "chú Bảy",
    "ông Sáu Lành",
    "bà Năm",
    "anh Dũng",
    "chị Thảo",
    "thầy Minh",
    "cô Út",
    "ông Thắng",
    "bà Cúc",
    "anh Hải",
    "chị Ngọc",
];

pub(super) const ADDRESSES: &[&str] = &[
    "số {n} đường {street}",
    "nhà số {n} {street}",
    "{n} {street}",
    "{n} {street}, {hamlet}",
    "{street} số {n}",
    "số nhà {n} {street} {hamlet}",
    "đường {street}, số {n}",
    "ở {hamlet}, đường {street} nhà {n}",
    "đ/c {n} {street}",
    "địa chỉ: {n} {street}",
    "nhà mình ở {n} {street}",
    "tại số {n}, {street}",
];

pub(super) const CROSSINGS: &[&str] = &[
    "trước nhà số {n} đường {street}",
    "đoạn {n} {street}",
    "ngay ngã ba {street}",
    "đầu đường {street}",
    "khúc cua {street} gần số {n}",
    "đối diện {n} {street}",
    "ngã tư {street} {hamlet}",
    "gần cầu, đường {street}",
];

pub(super) const OPENERS: &[&str] = &[
    "cứu với",
    "cứu em với",
    "mọi người ơi giúp với",
    "khẩn cấp",
    "SOS",
    "làm ơn giúp đỡ",
    "alo cứu hộ",
    "cần cứu gấp",
    "xin đội cứu hộ giúp",
    "ai ở gần giúp với",
    "trời ơi cứu",
    "báo cáo trung tâm",
    "nhờ các anh",
    "cho em báo",
    "cần hỗ trợ khẩn",
    "có ai không cứu với",
    "xin kêu gọi cứu giúp",
    "nhờ chuyển tin giùm",
];

const FLOOD: &[&str] = &[
    "nước ngập vào nhà",
    "nước lên nhanh quá",
    "nhà ngập sâu",
    "đang kẹt trên gác",
    "nước tràn vào không ra được",
    "ngập hết rồi không còn chỗ đứng",
    "đang ngồi trên mái nhà",
    "nước lũ về bị cô lập",
    "cần thuyền tới đón",
    "bị mắc kẹt trong nhà vì lũ",
    "nước dâng cao phải leo lên tủ",
    "nhà chìm trong nước",
    "chưa ai tới cứu, nước vẫn lên",
    "cả nhà leo lên nóc chờ xuồng",
    "nước xiết không dám ra",
];

const FIRE: &[&str] = &[
    "cháy nhà",
    "đang cháy lớn",
    "khói đen mù mịt",
    "lửa bốc cao",
    "cháy quán ăn",
    "chập điện bốc cháy",
    "cháy lan sang nhà bên",
    "nổ bình ga cháy rồi",
    "có khói và mùi khét",
    "lửa cháy trên tầng hai",
    "cháy kho hàng",
    "thấy lửa đỏ rực",
];

const MEDICAL: &[&str] = &[
    "có người bất tỉnh",
    "khó thở cần cấp cứu",
    "đau ngực dữ dội",
    "sắp sinh cần xe",
    "bị điện giật",
    "té gãy chân",
    "co giật",
    "chảy máu nhiều không cầm được",
    "sốt cao li bì",
    "đột quỵ méo miệng",
    "cần xe cứu thương",
    "ngừng thở rồi",
];

const TRAFFIC: &[&str] = &[
    "tai nạn xe máy",
    "hai xe tông nhau",
    "xe tải lật",
    "tai nạn giao thông có người bị thương",
    "xe khách tông xe máy",
    "va chạm ô tô",
    "có người nằm giữa đường",
    "xe lao xuống mương",
    "đụng xe kẹt cứng đường",
    "tai nạn nghiêm trọng",
    "xe container mất lái",
    "tông xe rồi bỏ chạy",
];

const INFRASTRUCTURE: &[&str] = &[
    "cây đổ chắn đường",
    "cột điện ngã",
    "dây điện đứt rơi xuống nước",
    "sạt lở đất",
    "đường sụt hố lớn",
    "cầu bị trôi",
    "cây đè lên nhà",
    "đất đá tràn xuống đường",
    "mất điện cả xóm",
    "bờ kè sạt",
    "tường đổ",
    "hố sâu giữa đường",
];

pub(super) const SITUATIONS: [&[&str]; 5] = [FLOOD, FIRE, MEDICAL, TRAFFIC, INFRASTRUCTURE];

pub(super) const WATER: &[&str] = &[
    "nước tới ngực",
    "nước tới cổ",
    "ngập 1m",
    "ngập 2m rồi",
    "nước gần tới mái",
    "nước tới đầu gối",
    "ngập hơn 1m5",
    "nước lút tầng một",
];

pub(super) const VULNERABLE: &[&str] = &[
    "có bà cụ 80 tuổi",
    "có em bé 3 tháng",
    "có 2 trẻ nhỏ",
    "có người bị liệt",
    "có bà bầu 8 tháng",
    "có ông già bệnh tim",
    "có cụ nằm một chỗ",
    "có bé sốt",
    "có người khuyết tật",
    "toàn người già và trẻ em",
];

pub(super) const CLOSERS: &[&str] = &[
    "làm ơn nhanh lên",
    "xin cảm ơn",
    "gấp lắm rồi",
    "pin sắp hết",
    "ai giúp với",
    "chờ mấy tiếng rồi",
    "nhanh không kịp",
    "cảm ơn mọi người",
    "xin chia sẻ giúp",
    "gọi mãi không ai nghe",
    "mong các anh tới sớm",
    "không cầm cự được lâu",
];

pub(super) const ENGLISH: &[&str] = &[
    "help, house {n} {street} street is flooded, {people} people inside",
    "we are trapped at {n} {street}, {people} people, water rising",
    "please send help to {n} {street}",
    "emergency at {street} no {n}",
];

/// What thumbs leave out.
pub(super) const SHORTHAND: &[(&str, &str)] = &[
    ("không", "ko"),
    ("người", "ng"),
    ("nước", "nc"),
    ("được", "dc"),
    ("đường", "đg"),
    ("giúp", "júp"),
    ("mọi ng", "mn"),
    ("rồi", "r"),
    ("với", "vs"),
    ("em bé", "e bé"),
];
