//! The made-up accounts, one for each kind of desk.

use domain::{Role, UnitId};
use serde::Serialize;

/// The service account under which the simulator and the replay publish readings.
pub const DEVICE: &str = "thiet-bi";
/// The desk that takes calls.
pub const AGENT: &str = "tong-dai";

/// An account to be made.
#[derive(Clone, Serialize)]
pub struct NewPerson {
    /// Login name.
    pub id: String,
    /// Full name.
    pub name: String,
    /// What the person is there for.
    pub role: Role,
    /// Districts seen and acted in.
    pub districts: Vec<String>,
    /// The whole province.
    pub everywhere: bool,
    /// In clear; it goes over TLS or loopback and is hashed at the gateway.
    pub password: String,
    /// The unit that a responder crews.
    pub unit: Option<String>,
}

impl std::fmt::Debug for NewPerson {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Never the password.
        f.debug_struct("NewPerson").field("id", &self.id).field("role", &self.role).finish_non_exhaustive()
    }
}

/// Login name, full name, role, district; an empty district is everywhere.
const PEOPLE: [(&str, &str, Role, &str); 9] = [
    ("truc-ban", "Nguyễn Thị Hạnh (trực ban tỉnh)", Role::Operator, ""),
    (AGENT, "Trần Văn Khoa (tổng đài)", Role::Agent, ""),
    ("dieu-phoi", "Lê Minh Tuấn (điều phối)", Role::Dispatcher, ""),
    ("man-hinh", "Màn hình trung tâm", Role::Viewer, ""),
    (DEVICE, "Tài khoản thiết bị", Role::Device, ""),
    ("song-cong", "Dương Thu Trang (trực Sông Công)", Role::Operator, "d-song-cong"),
    ("thai-nguyen", "Phạm Đức Long (trực Thái Nguyên)", Role::Operator, "d-thai-nguyen"),
    ("bac-kan", "Hoàng Thị Nga (trực Bắc Kạn)", Role::Operator, "d-bac-kan"),
    ("dinh-hoa", "Ma Văn Thắng (trực Định Hóa)", Role::Dispatcher, "d-dinh-hoa"),
];

/// Response units that get a phone, from the first. Each waits for a person to answer; if nobody does, its offer runs out and goes
/// to the next unit.
const CREWS: usize = 2;

/// Whether the unit's crew has an account: a person plays it.
#[must_use]
pub fn has_phone(unit: &UnitId) -> bool {
    super::unit::units(CREWS).iter().any(|crew| crew.id == *unit)
}

/// The accounts, all with this password.
#[must_use]
pub fn people(password: &str) -> Vec<NewPerson> {
    let desks = PEOPLE.iter().map(|(id, name, role, district)| NewPerson {
        id: (*id).to_owned(),
        name: (*name).to_owned(),
        role: *role,
        districts: if district.is_empty() { Vec::new() } else { vec![(*district).to_owned()] },
        everywhere: district.is_empty(),
        password: password.to_owned(),
        unit: None,
    });
    let crews = super::unit::units(CREWS).into_iter().map(|unit| NewPerson {
        id: format!("to-{}", unit.id),
        name: format!("Tổ trưởng {}", unit.name),
        role: Role::Responder,
        districts: Vec::new(),
        everywhere: false,
        password: password.to_owned(),
        unit: Some(unit.id.to_string()),
    });
    desks.chain(crews).collect()
}
