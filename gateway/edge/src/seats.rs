//! A bounded number of seats, in all and by address. Used for connections and for screens.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

/// The seats. All clones share them.
#[derive(Clone)]
pub(crate) struct Seats(Arc<Inner>);

struct Inner {
    taken: Mutex<Taken>,
    total_max: usize,
    per_ip_max: usize,
}

#[derive(Default)]
struct Taken {
    total: usize,
    /// Invariant: no zero is kept, so it is no larger than `total`.
    by_ip: HashMap<IpAddr, usize>,
}

/// A taken seat; free again when dropped.
pub(crate) struct Seat {
    seats: Seats,
    ip: IpAddr,
}

impl Seats {
    pub(crate) fn new(total_max: usize, per_ip_max: usize) -> Self {
        Self(Arc::new(Inner { taken: Mutex::default(), total_max, per_ip_max }))
    }

    /// A seat, unless either bound is reached.
    pub(crate) fn take(&self, ip: IpAddr) -> Option<Seat> {
        let mut taken = self.0.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let of_ip = taken.by_ip.get(&ip).copied().unwrap_or_default();
        if taken.total >= self.0.total_max || of_ip >= self.0.per_ip_max {
            return None;
        }
        taken.total += 1;
        taken.by_ip.insert(ip, of_ip + 1);
        Some(Seat { seats: self.clone(), ip })
    }

    /// How many are taken.
    pub(crate) fn taken(&self) -> usize {
        self.0.taken.lock().unwrap_or_else(PoisonError::into_inner).total
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.0.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.total -= 1;
        if let Some(of_ip) = taken.by_ip.get_mut(&self.ip) {
            *of_ip -= 1;
            if *of_ip == 0 {
                taken.by_ip.remove(&self.ip);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_bounds_hold_and_a_seat_comes_back() {
        let seats = Seats::new(3, 2);
        let (a, b, c) = (IpAddr::from([1, 1, 1, 1]), IpAddr::from([2, 2, 2, 2]), IpAddr::from([3, 3, 3, 3]));
        let first = seats.take(a).unwrap();
        let _second = seats.take(a).unwrap();
        assert!(seats.take(a).is_none(), "by address");
        let _third = seats.take(b).unwrap();
        assert!(seats.take(c).is_none(), "in all");
        drop(first);
        assert!(seats.take(c).is_some());
        assert_eq!(seats.taken(), 2);
        assert_eq!(seats.0.taken.lock().unwrap().by_ip.len(), 2);
    }
}
