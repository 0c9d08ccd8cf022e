//! Protobuf's wire format, read in place: a reader among thousands looks at a few fields of a frame and leaves the rest.

/// A field's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    /// A number.
    Number(u64),
    /// A string, bytes or message.
    Bytes(&'a [u8]),
}

impl<'a> Value<'a> {
    /// The number, 0 for anything else.
    pub(crate) fn number(self) -> u64 {
        match self {
            Self::Number(number) => number,
            Self::Bytes(_) => 0,
        }
    }

    /// The bytes, none for a number.
    pub(crate) fn bytes(self) -> &'a [u8] {
        match self {
            Self::Number(_) => &[],
            Self::Bytes(bytes) => bytes,
        }
    }
}

/// The fields of a message in their order; ends early where it is malformed.
pub(crate) struct Fields<'a>(pub(crate) &'a [u8]);

impl<'a> Fields<'a> {
    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for (at, byte) in self.0.iter().take(10).enumerate() {
            value |= u64::from(byte & 0x7f) << (7 * at);
            if byte & 0x80 == 0 {
                self.0 = self.0.get(at + 1..)?;
                return Some(value);
            }
        }
        None
    }

    fn bytes(&mut self, count: u64) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(usize::try_from(count).ok()?)?;
        self.0 = rest;
        Some(bytes)
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = (u64, Value<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let tag = self.varint()?;
        let value = match tag & 7 {
            0 => Value::Number(self.varint()?),
            1 => Value::Bytes(self.bytes(8)?),
            2 => {
                let count = self.varint()?;
                Value::Bytes(self.bytes(count)?)
            }
            5 => Value::Bytes(self.bytes(4)?),
            _ => return None,
        };
        Some((tag >> 3, value))
    }
}

#[cfg(test)]
mod tests {
    use domain::wire::generated::{Position, Subscribe};
    use prost::Message;

    use super::*;

    #[test]
    fn reads_what_prost_writes() {
        let position = Position { epoch: u64::MAX, group: 3, index: 300, ordinal: 0 };
        let subscribe = Subscribe { districts: vec!["a".into()], nouns: Vec::new(), from: vec![position] };
        let bytes = subscribe.encode_to_vec();
        let fields: Vec<_> = Fields(&bytes).collect();
        assert_eq!(fields[0], (1, Value::Bytes(b"a")));
        let inner: Vec<_> = Fields(fields[1].1.bytes()).collect();
        assert_eq!(inner, [(1, Value::Number(u64::MAX)), (2, Value::Number(3)), (3, Value::Number(300))]);
    }

    #[test]
    fn nonsense_ends_it() {
        assert_eq!(Fields(&[0x0a, 0x05, 1]).count(), 0);
        assert_eq!(Fields(&[0xff; 12]).count(), 0);
        assert_eq!(Fields(&[0x07]).count(), 0);
    }
}
