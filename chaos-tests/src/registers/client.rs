//! A client of the registers: it writes or reads one of them at one of the gateways, again and again.

use std::{sync::Arc, time::Duration};

use node::local::ADMIN;
use serde_json::{Value, json};
use tokio::time::interval;

use super::{FOREIGN, Reads, Registers};
use crate::{
    Failure,
    desk::{Desk, Outcome},
    device::DeviceCounts,
    load::Told,
    random::Random,
    world::World,
};

/// Clients of all registers together: so many operations are under way at most.
pub(crate) const CLIENTS: usize = 3;
/// Registers.
const REGISTERS: usize = 3;
/// Between two operations of one client.
const PACE: Duration = Duration::from_millis(150);
/// Of so many operations one is a write.
const WRITES_EVERY: usize = 3;
/// Where registers are.
const UNITS: &str = "/api/units";

/// Makes the registers of a load that began at `begun_ms`: units that are out of service, so that nobody sends them.
///
/// # Errors
/// The cluster refuses one.
pub(crate) async fn found(world: &World, reads: Reads, begun_ms: u64) -> Result<Registers, Failure> {
    let count = if reads == Reads::None { 0 } else { REGISTERS };
    let mut names = Vec::new();
    for number in 0..count {
        let name = format!("so-{begun_ms}-{number}");
        world.put(UNITS, unit(&name, 0, &world.sites[0].place())).await?;
        let off = json!({ "status": "out_of_service", "expected_status": "available" });
        world.put(&format!("{UNITS}/{name}/status"), off).await?;
        names.push(name);
    }
    Ok(Registers::new(reads, names))
}

fn unit(name: &str, value: u64, station: &Value) -> Value {
    json!({ "id": name, "name": format!("v{value}"), "station": station })
}

/// What a register holds, as a list of units has it.
fn value_of(list: &Value, name: &str) -> u64 {
    let units = list["items"].as_array().into_iter().flatten();
    let held = units.filter(|unit| unit["id"] == name).find_map(|unit| unit["name"].as_str());
    held.and_then(|held| held.strip_prefix('v')?.parse().ok()).unwrap_or(FOREIGN)
}

/// One client.
pub(crate) struct Client {
    desk: Desk,
    registers: Arc<Registers>,
    station: Value,
    random: Random,
}

impl Client {
    /// The client of this number, signed in.
    ///
    /// # Errors
    /// It is not let in.
    pub(crate) async fn sign_in(world: &World, registers: &Arc<Registers>, number: usize) -> Result<Self, Failure> {
        let desk = Desk::sign_in(&world.origins(), ADMIN, &world.cluster.password).await?;
        let random = Random::new(number as u64 + 1);
        Ok(Self { desk, registers: Arc::clone(registers), station: world.sites[0].place(), random })
    }

    /// Works until it is told to stop. Of what was sent and not answered it stays open whether it took effect.
    pub(crate) async fn run(mut self, mut told: Told) -> Result<DeviceCounts, Failure> {
        let mut pace = interval(PACE);
        loop {
            tokio::select! {
                _ = pace.tick() => {}
                _ = told.stop.changed() => {}
            }
            if told.is_to_stop() {
                return Ok(DeviceCounts::default());
            }
            let open = self.registers.open();
            let Some(name) = open.get(self.random.below(open.len())).filter(|_| !told.is_to_rest()) else { continue };
            // Any gateway, also one that is cut off: what it says has to be right, or nothing.
            self.desk.turn_to(self.random.below(usize::MAX));
            if self.random.below(WRITES_EVERY) == 0 {
                self.write(name).await?;
            } else {
                self.read(name).await;
            }
        }
    }

    async fn write(&self, name: &str) -> Result<(), Failure> {
        let Some((number, value)) = self.registers.writes(name) else { return Ok(()) };
        match self.desk.command(UNITS, &unit(name, value, &self.station)).await {
            Outcome::Accepted(_) => self.registers.wrote(name, number),
            Outcome::Refused { status, body } => return Err(format!("a register was refused: {status} {body}").into()),
            Outcome::Unknown(_) => {}
        }
        Ok(())
    }

    async fn read(&self, name: &str) {
        let called = self.registers.asks();
        let is_linearizable = self.registers.reads() == Reads::Linearizable;
        if let Some(list) = self.desk.look(UNITS, is_linearizable).await {
            self.registers.got(name, called, value_of(&list, name));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_register_is_read_by_its_name_and_what_is_none_is_foreign() {
        let list = json!({ "items": [{ "id": "so-1", "name": "v7" }, { "id": "so-2", "name": "Xe 2" }] });
        assert_eq!(["so-1", "so-2", "so-3"].map(|name| value_of(&list, name)), [7, FOREIGN, FOREIGN]);
        assert_eq!(value_of(&Value::Null, "so-1"), FOREIGN);
        assert_eq!(value_of(&json!({ "items": [unit("so-1", 9, &Value::Null)] }), "so-1"), 9);
    }
}
