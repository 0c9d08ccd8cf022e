//! The made-up accounts, one for each kind of desk.

use domain::{Role, UnitId};
use serde::Serialize;

/// The service account under which the simulator and the replay publish readings.
pub const DEVICE: &str = "thiet-bi";
/// The desk that takes calls.
pub const AGENT: &str = "tong-dai";
/// The province's duty officer.
pub const OPERATOR: &str = "truc-ban";
/// The leader on duty.
pub const LEADER: &str = "lanh-dao";

/// The service account of a telephone exchange.
pub const EXCHANGE: &str = "may-tong-dai";
/// Agents that the simulator plays; every other seat is left to people.
const SIMULATED_AGENTS: [&str; 3] = ["dtv-1", "dtv-2", "dtv-3"];
/// Lines that agents of the demonstration take.
const LINES: [&str; 6] = ["1022", "111", "112", "113", "114", "115"];

/// A seat where calls are taken.
#[derive(Clone, Debug, Serialize)]
pub struct Seat {
    /// Who sits there.
    pub person: String,
    /// Which lines they take.
    pub lines: Vec<String>,
    /// Sends units as well.
    pub dispatches: bool,
}

/// Every seat: that of the desk, and those of simulated agents.
#[must_use]
pub fn seats() -> Vec<Seat> {
    let lines: Vec<String> = LINES.iter().map(|line| (*line).to_owned()).collect();
    let people = std::iter::once(AGENT).chain(SIMULATED_AGENTS);
    let seat = |person: &str| Seat { person: person.to_owned(), lines: lines.clone(), dispatches: person == AGENT };
    people.map(seat).collect()
}

/// Whether the simulator answers for this agent.
#[must_use]
pub fn is_simulated_agent(person: &str) -> bool {
    SIMULATED_AGENTS.contains(&person)
}

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
const PEOPLE: [(&str, &str, Role, &str); 15] = [
    (LEADER, "Hoàng Văn Sơn (lãnh đạo trực)", Role::Operator, ""),
    (OPERATOR, "Nguyễn Thị Hạnh (trực ban tỉnh)", Role::Operator, ""),
    (AGENT, "Trần Văn Khoa (tổng đài)", Role::Agent, ""),
    ("dtv-1", "Vũ Thị Mai (điện thoại viên)", Role::Agent, ""),
    ("dtv-2", "Đặng Quốc Huy (điện thoại viên)", Role::Agent, ""),
    ("dtv-3", "Lý Thu Hà (điện thoại viên)", Role::Agent, ""),
    (EXCHANGE, "Tổng đài điện thoại", Role::Telephony, ""),
    ("dieu-phoi", "Lê Minh Tuấn (điều phối)", Role::Dispatcher, ""),
    ("man-hinh", "Màn hình trung tâm", Role::Viewer, ""),
    ("thanh-tra", "Bùi Thị Minh (thanh tra)", Role::Auditor, ""),
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
