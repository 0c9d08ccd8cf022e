//! Places of Thái Nguyên as people name them: today's communes, yesterday's districts, hamlets, landmarks.

use crate::rng::Rng;

/// Names by what they name.
#[derive(Debug, Clone, Default)]
pub struct Places {
    unit: Vec<&'static str>,
    old: Vec<&'static str>,
    hamlet: Vec<&'static str>,
    landmark: Vec<&'static str>,
}

impl Places {
    /// Reads lines of `name = a|b|c`; lines with another name are left out.
    #[must_use]
    pub fn parse(file: &'static str) -> Self {
        let mut places = Self::default();
        for (name, list) in file.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once('=')) {
            let list = list.trim().split('|').collect();
            match name.trim() {
                "unit" => places.unit = list,
                "old" => places.old = list,
                "hamlet" => places.hamlet = list,
                "landmark" => places.landmark = list,
                _ => {}
            }
        }
        places
    }

    /// One place, in one of the ways in which people say it.
    pub fn place(&self, rng: &mut Rng) -> String {
        let pick = |list: &[&'static str], rng: &mut Rng| rng.pick(list).copied().unwrap_or("Thái Nguyên");
        let unit = pick(&self.unit, rng);
        match rng.below(14) {
            0 => unit.to_owned(),
            1 => format!("xã {unit}"),
            2 => format!("phường {unit}"),
            3 => format!("xóm {}, {}", pick(&self.hamlet, rng), unit),
            4 => format!("thôn {} xã {}", pick(&self.hamlet, rng), unit),
            5 => format!("tổ {} phường {unit}", 1 + rng.below(30)),
            6 => format!("xóm {}, {}", 1 + rng.below(15), pick(&self.old, rng)),
            7 => pick(&self.old, rng).to_owned(),
            8 => pick(&self.landmark, rng).to_owned(),
            9 => format!("gần {}", pick(&self.landmark, rng)),
            10 => format!("cách {} {} mét", pick(&self.landmark, rng), 50 * (1 + rng.below(12))),
            11 => format!("bản {}, {}", pick(&self.hamlet, rng), unit),
            12 => format!("số {} ngõ {}, {}", 1 + rng.below(200), 1 + rng.below(90), unit),
            _ => format!("{} ({} cũ)", unit, pick(&self.old, rng)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_have_many_names() {
        let places = Places::parse("unit = A|B\nhamlet = C\nold = D\nlandmark = E\n# x = y");
        let mut rng = Rng::new(1);
        let said: std::collections::BTreeSet<String> = (0..300).map(|_| places.place(&mut rng)).collect();
        assert!(said.contains("xã A") && said.contains("D") && said.contains("gần E") && said.len() > 30);
    }
}
