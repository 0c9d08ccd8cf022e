//! Who is alarmed: those on duty, by the rosters of the posts that they belong to.

use crate::{DutyPost, Millis, PersonId, State};

impl State {
    /// The posts in whose rosters the person stands, now or at another time (group 0).
    pub fn posts_of<'a>(&'a self, person: &'a PersonId) -> impl Iterator<Item = &'a DutyPost> {
        self.duty_posts().values().filter(move |post| post.shifts.iter().any(|shift| shift.person == *person))
    }

    /// Whether what rings in the room is to ring at the person's screen (group 0). Who stands in no roster, as a wall does, is
    /// always rung. Who does is rung while on duty, and while nobody at all is at one of their posts: an alarm that rings at
    /// one too many is better than one that rings nowhere.
    #[must_use]
    pub fn is_rung(&self, person: &PersonId, now: Millis) -> bool {
        let mut posts = self.posts_of(person).peekable();
        if posts.peek().is_none() {
            return true;
        }
        posts.any(|post| {
            let mut on_duty = post.on_duty(now).peekable();
            on_duty.peek().is_none() || on_duty.any(|it| it == person)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DutyPostId, DutyShift, GroupId};

    #[test]
    fn those_on_duty_are_rung_and_everybody_of_a_post_that_is_empty() {
        let person = |name: &str| PersonId::new(name).unwrap();
        let shift = |name: &str, from: u64, until: u64| DutyShift {
            person: person(name),
            from_ms: Millis(from),
            until_ms: Millis(until),
        };
        let id = DutyPostId::new("truc-ban").unwrap();
        let shifts = vec![shift("lan", 10, 20), shift("minh", 20, 30)];
        let mut state = State::new(GroupId::COMMAND);
        state.duty_posts.insert(id.clone(), DutyPost { id, name: "Trực ban".into(), above: None, shifts, version: 0 });
        let rung = |name: &str, at: u64| state.is_rung(&person(name), Millis(at));
        assert_eq!([rung("lan", 15), rung("minh", 15)], [true, false]);
        assert_eq!([rung("lan", 20), rung("minh", 20)], [false, true]);
        assert_eq!([rung("lan", 30), rung("minh", 30)], [true, true], "nobody is on duty: it rings at both");
        assert!(rung("wall", 15), "who stands in no roster is always rung");
    }
}
