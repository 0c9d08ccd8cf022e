//! The score of a pair, and what it stems from.

use serde::{Deserialize, Serialize};

use super::{
    super::{
        artifact::Kept,
        forecast::net::{Net, Scratch},
    },
    pair::{GROUNDS, Ground, Known, features},
    text::Rarity,
};

/// A logistic model over the numbers of a pair. Plain numbers; [`Model::check`] it when it comes back from a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Model {
    /// A straight line; what comes out is the logarithm of the odds.
    pub net: Net,
}

/// One reason of a score.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reason {
    /// What it is about.
    pub ground: Ground,
    /// What it adds to the logarithm of the odds, against an average pair of candidates; below 0 it speaks against.
    pub adds: f32,
}

/// A score with its reasons.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// Probability that both are about the same.
    pub probability: f32,
    /// The weightiest first.
    pub reasons: Vec<Reason>,
}

/// The weights that come with the product, trained on its own generator by its own recipe.
pub(super) const SHIPPED: &[u8] = include_bytes!("../../trained/duplicate.json");

impl Kept for Model {
    const KIND: &'static str = super::store::KIND;

    fn check(&self) -> Result<(), String> {
        self.check()
    }
}

impl Model {
    /// The weights that come with the product.
    ///
    /// # Errors
    ///
    /// What is wrong with them; a test sees to it that nothing is.
    pub fn shipped() -> Result<Self, String> {
        let model: Self = serde_json::from_slice(SHIPPED).map_err(|error| error.to_string())?;
        model.check()?;
        Ok(model)
    }

    /// Refuses what a file holds and no training gives.
    ///
    /// # Errors
    ///
    /// What is wrong, and what to do.
    pub fn check(&self) -> Result<(), String> {
        self.net.check().map_err(|error| error.to_string())?;
        if self.net.inputs != GROUNDS.len() || self.net.outputs != 1 || self.net.hidden != 0 {
            return Err(format!("not a line over {} numbers of a pair; train again", GROUNDS.len()));
        }
        Ok(())
    }

    /// The probability that two reports are about the same.
    #[must_use]
    pub fn probability(&self, one: &Known, other: &Known, rarity: &Rarity) -> f32 {
        self.of_features(&features(one, other, rarity), &mut Scratch::default())
    }

    pub(super) fn of_features(&self, features: &[f32; GROUNDS.len()], scratch: &mut Scratch) -> f32 {
        self.net.answer(features, scratch);
        1.0 / (1.0 + (-scratch.out[0]).exp())
    }

    /// The probability, and what it stems from.
    #[must_use]
    pub fn score(&self, one: &Known, other: &Known, rarity: &Rarity) -> Score {
        let features = features(one, other, rarity);
        let mut reasons: Vec<Reason> = Vec::new();
        for (at, ground) in GROUNDS.into_iter().enumerate() {
            let adds = self.net.scaled(at, features[at]) * self.net.skip[at];
            match reasons.iter_mut().find(|reason| reason.ground == ground) {
                Some(reason) => reason.adds += adds,
                None => reasons.push(Reason { ground, adds }),
            }
        }
        reasons.sort_by(|one, other| other.adds.abs().total_cmp(&one.adds.abs()));
        Score { probability: self.of_features(&features, &mut Scratch::default()), reasons }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::pair::Report, *};

    fn known(latitude_e7: i32, text: &str) -> Known {
        Known::of(&Report {
            at_ms: 0,
            latitude_e7,
            longitude_e7: 1_075_900_000,
            uncertainty_m: 15.0,
            kind: Some(1),
            text: text.to_owned(),
        })
    }

    #[test]
    fn the_shipped_weights_tell_the_same_house_from_the_next() {
        let model = Model::shipped().unwrap();
        let rarity = Rarity::default();
        let plea = known(164_600_000, "Cứu với, nhà số 12 đường Lê Lợi ngập tới mái, có 5 người và 1 bà cụ");
        let again = known(164_600_500, "12 le loi nuoc len toi mai roi co 5 nguoi cuu voi");
        let next = known(164_601_500, "nhà số 16 đường Lê Lợi bị ngập, có 3 người");
        let same = model.score(&plea, &again, &rarity);
        let other = model.score(&plea, &next, &rarity);
        assert!(same.probability > 0.8, "{same:?}");
        assert!(other.probability < 0.2, "{other:?}");
        let number = other.reasons.iter().find(|reason| reason.ground == Ground::Number).unwrap();
        assert!(number.adds < 0.0, "{other:?}");
    }

    #[test]
    fn reasons_add_up_to_the_score() {
        let model = Model::shipped().unwrap();
        let (one, other) = (known(164_600_000, "ngập 12 lê lợi"), known(164_602_000, "nuoc len"));
        let score = model.score(&one, &other, &Rarity::default());
        let sum: f32 = score.reasons.iter().map(|reason| reason.adds).sum::<f32>() + model.net.bias[0];
        assert!((1.0 / (1.0 + (-sum).exp()) - score.probability).abs() < 1e-4);
        assert!(score.reasons.windows(2).all(|pair| pair[0].adds.abs() >= pair[1].adds.abs()));
    }
}
