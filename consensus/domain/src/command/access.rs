//! Commands about rights beyond a role. `proto/trongdong/v1/access.proto` tells what each record is.

use bytes::Bytes;

use super::vocabulary::body;
use crate::{Delegation, DelegationId, PersonId, ServiceKey, ServiceKeyId, wire::record};

body! {
    /// Gives oneself a second factor. It counts from the first code on that is spent of it.
    PutSecondFactor {
        /// Whose: whoever asks.
        person: PersonId,
        /// Sealed under the cluster key.
        seed_sealed: Bytes,
    }
}

body! {
    /// A code was shown that is right. Takes effect once: a second time it is a replay.
    SpendCode {
        /// Whose.
        person: PersonId,
        /// Its time step; 0: it is a recovery code.
        step: u64,
        /// The recovery code's number, from 1; 0: it is none.
        recovery: u32,
    }
}

body! {
    /// Takes a second factor away.
    DropSecondFactor {
        /// Whose.
        person: PersonId,
    }
}

body! {
    /// Puts a key of a service account.
    PutServiceKey {
        /// As it shall be.
        key: ServiceKey,
        /// Rotation: this one ends once the overlap is over.
        replaces: Option<ServiceKeyId>,
        /// How long both count.
        overlap_ms: u64,
    }
}

body! {
    /// The key does not count any more.
    RevokeServiceKey {
        /// Which.
        key: ServiceKeyId,
    }
}

body! {
    /// Gives somebody's rights to somebody else for a time.
    PutDelegation {
        /// As it shall be.
        delegation: Delegation,
    }
}

body! {
    /// It ends now.
    RevokeDelegation {
        /// Which.
        delegation: DelegationId,
    }
}

body! {
    /// From here on whoever asks acts by it.
    TakeDelegation {
        /// Which; none: by their own rights again.
        delegation: Option<DelegationId>,
    }
}

body! {
    /// Whoever asks gets the whole province for a while.
    BreakGlass {
        /// Why; not empty.
        reason: String,
        /// How long.
        lasts_ms: u64,
    }
}

body! {
    /// It ends before its time.
    EndGlass {
        /// Whose.
        person: PersonId,
    }
}
