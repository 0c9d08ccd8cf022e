//! Every bound of the state, with what happens at it. A bound that is passed refuses with code `limit`.

use crate::Severity;

/// Field groups beside the command group.
pub const FIELD_GROUPS: u32 = 8;
/// Bytes of an id.
pub const ID_BYTES_MAX: usize = 64;
/// Bytes of a name, an address.
pub const NAME_BYTES_MAX: usize = 256;
/// Bytes of a summary, a note, a reason.
pub const TEXT_BYTES_MAX: usize = 4096;
/// Aliases of one administrative unit.
pub const ALIASES_MAX: usize = 64;
/// Administrative units in one group-0 state: the whole country, old and new, four times over.
pub const ADMIN_UNITS_MAX: usize = 65_536;
/// Administrative units in one `PutAdminUnits`.
pub const ADMIN_UNITS_PER_COMMAND_MAX: usize = 512;
/// Depth of the administrative hierarchy; also what stops a cycle.
pub const ADMIN_DEPTH_MAX: usize = 16;
/// Districts of a province.
pub const DISTRICTS_MAX: usize = 512;
/// Administrative units of one district, and of one grant.
pub const DISTRICT_UNITS_MAX: usize = 512;
/// People and service accounts.
pub const PERSONS_MAX: usize = 100_000;
/// Placed devices.
pub const PLACEMENTS_MAX: usize = 1_000_000;
/// Placements in one command.
pub const PLACEMENTS_PER_COMMAND_MAX: usize = 4096;
/// Sensors of one field group.
pub const SENSORS_MAX: usize = 250_000;
/// Cameras of one field group.
pub const CAMERAS_MAX: usize = 10_000;
/// Thresholds of one sensor.
pub const THRESHOLDS_MAX: usize = 8;
/// Alarms of one field group, active or remembered.
pub const ALARMS_MAX: usize = 250_000;
/// How bad a model's finding can be: what is certain stands above it. A graver one is refused.
pub const FINDING_SEVERITY_MAX: Severity = Severity::Medium;
/// A shelf lasts at most this long (ISA-18.2: shelving is for a shift): 8 hours.
pub const SHELF_MS_MAX: u64 = 8 * 3_600_000;
/// How long a device, or a condition of it, is out of service at most: 30 days, a repair with its spare part. Then somebody says so anew.
pub const OUT_OF_SERVICE_MS_MAX: u64 = 30 * 86_400_000;
/// What one device has out of service at a time: itself, and each of its conditions.
pub const OUT_OF_SERVICE_MAX: usize = 16;
/// Rules of one sensor that suppress.
pub const SUPPRESSIONS_MAX: usize = 16;
/// Days in which it is counted how often an alarm called, today included.
pub const RAISED_DAYS_MAX: usize = 7;
/// The same as time.
pub const RAISED_DAYS_MS: u64 = RAISED_DAYS_MAX as u64 * 86_400_000;
/// Response units.
pub const UNITS_MAX: usize = 10_000;
/// Units assigned to one incident.
pub const INCIDENT_UNITS_MAX: usize = 64;
/// Sources of one incident.
pub const INCIDENT_SOURCES_MAX: usize = 256;
/// Incidents in memory. At the bound those closed the longest leave; a new one is refused only when none is closed.
pub const INCIDENTS_MAX: usize = 200_000;
/// Closed incidents that leave memory when the bound is reached.
pub const INCIDENTS_DROPPED_AT_ONCE: usize = 256;
/// Sessions in one group. At the bound a new one is refused; expired ones leave with the next that opens.
pub const SESSIONS_MAX: usize = 50_000;
/// Expired sessions dropped by one `OpenSession`, so that no entry does unbounded work.
pub const SESSIONS_EXPIRED_PER_OPEN_MAX: usize = 64;
/// Lifetime of a session: 12 hours, one shift and its hand-over.
pub const SESSION_MS_MAX: u64 = 12 * 3_600_000;
/// Replies kept for one session. A request older than these is refused, never applied.
pub const SESSION_WINDOW: u64 = 128;
/// Readings of one command.
pub const READINGS_PER_COMMAND_MAX: usize = 4096;
/// Device times kept for one sensor: a retry within these is known for a duplicate, anything older is refused.
pub const SENSOR_WINDOW: usize = 32;
/// Days that readings can be kept; for ever is 0.
pub const RETENTION_DAYS_MAX: u32 = 36_500;
/// Readings of one chunk: the next one begins another.
pub const CHUNK_READINGS_MAX: usize = 1024;
/// How far a device's clock may run ahead of the cluster's.
pub const CLOCK_AHEAD_MS_MAX: u64 = 60_000;
/// An alarm that comes up again within this time adds to `occurrences` (chattering, ISA-18.2).
pub const CHATTER_MS: u64 = 60_000;
/// Time to acknowledge before the incident escalates, by severity 1 to 5.
pub const ACKNOWLEDGE_WITHIN_MS: [u64; 5] = [3_600_000, 1_800_000, 600_000, 180_000, 60_000];
/// Escalation stops climbing at this level.
pub const ESCALATION_LEVEL_MAX: u32 = 3;
/// Calendars of working time.
pub const CALENDARS_MAX: usize = 256;
/// Stretches of working time in one calendar's week.
pub const CALENDAR_HOURS_MAX: usize = 56;
/// Days of one calendar that are not as their weekday says: ten years of a full list.
pub const CALENDAR_DAYS_MAX: usize = 512;
/// Policies of deadlines.
pub const DEADLINE_POLICIES_MAX: usize = 1024;
/// Steps of one clock's ladder.
pub const STEPS_MAX: usize = 8;
/// Working time of a deadline, and of a step after it: 366 days around the clock.
pub const DEADLINE_MS_MAX: u64 = 366 * 86_400_000;
/// How far ahead a progress note can promise: 90 days.
pub const PROMISE_MS_MAX: u64 = 90 * 86_400_000;
/// How often one clock can be put off by a promise. Then it has to be met, or is late.
pub const PROMISES_MAX: usize = 8;
/// Clocks of one incident, instruction or report. At the bound the oldest that has ended leaves, but never one of the first round.
pub const CLOCKS_MAX: usize = 24;
/// Tasks of one incident that have a clock. At the bound a new one has none, so that hand-overs find room for theirs.
pub const TASK_CLOCKS_MAX: usize = 8;
/// People told of one step.
pub const TOLD_MAX: usize = 32;
/// Posts that somebody is on duty at.
pub const DUTY_POSTS_MAX: usize = 512;
/// Shifts in one post's roster: three a day for two years.
pub const SHIFTS_MAX: usize = 2048;
/// Posts above one, up to the last.
pub const DUTY_ABOVE_MAX: usize = 16;
/// Instructions in memory. At the bound those that ended the longest ago leave; a new one is refused only when none has ended.
pub const INSTRUCTIONS_MAX: usize = 100_000;
/// Ended instructions that leave memory when the bound is reached.
pub const INSTRUCTIONS_DROPPED_AT_ONCE: usize = 256;
/// An instruction without a policy is nearly late so long before it is due: 15 minutes.
pub const INSTRUCTION_NEARLY_LATE_MS: u64 = 15 * 60_000;
/// Records of the audit chain that one command erases.
pub const ERASED_PER_COMMAND_MAX: usize = 4096;
/// Records of one chain that say what was erased, and are kept: by day and rule enough for decades. Of more the oldest leave, and what
/// stands before them can no longer be erased by hand.
pub const ERASING_RECORDS_MAX: usize = 65_536;
/// Recovery codes of one second factor.
pub const RECOVERY_CODES: u32 = 10;
/// Agencies of one remit; more are refused.
pub const REMIT_AGENCIES_MAX: usize = 16;
/// Keys of service accounts. At the bound one that has ended leaves; a new one is refused when none has.
pub const SERVICE_KEYS_MAX: usize = 10_000;
/// How long a key counts at most: 400 days, a yearly rotation and its delay.
pub const SERVICE_KEY_MS_MAX: u64 = 400 * 86_400_000;
/// How long a key and the one that replaces it both count at most: 30 days.
pub const KEY_OVERLAP_MS_MAX: u64 = 30 * 86_400_000;
/// Delegations. At the bound one that has ended leaves; a new one is refused when none has.
pub const DELEGATIONS_MAX: usize = 10_000;
/// How long a delegation counts at most: 92 days.
pub const DELEGATION_MS_MAX: u64 = 92 * 86_400_000;
/// How long a broken glass counts at most: an hour. Then somebody gives the right, or it is broken again with a reason.
pub const GLASS_MS_MAX: u64 = 3_600_000;
/// Systems that are told of what happens.
pub const RECEIVERS_MAX: usize = 64;
/// Notices that wait for one of them in memory: about 8 MB. At the bound new ones are parked in history.
pub const NOTICES_MAX: usize = 4096;
/// Notices of one of them that are parked in history: about 512 MB of disk. At the bound new ones are counted and not kept, and the next
/// says so.
pub const NOTICES_PARKED_MAX: u64 = 262_144;
/// Live nodes of a cluster.
pub const NODES_MAX: usize = 64;
/// Features that can be switched on.
pub const FEATURES_MAX: usize = 1024;
/// Skills of one response unit.
pub const SKILLS_MAX: usize = 32;
/// Bytes of a sealed credential: an argon2id hash or "user:password", with nonce and tag.
pub const CREDENTIAL_BYTES_MAX: usize = 1024;
/// Bytes of a mail address (RFC 5321, 4.5.3.1.3, less its brackets).
pub const MAIL_ADDRESS_BYTES_MAX: usize = 254;
/// Bytes of a camera's address.
pub const URL_BYTES_MAX: usize = 1024;
/// Alarms that group 0 remembers having heard of: those of every field group.
pub const HEARD_MAX: usize = ALARMS_MAX * FIELD_GROUPS as usize;
/// Models.
pub const MODELS_MAX: usize = 64;
/// Versions of one model. At the bound the oldest leaves that is not in use and cannot be rolled back to, with its tally.
pub const MODEL_VERSIONS_MAX: usize = 32;
/// Versions to which a model can be rolled back, one after the other; older ones are forgotten.
pub const MODEL_FORMER_MAX: usize = 8;
/// Measured figures of one version.
pub const MODEL_FIGURES_MAX: usize = 64;
/// Bins of confidence in a tally.
pub const CALIBRATION_BINS: usize = 10;
/// Suggestions kept with one incident, and as many of shadows. At the bound the oldest leaves that nobody has to decide on;
/// the timeline keeps what was advice.
pub const INCIDENT_SUGGESTIONS_MAX: usize = 8;
/// Words that decided, of one suggestion.
pub const ADVICE_REASONS_MAX: usize = 12;
/// Bytes of one of these.
pub const REASON_BYTES_MAX: usize = 64;
/// People that a text can tell of.
pub const ADVICE_PEOPLE_MAX: u32 = 100_000;
/// Time to answer an offer before it goes to the next unit, by severity 1 to 5.
pub const OFFER_WITHIN_MS: [u64; 5] = [300_000, 180_000, 120_000, 90_000, 60_000];
/// Time that a crew may be without a word after it accepted: it should be on its way by then.
pub const CHECK_IN_ACCEPTED_MS: u64 = 300_000;
/// Time that a crew may be without a word on its way.
pub const CHECK_IN_EN_ROUTE_MS: u64 = 1_800_000;
/// Of the time that its way should take, in hundredths, when a unit that is not there is late.
pub const LATE_AFTER_PERCENT: u64 = 150;
/// No unit is late sooner than this after it set out: a crew has to start up, and its last position is some seconds old.
pub const LATE_AFTER_MS_MIN: u64 = 120_000;
/// Time that a crew may be without a word at the staging area: it waits there, and is out of danger.
pub const CHECK_IN_STAGING_MS: u64 = 1_800_000;
/// Time that a crew may be without a word on scene.
pub const CHECK_IN_ON_SCENE_MS: u64 = 1_200_000;
/// Time that a crew that is asked has to answer before a person is called.
pub const CHECK_IN_GRACE_MS: u64 = 120_000;
/// At this level a person is called, and the check-in climbs no further.
pub const CHECK_IN_LEVEL_MAX: u32 = 2;
/// Statuses of one assignment: offered, accepted, on the way, at the staging area, on scene.
pub const ASSIGNMENT_STEPS_MAX: usize = 5;
/// Merges that one assignment remembers to have come through. At the bound the oldest is forgotten: taking that one apart
/// leaves the unit where it is.
pub const MERGES_REMEMBERED_MAX: usize = 16;
/// Assignments kept with one incident after they ended. At the bound the oldest leaves; the timeline keeps them.
pub const INCIDENT_PAST_MAX: usize = 128;
/// Attentions kept with one incident. At the bound the oldest that somebody has looked at leaves, or else the oldest.
pub const INCIDENT_ATTENTIONS_MAX: usize = 64;
/// Tasks of one incident. At the bound a new one is refused.
pub const INCIDENT_TASKS_MAX: usize = 32;
/// Reports in memory, those of devices among them. At the bound those answered the longest leave; a new one is refused only when none is
/// answered, and an alarm opens its incident without one.
pub const REPORTS_MAX: usize = 200_000;
/// Exercises in memory. At the bound the one that ended the longest ago leaves.
pub const EXERCISES_MAX: usize = 1024;
/// Records of each sort that one `EndExercise` closes; sent again it closes the rest.
pub const EXERCISE_CLOSED_AT_ONCE: usize = 512;
/// Command rooms.
pub const ROOMS_MAX: usize = 512;
/// Layers of one scene.
pub const SCENE_LAYERS_MAX: usize = 32;
/// Incidents of one scene.
pub const SCENE_INCIDENTS_MAX: usize = 16;
/// Cameras of one scene: as many as a wall shows.
pub const SCENE_CAMERAS_MAX: usize = 16;
/// The nearest that a scene looks: zoom level 24.
pub const ZOOM_CENTI_MAX: u32 = 2400;
/// Shift notes in memory. At the bound those acknowledged the longest ago leave; a new one is refused only when none is.
pub const SHIFT_NOTES_MAX: usize = 2048;
/// Acknowledged shift notes that leave memory when the bound is reached.
pub const SHIFT_NOTES_DROPPED_AT_ONCE: usize = 64;
/// Incidents of one shift note.
pub const SHIFT_NOTE_INCIDENTS_MAX: usize = 64;
/// Time to acknowledge a shift note: a minute to a day.
pub const SHIFT_NOTE_WITHIN_MS: std::ops::RangeInclusive<u64> = 60_000..=86_400_000;
/// Answered reports that leave memory when the bound is reached.
pub const REPORTS_DROPPED_AT_ONCE: usize = 256;
/// Incidents that one report ever belonged to. At the bound it stays where it is.
pub const REPORT_LINKS_MAX: usize = 32;
/// Steps kept of a report that its sender follows. At the bound the oldest leaves that is not the first.
pub const REPORT_STEPS_MAX: usize = 64;
/// How long a report is with who took it. Then it is anybody's again.
pub const REPORT_TAKEN_MS: u64 = 900_000;
/// How long a report can be set aside.
pub const REPORT_ASIDE_MS: std::ops::RangeInclusive<u64> = 60_000..=604_800_000;
/// The best rating.
pub const RATING_MAX: u32 = 5;
/// Calls that somebody still owes something. At the bound a new one is refused, and the exchange plays that all lines are busy.
pub const CALLS_OPEN_MAX: usize = 65_536;
/// Calls in memory that are over: those of a day of 60,000 and some. So an exchange that says something again within the day is known, and
/// what became of each call of the day can be looked up. At the bound those that have been over the longest leave; what is kept of them is
/// with the number.
pub const CALLS_OVER_MAX: usize = 65_536;
/// Calls in memory of one number, so that no entry about a number does unbounded work. At the bound the one leaves that has been over the
/// longest; what is kept of it is with the number.
pub const CALLS_OF_NUMBER_MAX: usize = 1000;
/// Legs of one call. At the bound the oldest that has ended leaves; when all live, the next is a call of its own.
pub const CALL_LEGS_MAX: usize = 16;
/// Steps kept of one call. At the bound the oldest leaves that is not the first.
pub const CALL_STEPS_MAX: usize = 32;
/// Reports that one call became.
pub const CALL_REPORTS_MAX: usize = 16;
/// Drills remembered. At the bound the oldest leaves with the next that starts.
pub const DRILLS_MAX: usize = 32;
/// How long the faults of a drill may last, seconds: long enough to be seen, short enough to be forgotten about without harm.
pub const DRILL_SECONDS: std::ops::RangeInclusive<u32> = 5..=600;
/// How long it is measured after its faults how all becomes well again: 2 minutes.
pub const DRILL_HEAL_MS_MAX: u64 = 120_000;
/// Samples of one drill: one a second while it lasts and heals.
pub const DRILL_SAMPLES_MAX: usize = 720;
/// Verdicts of one drill: one for each promise.
pub const DRILL_VERDICTS_MAX: usize = 6;
/// What a flush of the log takes longer at most in a drill, ms: a leader that is slower than this is doubted.
pub const DRILL_FLUSH_MS_MAX: u32 = 500;
/// Exercise commands in a minute: ten a second, a tenth of what one person's room would notice.
pub const DRILL_COMMANDS_PER_MIN_MAX: u32 = 600;
/// Bytes of one stored file: what a phone's camera makes, without what it writes beside the picture.
pub const FILE_BYTES_MAX: u32 = 8 * 1024 * 1024;
/// Bytes of one stored clip: half a minute as a phone makes it for sending, eight seconds of full HD as it records it. A node holds it in
/// memory while it is on its way.
pub const CLIP_BYTES_MAX: u32 = 16 * 1024 * 1024;
/// Pixels of a picture's longer side.
pub const FILE_SIDE_PIXELS_MAX: u32 = 12_000;
/// Pixels of a picture: 200 MB for whoever shows it.
pub const FILE_PIXELS_MAX: u64 = 50_000_000;
/// Files of one incident.
pub const INCIDENT_FILES_MAX: usize = 64;
/// Files that a report's sender sends with it, and as many with its answer.
pub const REPORT_FILES_MAX: usize = 4;
/// Attachments in all: two years of a hundred photos a day, and as many again. At the bound a new one is refused.
pub const FILES_MAX: usize = 200_000;
/// Bytes of all files, on each node's disk. At the bound a new one is refused.
pub const FILES_BYTES_MAX: u64 = 256 << 30;
/// Attachments that one entry forgets.
pub const FILES_DROPPED_AT_ONCE: usize = 256;
/// Calls, reports, incidents and numbers, each, that one entry erases by rule.
pub const ERASED_AT_ONCE: usize = 64;
/// Lines of timelines that one entry writes anew without what a report said: some 100 KiB.
pub const LINES_ERASED_AT_ONCE: usize = 256;
/// Bytes of a line's name.
pub const LINE_BYTES_MAX: usize = 16;
/// Bytes of a telephone number: 15 digits by E.164, and what people dial before them.
pub const NUMBER_BYTES_MAX: usize = 24;
/// Bytes of what an agent has put down and not saved.
pub const CALL_FORM_BYTES_MAX: usize = 8192;
/// People who take calls.
pub const AGENTS_MAX: usize = 2048;
/// Lines of one agent.
pub const AGENT_LINES_MAX: usize = 16;
/// Rings not answered in a row after which an agent is on a break: nobody sits there.
pub const AGENT_MISSED_MAX: u32 = 2;
/// Numbers that something is known of. At the bound the one that was not heard of the longest leaves.
pub const CALLERS_MAX: usize = 200_000;
/// Calls remembered of one number.
pub const CALLER_CALLS_MAX: usize = 20;
/// A number that was abandoned and calls again within this time goes on counting: 10 minutes.
pub const CALL_FOLD_MS: u64 = 600_000;
/// Time to answer, unless the desk says otherwise: NENA asks for 95 % within 20 s in all.
pub const RING_MS: u64 = 15_000;
/// Time after a call, unless the desk says otherwise.
pub const WRAP_UP_MS: u64 = 90_000;
/// Waiting callers above which it is an overload, unless the desk says otherwise.
pub const OVERLOAD_WAITING: u32 = 30;
/// A wait above which it is an overload, unless the desk says otherwise.
pub const OVERLOAD_WAIT_MS: u64 = 120_000;
/// Calls in vain after which a person decides, unless the desk says otherwise.
pub const CALLBACK_TRIES: u32 = 3;
/// Messages to the public in memory. At the bound those that have been over the longest leave; a new one is refused only when
/// none is over.
pub const WARNINGS_MAX: usize = 4096;
/// Messages that leave memory when the bound is reached.
pub const WARNINGS_DROPPED_AT_ONCE: usize = 64;
/// Administrative units that one message is for.
pub const WARNING_AREAS_MAX: usize = 128;
/// Points of one area's ring.
pub const WARNING_POINTS_MAX: usize = 256;
/// How far a circle reaches: the length of the country would fit.
pub const WARNING_RADIUS_M_MAX: u32 = 2_000_000;
/// Earlier messages of one warning. At the bound a new warning has to be drafted.
pub const WARNING_REFERENCES_MAX: usize = 64;
/// How far ahead a message can run out: 7 days.
pub const WARNING_MS_MAX: u64 = 7 * 86_400_000;
/// Hand-overs of one incident: with its own clocks they fit into `CLOCKS_MAX`. At the bound a new one is refused.
pub const HANDOVERS_MAX: usize = 12;
/// Time to answer a hand-over before the second channel is used, by severity 1 to 5, where no policy says otherwise.
pub const HANDOVER_WITHIN_MS: [u64; 5] = [600_000, 300_000, 180_000, 120_000, 60_000];
/// The shortest and the longest time of the desk's: a second, an hour.
pub const CALL_TIMES_MS: std::ops::RangeInclusive<u64> = 1000..=3_600_000;
