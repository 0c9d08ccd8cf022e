//! Bytes from the front, each read within what is there.

use super::NotPicture;

/// What is left to read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    /// So many bytes.
    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8], NotPicture> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(NotPicture::Damaged("it is cut off"))?;
        self.0 = rest;
        Ok(taken)
    }

    /// So many bytes, their number known beforehand.
    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], NotPicture> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(NotPicture::Damaged("it is cut off"))?;
        self.0 = rest;
        Ok(*taken)
    }

    /// One byte.
    pub(super) fn byte(&mut self) -> Result<u8, NotPicture> {
        self.array::<1>().map(|[byte]| byte)
    }

    /// Two bytes, the higher first.
    pub(super) fn u16_be(&mut self) -> Result<u16, NotPicture> {
        self.array().map(u16::from_be_bytes)
    }

    /// Four bytes, the highest first.
    pub(super) fn u32_be(&mut self) -> Result<u32, NotPicture> {
        self.array().map(u32::from_be_bytes)
    }

    /// Four bytes, the lowest first.
    pub(super) fn u32_le(&mut self) -> Result<u32, NotPicture> {
        self.array().map(u32::from_le_bytes)
    }

    /// As many bytes as a field of 32 bits says.
    pub(super) fn take_u32(&mut self, count: u32) -> Result<&'a [u8], NotPicture> {
        self.take(usize::try_from(count).unwrap_or(usize::MAX))
    }
}
