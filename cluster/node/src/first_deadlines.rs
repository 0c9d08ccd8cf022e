//! What has to be done by when in a new cluster until its administrators say otherwise, who is told when it is not, and when offices
//! work. `trongdong init` writes it into the folder of every founder, where it can be changed before the first start; whoever leads
//! group 0 puts what is not there yet. From then on `/deadlines.html` has it. A cluster without that file gets nothing.
//!
//! Provinces differ. These are the figures of the 1022 lines: passed on within five minutes, answered within five working days, or a
//! progress note with a time that is promised.

use std::{
    collections::VecDeque,
    fs, io,
    path::Path,
    time::{Duration, Instant},
};

use domain::{
    Calendar, CalendarId, ClockStage, Command, DeadlinePolicy, DeadlinePolicyId, DutyPost, DutyPostId, DutyShift,
    GroupId, Millis, Obligation, PersonId, PutCalendar, PutDeadlinePolicy, PutDutyPost, Reply, State, Step,
    WorkingHours,
};
use raft::{Committed, Groups, Lead, NodeId, Proposal, ProposeError};
use serde::{Deserialize, Serialize};

/// The file in a founder's folder.
pub const FIRST_DEADLINES: &str = "first-deadlines.json";

/// How often a founder looks whether it leads and what is there.
const FOUNDING_TICK: Duration = Duration::from_millis(200);
/// Deadline of one entry.
const PUT_TIMEOUT: Duration = Duration::from_secs(5);
/// A founder waits so long for another one that leads: that one has put by then what is put, and has said in its log what was refused.
const PUT_WITHIN: Duration = Duration::from_secs(60);

const MINUTE_MS: u64 = 60_000;
/// Offices of a province: Monday to Friday, morning and afternoon.
pub(crate) const OFFICE: &str = "hanh-chinh";
const OFFICE_MIN: [(u32, u32); 2] = [(7 * 60 + 30, 11 * 60 + 30), (13 * 60 + 30, 17 * 60)];
const OFFICE_DAYS: u32 = 5;
/// Working time of one day there.
const OFFICE_DAY_MS: u64 = (OFFICE_MIN[0].1 - OFFICE_MIN[0].0 + OFFICE_MIN[1].1 - OFFICE_MIN[1].0) as u64 * MINUTE_MS;
/// The leader on duty, and below them the duty officer of the province.
const ABOVE: &str = "lanh-dao-truc";
const BELOW: &str = "truc-ban-tinh";
/// A roster that ends with the century: somebody is told until an administrator says who.
const UNTIL_MS: u64 = 4_102_444_800_000;

/// What a new cluster begins with, each after what it names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FirstDeadlines {
    /// When agencies work.
    pub calendars: Vec<Calendar>,
    /// Who is told, each after the post above it.
    pub posts: Vec<DutyPost>,
    /// What has to be done by when.
    pub policies: Vec<DeadlinePolicy>,
}

/// Id, name, what has to be done, whose hours count (none: around the clock), within how long, how long before it people hear that it
/// is nearly late, and how long after it their leader does.
type Rule = (&'static str, &'static str, Obligation, Option<&'static str>, u64, u64, u64);

const RULES: [Rule; 5] = [
    (
        "chuyen-xu-ly",
        "Chuyển xử lý trong 5 phút",
        Obligation::Forward,
        None,
        5 * MINUTE_MS,
        2 * MINUTE_MS,
        10 * MINUTE_MS,
    ),
    (
        "tra-loi-su-co",
        "Xử lý xong sự cố trong 5 ngày làm việc",
        Obligation::Answer,
        Some(OFFICE),
        5 * OFFICE_DAY_MS,
        OFFICE_DAY_MS,
        OFFICE_DAY_MS,
    ),
    (
        "tra-loi-phan-anh",
        "Trả lời phản ánh trong 5 ngày làm việc",
        Obligation::AnswerReport,
        Some(OFFICE),
        5 * OFFICE_DAY_MS,
        OFFICE_DAY_MS,
        OFFICE_DAY_MS,
    ),
    (
        "nhan-chi-dao",
        "Nhận nhiệm vụ được giao",
        Obligation::TakeInstruction,
        None,
        30 * MINUTE_MS,
        10 * MINUTE_MS,
        30 * MINUTE_MS,
    ),
    // A leader who names an hour is answered by that hour; its ladder is this one.
    (
        "lam-chi-dao",
        "Hoàn thành nhiệm vụ được giao",
        Obligation::DoInstruction,
        Some(OFFICE),
        5 * OFFICE_DAY_MS,
        30 * MINUTE_MS,
        30 * MINUTE_MS,
    ),
];

/// When offices of the province work.
pub(crate) fn office() -> Option<Calendar> {
    let hours = (1..=OFFICE_DAYS).flat_map(|weekday| {
        OFFICE_MIN.iter().map(move |(from_min, until_min)| WorkingHours {
            weekday,
            from_min: *from_min,
            until_min: *until_min,
        })
    });
    Some(Calendar {
        id: CalendarId::new(OFFICE).ok()?,
        name: "Giờ hành chính".to_owned(),
        hours: hours.collect(),
        national_holidays: true,
        days: Vec::new(),
        version: 0,
    })
}

/// The leader on duty and the duty officer below them; the people in each are on duty as long as nobody says otherwise.
pub(crate) fn posts(leaders: &[PersonId], officers: &[PersonId]) -> Vec<DutyPost> {
    let shift =
        |person: &PersonId| DutyShift { person: person.clone(), from_ms: Millis(0), until_ms: Millis(UNTIL_MS) };
    let post = |id: &str, name: &str, above: Option<&str>, people: &[PersonId]| {
        Some(DutyPost {
            id: DutyPostId::new(id).ok()?,
            name: name.to_owned(),
            above: above.and_then(|above| DutyPostId::new(above).ok()),
            shifts: people.iter().map(shift).collect(),
            version: 0,
        })
    };
    let posts = [post(ABOVE, "Lãnh đạo trực", None, leaders), post(BELOW, "Trực ban tỉnh", Some(ABOVE), officers)];
    posts.into_iter().flatten().collect()
}

/// Who has to do it hears that it is nearly late, the duty officer that it is late, and their leader that it is overdue.
pub(crate) fn ladder(before_ms: u64, after_ms: u64) -> Vec<Step> {
    let signed = |ms: u64| i64::try_from(ms).unwrap_or(i64::MAX);
    let step = |stage, offset_ms, post: Option<&str>| Step {
        stage,
        offset_ms,
        post: post.and_then(|post| DutyPostId::new(post).ok()),
    };
    vec![
        step(ClockStage::NearlyLate, -signed(before_ms), None),
        step(ClockStage::Late, 0, Some(BELOW)),
        step(ClockStage::Overdue, signed(after_ms), Some(ABOVE)),
    ]
}

impl FirstDeadlines {
    /// Those of a province. Until the rosters are made, its first administrator is told of what is late.
    #[must_use]
    pub fn of_province(admin: &PersonId) -> Self {
        let policy = |(id, name, obligation, calendar, within_ms, before_ms, after_ms): Rule| {
            Some(DeadlinePolicy {
                id: DeadlinePolicyId::new(id).ok()?,
                name: name.to_owned(),
                obligation,
                kinds: Vec::new(),
                agency: String::new(),
                admin_unit: None,
                calendar: calendar.and_then(|calendar| CalendarId::new(calendar).ok()),
                within_ms,
                steps: ladder(before_ms, after_ms),
                disabled: false,
                version: 0,
            })
        };
        Self {
            calendars: office().into_iter().collect(),
            posts: posts(std::slice::from_ref(admin), &[]),
            policies: RULES.into_iter().filter_map(policy).collect(),
        }
    }

    /// Writes them into the folder of a founder.
    ///
    /// # Errors
    /// The folder cannot be written to.
    pub fn write(&self, home: &Path) -> io::Result<()> {
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        fs::write(home.join(FIRST_DEADLINES), text)
    }

    fn commands(self) -> VecDeque<Command> {
        let Self { calendars, posts, policies } = self;
        let calendars = calendars.into_iter().map(|calendar| Command::PutCalendar(PutCalendar { calendar }));
        let posts = posts.into_iter().map(|post| Command::PutDutyPost(PutDutyPost { post }));
        let policies = policies.into_iter().map(|policy| Command::PutDeadlinePolicy(PutDeadlinePolicy { policy }));
        calendars.chain(posts).chain(policies).collect()
    }
}

/// Nothing of it is ever taken out: what is there was put, and may be another by now.
fn is_there(state: &State, command: &Command) -> bool {
    match command {
        Command::PutCalendar(put) => state.calendars().contains_key(&put.calendar.id),
        Command::PutDutyPost(put) => state.duty_posts().contains_key(&put.post.id),
        Command::PutDeadlinePolicy(put) => state.deadline_policies().contains_key(&put.policy.id),
        _ => true,
    }
}

/// Since when another node leads. Pure.
#[derive(Debug, Default)]
struct OtherLeads(Option<(NodeId, u64, Instant)>);

impl OtherLeads {
    /// Whether one other node has led without a break for [`PUT_WITHIN`].
    fn is_long(&mut self, own: NodeId, lead: Lead, now: Instant) -> bool {
        let Some(leader) = lead.leader.filter(|leader| *leader != own) else {
            self.0 = None;
            return false;
        };
        match self.0 {
            Some((who, term, since)) if (who, term) == (leader, lead.term) => now.duration_since(since) >= PUT_WITHIN,
            _ => {
                self.0 = Some((leader, lead.term, now));
                false
            }
        }
    }
}

/// Puts what the file has and the cluster has not. What is refused is told and left out: an operator may have changed the file.
pub(crate) async fn found(groups: &Groups, file: &Path) {
    let text = match fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return,
        Err(error) => {
            tracing::error!(file = %file.display(), %error, "the first deadlines cannot be read: set them at /deadlines.html");
            return;
        }
    };
    let mut commands = match serde_json::from_str::<FirstDeadlines>(&text) {
        Ok(first) => first.commands(),
        Err(error) => {
            tracing::error!(file = %file.display(), %error, "the first deadlines cannot be read: set them at /deadlines.html");
            return;
        }
    };
    let mut tick = tokio::time::interval(FOUNDING_TICK);
    let lead = groups.lead_watch(GroupId::COMMAND);
    let mut other = OtherLeads::default();
    while let Some(command) = commands.front() {
        if groups.read(GroupId::COMMAND, |state| is_there(state, command)) {
            commands.pop_front();
            continue;
        }
        let leads = *lead.borrow();
        if !leads.is_self_ready {
            if other.is_long(groups.node(), leads, Instant::now()) {
                let (leader, left) = (leads.leader, commands.len());
                let remedy = "see in the leader's log what was refused, and set it at /deadlines.html";
                tracing::error!(file = %file.display(), leader, left, remedy, "first deadlines are not there");
                return;
            }
            tick.tick().await;
            continue;
        }
        match groups.propose(GroupId::COMMAND, Proposal::system(command.clone()), PUT_TIMEOUT).await {
            Ok(Committed { reply: Reply::Refused(refusal), .. }) => {
                let (field, remedy) = (refusal.field, refusal.message);
                tracing::error!(file = %file.display(), %field, %remedy, "one of the first deadlines was refused: set it at /deadlines.html");
                commands.pop_front();
            }
            Ok(_) => {}
            Err(error @ ProposeError::TooLarge { .. }) => {
                tracing::error!(file = %file.display(), %error, "one of the first deadlines was refused: set it at /deadlines.html");
                commands.pop_front();
            }
            Err(ProposeError::Stopped) => return,
            // What failed is not there, and is proposed again.
            Err(_) => {
                tick.tick().await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use domain::{Person, PutPerson, Role, calendar};

    use super::*;
    use crate::feature::{
        self,
        tests::{WITHIN, cluster, end},
    };

    fn id(of: &str) -> PersonId {
        PersonId::new(of).unwrap()
    }

    /// A file of this test with the first deadlines, whose administrator is of that name.
    fn file(test: &str, admin: &str) -> std::path::PathBuf {
        let folder = std::env::temp_dir().join(format!("trongdong-deadlines-{test}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        FirstDeadlines::of_province(&id(admin)).write(&folder).unwrap();
        folder.join(FIRST_DEADLINES)
    }

    async fn put_admin(groups: &Groups) {
        let person = Person {
            id: id("an"),
            name: "An".into(),
            role: Role::Admin,
            districts: Vec::new(),
            everywhere: true,
            unit: None,
            disabled: false,
            credential_sealed: Bytes::from_static(b"sealed"),
        };
        let put = Proposal::system(Command::PutPerson(PutPerson { person }));
        let put = groups.propose(GroupId::COMMAND, put, PUT_TIMEOUT).await.unwrap();
        assert!(matches!(put.reply, Reply::Accepted(_)), "{put:?}");
    }

    fn policies(groups: &Groups) -> Vec<DeadlinePolicy> {
        groups.read(GroupId::COMMAND, |state| state.deadline_policies().values().cloned().collect())
    }

    #[test]
    fn five_working_days_are_a_week_and_what_is_written_is_read() {
        let first = FirstDeadlines::of_province(&id("an"));
        let monday_eight = Millis(1_795_395_600_000);
        let due = calendar::after(first.calendars.first(), monday_eight, 5 * OFFICE_DAY_MS);
        assert_eq!(due, Some(monday_eight.plus(7 * 24 * 60 * MINUTE_MS)));
        let written = fs::read_to_string(file("text", "an")).unwrap();
        assert_eq!(serde_json::from_str::<FirstDeadlines>(&written).unwrap(), first);
    }

    #[tokio::test]
    async fn a_new_cluster_has_them_once_and_keeps_what_an_administrator_made_of_them() {
        let (groups, peers, router) = cluster("deadlines").await;
        tokio::time::timeout(WITHIN, feature::found(&groups)).await.unwrap();
        put_admin(&groups).await;
        let file = file("new", "an");
        tokio::time::timeout(WITHIN, found(&groups, &file)).await.unwrap();
        let put = policies(&groups);
        assert_eq!(put.len(), RULES.len());
        let forward = put.iter().find(|policy| policy.obligation == Obligation::Forward).unwrap();
        assert_eq!((forward.within_ms, forward.version, forward.steps.len()), (5 * MINUTE_MS, 1, 3));
        groups.read(GroupId::COMMAND, |state| {
            assert_eq!((state.calendars().len(), state.duty_posts().len()), (1, 2));
            let told = state.duty_posts().values().flat_map(|post| post.on_duty(Millis(1)));
            assert_eq!(told.cloned().collect::<Vec<_>>(), [id("an")], "somebody is told before there are rosters");
        });

        let policy = DeadlinePolicy { disabled: true, ..forward.clone() };
        let off = Proposal::system(Command::PutDeadlinePolicy(PutDeadlinePolicy { policy }));
        groups.propose(GroupId::COMMAND, off, PUT_TIMEOUT).await.unwrap();
        let before = policies(&groups);
        tokio::time::timeout(WITHIN, found(&groups, &file)).await.unwrap();
        assert_eq!(policies(&groups), before, "a founder that starts again changes nothing");
        end(groups, peers, router).await;
    }

    #[test]
    fn a_founder_waits_for_another_one_that_leads_and_not_for_ever() {
        let (begun, lead) = (Instant::now(), |leader, term| Lead { leader, term, is_self_ready: false });
        let after = |seconds| begun + Duration::from_secs(seconds);
        let mut other = OtherLeads::default();
        assert!(!other.is_long(1, lead(Some(2), 1), begun));
        assert!(!other.is_long(1, lead(Some(2), 1), after(59)));
        assert!(other.is_long(1, lead(Some(2), 1), after(60)), "what it refused is never there");
        assert!(!other.is_long(1, lead(Some(3), 2), after(61)), "another one puts what the former had not");
        assert!(!other.is_long(1, lead(Some(3), 4), after(120)), "or the same one, later");
        assert!(!other.is_long(1, lead(None, 5), after(200)), "the others may be started much later");
        assert!(!other.is_long(1, lead(Some(1), 6), after(300)), "nor does it wait for itself");
        assert!(!other.is_long(1, lead(Some(3), 4), after(301)));
    }

    #[tokio::test]
    async fn what_is_refused_is_left_out_and_holds_up_nobody() {
        let (groups, peers, router) = cluster("refused").await;
        tokio::time::timeout(WITHIN, feature::found(&groups)).await.unwrap();
        put_admin(&groups).await;
        // Nobody of that name is registered: no post, and no policy that names it.
        tokio::time::timeout(WITHIN, found(&groups, &file("refused", "ai-do"))).await.unwrap();
        assert_eq!(policies(&groups), []);
        assert_eq!(groups.read(GroupId::COMMAND, |state| state.calendars().len()), 1);
        // Larger than any entry may be: it is not put, and the rest is.
        let mut first = FirstDeadlines::of_province(&id("an"));
        first.calendars = vec![Calendar { id: CalendarId::new("dai").unwrap(), ..office().unwrap() }];
        first.calendars[0].name = "x".repeat(raft::PROPOSAL_BYTES_MAX);
        let large = file("large", "an");
        fs::write(&large, serde_json::to_string(&first).unwrap()).unwrap();
        tokio::time::timeout(WITHIN, found(&groups, &large)).await.unwrap();
        assert_eq!(groups.read(GroupId::COMMAND, |state| state.calendars().len()), 1);
        assert_eq!(policies(&groups).len(), RULES.len());
        // Without a file nothing is put.
        found(&groups, Path::new("/nonexistent/first-deadlines.json")).await;
        end(groups, peers, router).await;
    }
}
