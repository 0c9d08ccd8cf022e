//! Which buckets a model knows, and the row of each: a bit a bucket, and how many bits were set before every 64th.
//!
//! What was seen too seldom while learning has no row. It is as if it did not stand in the message: it adds no noise, and it
//! takes no weight from what is known.

/// The known buckets.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Index {
    bits: Vec<u64>,
    before: Vec<u32>,
}

impl Index {
    /// An index of these bits, 64 buckets a word, the lowest bit first.
    #[must_use]
    pub fn new(bits: Vec<u64>) -> Self {
        let before = bits
            .iter()
            .scan(0_u32, |sum, word| {
                let now = *sum;
                *sum += word.count_ones();
                Some(now)
            })
            .collect();
        Self { bits, before }
    }

    /// Knows the buckets that stand in at least `least` texts, at most `rows_max` of them, the most frequent first.
    #[must_use]
    pub fn of_frequent(documents: &[u32], least: u32, rows_max: usize) -> Self {
        let mut known: Vec<usize> =
            (0..documents.len()).filter(|at| documents.get(*at).is_some_and(|n| *n >= least)).collect();
        known.sort_by_key(|at| std::cmp::Reverse(documents.get(*at).copied()));
        known.truncate(rows_max);
        let mut bits = vec![0_u64; documents.len().div_ceil(64)];
        for at in known {
            if let Some(word) = bits.get_mut(at / 64) {
                *word |= 1 << (at % 64);
            }
        }
        Self::new(bits)
    }

    /// The bits, to be kept.
    #[must_use]
    pub fn bits(&self) -> &[u64] {
        &self.bits
    }

    /// How many buckets are known.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.bits.iter().map(|word| usize::try_from(word.count_ones()).unwrap_or(0)).sum()
    }

    /// The row of a bucket; `None` for one that is not known.
    #[must_use]
    pub fn row(&self, bucket: u32) -> Option<u32> {
        let at = usize::try_from(bucket / 64).ok()?;
        let (word, bit) = (self.bits.get(at)?, bucket % 64);
        let below = (word & ((1_u64 << bit) - 1)).count_ones();
        (word >> bit & 1 == 1).then_some(self.before.get(at)? + below)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_counted_in_the_order_of_the_buckets() {
        let mut documents = vec![0; 200];
        for (bucket, n) in [(3, 5), (64, 2), (65, 9), (199, 4)] {
            documents[bucket] = n;
        }
        let index = Index::of_frequent(&documents, 3, 10);
        assert_eq!(index.rows(), 3);
        assert_eq!([3, 64, 65, 199, 4000].map(|bucket| index.row(bucket)), [Some(0), None, Some(1), Some(2), None]);
        let few = Index::of_frequent(&documents, 1, 1);
        assert_eq!((few.rows(), few.row(65)), (1, Some(0)));
    }
}
