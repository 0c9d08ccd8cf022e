//! The receiving half of a stream's credit. Pure.
//!
//! The sender starts with a full window. What arrives takes from it; what the application has taken out is gathered and granted again
//! once it is half a window, so that one small frame answers many messages.

use crate::limits::{WINDOW_BYTES, WINDOW_MESSAGES};
use crate::message::Grant;

/// What one stream's sender may still send, as its receiver counts it.
#[derive(Debug)]
pub(crate) struct ReceiveWindow {
    left: Grant,
    taken: Grant,
}

/// The sender sent more than it was granted.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct CreditBroken;

impl ReceiveWindow {
    pub(crate) fn new() -> Self {
        Self { left: Grant { messages: WINDOW_MESSAGES, bytes: WINDOW_BYTES }, taken: Grant { messages: 0, bytes: 0 } }
    }

    /// A message has arrived.
    pub(crate) fn arrived(&mut self, bytes: usize) -> Result<(), CreditBroken> {
        let bytes = u32::try_from(bytes).map_err(|_| CreditBroken)?;
        let left = Grant {
            messages: self.left.messages.checked_sub(1).ok_or(CreditBroken)?,
            bytes: self.left.bytes.checked_sub(bytes).ok_or(CreditBroken)?,
        };
        self.left = left;
        Ok(())
    }

    /// The application has taken a message out; returns what is to be granted now, if anything.
    pub(crate) fn taken(&mut self, bytes: usize) -> Option<Grant> {
        self.taken.messages += 1;
        self.taken.bytes += u32::try_from(bytes).unwrap_or(0);
        if self.taken.messages < WINDOW_MESSAGES / 2 && self.taken.bytes < WINDOW_BYTES / 2 {
            return None;
        }
        let grant = std::mem::replace(&mut self.taken, Grant { messages: 0, bytes: 0 });
        self.left.messages += grant.messages;
        self.left.bytes += grant.bytes;
        Some(grant)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn window_ends_by_messages_and_by_bytes() {
        let mut window = ReceiveWindow::new();
        assert!((0..WINDOW_MESSAGES).all(|_| window.arrived(0) == Ok(())));
        assert_eq!(window.arrived(0), Err(CreditBroken));

        let mut window = ReceiveWindow::new();
        assert_eq!(window.arrived(WINDOW_BYTES as usize), Ok(()));
        assert_eq!(window.arrived(1), Err(CreditBroken));
        assert_eq!(window.arrived(0), Ok(()), "a refused message takes nothing");
    }

    proptest! {
        /// A sender that keeps to its credit is never refused, and never starves while the receiver takes.
        #[test]
        fn honest_sender_flows(sizes in prop::collection::vec(0usize..4 * 1024 * 1024, 1..300), lag in 0usize..40) {
            let mut window = ReceiveWindow::new();
            let mut mine = Grant { messages: WINDOW_MESSAGES, bytes: WINDOW_BYTES };
            let mut queue = std::collections::VecDeque::new();
            for size in sizes {
                let wire = u32::try_from(size).unwrap();
                while queue.len() > lag || mine.messages == 0 || mine.bytes < wire {
                    let out = queue.pop_front().expect("credit is short only while something is queued");
                    if let Some(grant) = window.taken(out) {
                        mine.messages += grant.messages;
                        mine.bytes += grant.bytes;
                    }
                }
                mine.messages -= 1;
                mine.bytes -= wire;
                prop_assert_eq!(window.arrived(size), Ok(()));
                queue.push_back(size);
            }
        }
    }
}
