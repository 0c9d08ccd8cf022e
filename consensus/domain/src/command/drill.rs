//! Commands about drills. Whether the cluster is well enough for one is judged by the node that is asked, before it proposes; what
//! holds whatever it says (one at a time, bounds, a minority of the nodes that are up) is judged here.

use super::vocabulary::body;
use crate::{DrillEnd, DrillSample, DrillScenario, DrillVerdict, wire::record};

body! {
    /// Begins a drill.
    StartDrill {
        /// What breaks.
        scenario: DrillScenario,
        /// Nodes that suffer, ascending; of a storm none.
        nodes: Vec<u64>,
        /// The node that watches and measures; none of those.
        observer: u64,
        /// See [`DrillScenario::strengths`].
        strength: u32,
        /// How long, within `limits::DRILL_SECONDS`.
        seconds: u32,
        /// What for; not empty.
        purpose: String,
    }
}

body! {
    /// A person ends its faults now. Sent again it does nothing.
    StopDrill {
        /// Which.
        drill: u64,
    }
}

body! {
    /// Its faults are over. Sent again it does nothing.
    EndDrill {
        /// Which.
        drill: u64,
        /// Why.
        reason: DrillEnd,
    }
}

body! {
    /// What was measured. Sent again it does nothing.
    MeasureDrill {
        /// Which.
        drill: u64,
        /// The one after the last.
        sample: DrillSample,
    }
}

body! {
    /// It has been measured. Sent again it does nothing.
    CloseDrill {
        /// Which.
        drill: u64,
        /// One for each promise; none: nobody measured it.
        verdicts: Vec<DrillVerdict>,
    }
}
