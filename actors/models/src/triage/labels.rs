//! What is said of a plea: names as the domain has them, in a fixed order that the model's outputs follow.

use serde::{Deserialize, Serialize};

macro_rules! names {
    ($(#[$doc:meta])* $name:ident { $($(#[$item_doc:meta])* $item:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$item_doc])* $item,)+ }

        impl $name {
            /// All of them, in the order of the model's outputs.
            pub const ALL: &'static [Self] = &[$(Self::$item,)+];

            /// The name, as files and screens' keys have it.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$item => $text,)+ }
            }

            /// The one with this name.
            #[must_use]
            pub fn named(name: &str) -> Option<Self> {
                match name { $($text => Some(Self::$item),)+ _ => None }
            }

            /// Its place among the model's outputs.
            #[must_use]
            pub fn index(self) -> usize {
                self as usize
            }
        }
    };
}

names! {
    /// What kind of incident a message reports. The names are those of the domain's `IncidentKind`, without the kind
    /// that only machines report, and with `None` for a message that reports nothing.
    Kind {
        /// No emergency: a question, thanks, a test, an advert.
        None = "none",
        /// Water where it should not be: flood, flash flood, a dyke.
        Flood = "flood",
        /// Fire, smoke, explosion, gas.
        Fire = "fire",
        /// Somebody is ill or hurt.
        Medical = "medical",
        /// An accident or a jam on a road.
        Traffic = "traffic",
        /// Air, water or soil fouled.
        Pollution = "pollution",
        /// Crime, fights, threats.
        PublicOrder = "public_order",
        /// Power, bridges, roads, water pipes, buildings.
        Infrastructure = "infrastructure",
        /// Any other emergency: missing, trapped, animals, landslides on houses.
        Other = "other",
    }
}

names! {
    /// How bad it is; the domain's scale.
    Severity {
        /// To know of.
        Info = "info",
        /// A nuisance.
        Low = "low",
        /// Harm is possible.
        Medium = "medium",
        /// Harm is done or near.
        High = "high",
        /// Lives are at stake now.
        Critical = "critical",
    }
}

names! {
    /// What the people need.
    Need {
        /// To be brought to safety.
        Rescue = "rescue",
        /// Care, an ambulance, medicine.
        Medical = "medical",
        /// Food or drinking water.
        FoodWater = "food_water",
        /// A dry place for the night.
        Shelter = "shelter",
        /// Electricity.
        Power = "power",
        /// A way through.
        Road = "road",
    }
}

names! {
    /// Who among them needs more care than others.
    Vulnerable {
        /// Children and babies.
        Children = "children",
        /// The old.
        Elderly = "elderly",
        /// Women who expect a child or have just had one.
        Pregnant = "pregnant",
        /// People who cannot walk, see or hear.
        Disabled = "disabled",
        /// The ill.
        Ill = "ill",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_places_agree() {
        for (at, kind) in Kind::ALL.iter().enumerate() {
            assert_eq!(kind.index(), at);
            assert_eq!(Kind::named(kind.name()), Some(*kind));
        }
        assert_eq!(Severity::ALL.len() + Need::ALL.len() + Vulnerable::ALL.len(), 16);
    }
}
