use std::{collections::BTreeMap, error::Error};

use domain::Alarm;
use proptest::prelude::*;

use super::*;
use crate::alarm::fold;

const START_MS: u64 = 1_000_000;

/// A district, its flood alarm, and how many alarms were raised so far.
struct Bench {
    rule: FloodRule,
    key: AlarmKey,
    alarms: BTreeMap<AlarmKey, Alarm>,
    raised: u32,
}

impl Bench {
    fn new() -> Self {
        let key = flood_key(&EntityId::new("D1").unwrap());
        Self { rule: FloodRule::default(), key, alarms: BTreeMap::new(), raised: 0 }
    }

    fn raise(&mut self, at: Millis) {
        self.raised += 1;
        self.rule.raised(self.of(), self.raised, at);
    }

    fn of(&self) -> AlarmKey {
        AlarmKey { entity: EntityId::new("S1").unwrap(), condition: condition::RATE.clone() }
    }

    fn decide(&mut self, at: Millis) -> Option<Propose> {
        let now = Now { clock: at, up_for_ms: 0 };
        let proposed = self.rule.decide(&self.key, Book(&self.alarms), now);
        fold::apply(&mut self.alarms, proposed.as_slice(), at);
        proposed
    }
}

impl goldenscript::Runner for Bench {
    fn run(&mut self, command: &goldenscript::Command) -> Result<String, Box<dyn Error>> {
        let mut args = command.consume_args();
        let at = Millis(START_MS + args.lookup_parse::<u64>("at")?.unwrap_or_default() * 1000);
        let count: u32 = args.next_pos().map_or(Ok(0), |argument| argument.parse())?;
        args.reject_rest()?;
        match command.name.as_str() {
            "raised" => (0..count).for_each(|_| self.raise(at)),
            "again" => (0..count).for_each(|n| self.rule.raised(self.of(), self.raised - n, at)),
            "failover" => self.rule = FloodRule::default(),
            "tick" => {}
            other => return Err(format!("what is {other}?").into()),
        }
        Ok(match self.decide(at) {
            None => String::new(),
            Some(Propose::Raise { episode, value, severity, .. }) => {
                format!("flood #{episode} {severity}: {value} alarms")
            }
            Some(Propose::Clear { episode, value, .. }) => format!("over #{episode}: {value} alarms"),
        })
    }
}

#[test]
fn transcripts() {
    let folder = "tests/scripts/flood";
    let mut scripts = 0;
    for script in std::fs::read_dir(folder).unwrap() {
        goldenscript::run(&mut Bench::new(), script.unwrap().path()).unwrap();
        scripts += 1;
    }
    assert!(scripts >= 2, "the scripts are gone");
}

proptest! {
    /// Against a plain count over a plain list.
    #[test]
    fn a_flood_is_above_ten_and_is_over_below_five(pauses_ms in prop::collection::vec(0u64..200_000, 0..200)) {
        let (mut bench, mut clock, mut all) = (Bench::new(), Millis(START_MS), Vec::new());
        let mut is_flood = false;
        for pause_ms in pauses_ms {
            clock = clock.plus(pause_ms);
            all.push(clock);
            bench.raise(clock);
            bench.decide(clock);
            let count = all.iter().filter(|at| clock.since(**at) < FLOOD_WINDOW_MS).count();
            is_flood = count > FLOOD_ABOVE || (is_flood && count >= FLOOD_BELOW);
            prop_assert_eq!(Book(&bench.alarms).active(&bench.key).is_some(), is_flood, "{} alarms", count);
        }
    }
}

#[test]
fn what_is_remembered_is_bounded() {
    let mut bench = Bench::new();
    for n in 0..2000 {
        bench.raise(Millis(START_MS + n));
    }
    assert_eq!(bench.rule.raised.len(), FLOOD_REMEMBERED_MAX);
}
