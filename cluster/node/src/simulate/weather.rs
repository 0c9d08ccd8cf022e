//! Rain over the province: a few cells that are born, drift, and die.

use crate::town::{
    measure::{KM_PER_DEGREE, distance_km},
    random::Random,
    tables,
};

/// Cells at once; at the bound none is born.
const CELLS_MAX: usize = 6;
/// Mean time between births, hours of weather.
const BIRTH_EVERY_H: f64 = 3.5;

/// Rain with a middle and a width.
#[derive(Clone, Debug, PartialEq)]
struct Cell {
    middle: (f64, f64),
    radius_km: f64,
    /// At the middle, in the middle of its life.
    peak_mm_h: f64,
    north_km_h: f64,
    east_km_h: f64,
    age_h: f64,
    life_h: f64,
}

impl Cell {
    fn born(random: &mut Random) -> Self {
        let (latitude, longitude) = tables::bounds();
        Self {
            middle: (random.between(latitude.0, latitude.1), random.between(longitude.0, longitude.1)),
            radius_km: random.between(8.0, 28.0),
            peak_mm_h: random.between(8.0, 75.0),
            north_km_h: random.between(-14.0, 14.0),
            east_km_h: random.between(-18.0, 18.0),
            age_h: 0.0,
            life_h: random.between(2.0, 7.0),
        }
    }

    fn advance(&mut self, hours: f64) {
        self.age_h += hours;
        self.middle.0 += self.north_km_h * hours / KM_PER_DEGREE;
        self.middle.1 += self.east_km_h * hours / (KM_PER_DEGREE * self.middle.0.to_radians().cos());
    }

    /// Swells and fades as a half sine.
    fn at(&self, place: (f64, f64)) -> f64 {
        let share = (std::f64::consts::PI * (self.age_h / self.life_h).clamp(0.0, 1.0)).sin();
        let widths = distance_km(self.middle, place) / self.radius_km;
        self.peak_mm_h * share * (-widths * widths).exp()
    }
}

/// The rain now.
#[derive(Clone, Debug)]
pub struct Weather {
    random: Random,
    cells: Vec<Cell>,
    next_birth_h: f64,
}

impl Weather {
    /// Begins with one cell, so that there is something to see.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut random = Random::new(seed, "weather");
        let cells = vec![Cell::born(&mut random)];
        let next_birth_h = random.waiting(BIRTH_EVERY_H);
        Self { random, cells, next_birth_h }
    }

    /// Lets time pass.
    pub fn advance(&mut self, hours: f64) {
        self.cells.iter_mut().for_each(|cell| cell.advance(hours));
        self.cells.retain(|cell| cell.age_h < cell.life_h);
        self.next_birth_h -= hours;
        if self.next_birth_h <= 0.0 {
            self.next_birth_h = self.random.waiting(BIRTH_EVERY_H);
            if self.cells.len() < CELLS_MAX {
                self.cells.push(Cell::born(&mut self.random));
            }
        }
    }

    /// Millimetres per hour at a place in degrees.
    #[must_use]
    pub fn rain_mm_h(&self, place: (f64, f64)) -> f64 {
        self.cells.iter().map(|cell| cell.at(place)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_rains_here_and_there_and_not_always() {
        let mut weather = Weather::new(3);
        let place = (21.594, 105.848);
        let mut hours_wet = 0;
        let mut heaviest = 0.0_f64;
        for _ in 0..24 * 60 * 30 {
            weather.advance(1.0 / 60.0);
            let rain = weather.rain_mm_h(place);
            assert!((0.0..400.0).contains(&rain));
            hours_wet += usize::from(rain > 1.0);
            heaviest = heaviest.max(rain);
        }
        let share = hours_wet as f64 / (24.0 * 60.0 * 30.0);
        assert!((0.02..0.6).contains(&share), "wet {share}");
        assert!(heaviest > 30.0, "{heaviest}");
    }
}
