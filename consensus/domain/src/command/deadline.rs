//! Commands about deadlines. `proto/trongdong/v1/deadline.proto` tells what each is for.

use super::vocabulary::body;
use crate::{Calendar, ClockKey, DeadlinePolicy, Digest, DutyPost, Millis, wire::record};

body! {
    /// Puts a calendar of working time.
    PutCalendar {
        /// As it shall be.
        calendar: Calendar,
    }
}

body! {
    /// Puts a policy of deadlines. Clocks that run go on by what it said before.
    PutDeadlinePolicy {
        /// As it shall be.
        policy: DeadlinePolicy,
    }
}

body! {
    /// Puts a duty post with its whole roster.
    PutDutyPost {
        /// As it shall be.
        post: DutyPost,
    }
}

body! {
    /// Stops a clock.
    PauseClock {
        /// Which.
        clock: ClockKey,
        /// The clock's version seen.
        expected_version: u64,
        /// Why; not empty.
        reason: String,
    }
}

body! {
    /// Lets it run again, with the working time that was left.
    ResumeClock {
        /// Which.
        clock: ClockKey,
        /// The clock's version seen.
        expected_version: u64,
    }
}

body! {
    /// Somebody has seen how late it is: it rings no more until its next step.
    AcknowledgeClock {
        /// Which.
        clock: ClockKey,
        /// The clock's version seen.
        expected_version: u64,
    }
}

body! {
    /// Says how far it is, with a photo, and promises a time. Of an instruction that serves no incident, and so has no photos,
    /// who gave it or who leads there may without one.
    ReportProgress {
        /// Which.
        clock: ClockKey,
        /// The clock's version seen.
        expected_version: u64,
        /// How far it is; not empty.
        note: String,
        /// Hash of the photo; none: there is none.
        photo_sha256: Option<Digest>,
        /// By when it will be done.
        promised_at_ms: Millis,
    }
}

body! {
    /// A clock takes its next step: nearly late, late, overdue, up the ladder.
    FireDeadline {
        /// Which.
        clock: ClockKey,
        /// Steps that it had taken: takes effect once.
        step: u32,
        /// The clock's version that this was decided on.
        version: u64,
    }
}
