//! A camera's address: checked once, never printed with a secret in it.

use std::fmt;

use rtsp_types::Url;

/// RFC 2326 section 3.2.
pub const PORT_DEFAULT: u16 = 554;
/// Bytes of an address.
pub const URL_BYTES_MAX: usize = 1024;

/// Why an address cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Not `rtsp://host...`.
    #[error("rtsp_url: use rtsp://host[:port]/path of at most {URL_BYTES_MAX} bytes")]
    Malformed,
    /// User or password inside.
    #[error("rtsp_url: take user and password out of it; they are set apart and sealed")]
    Credentials,
}

/// A checked address. Prints without its query, where some cameras carry a password.
#[derive(Clone, PartialEq, Eq)]
pub struct Address(Url);

impl Address {
    /// Checks an address.
    ///
    /// # Errors
    /// Names what to change.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        if text.len() > URL_BYTES_MAX {
            return Err(AddressError::Malformed);
        }
        let url = Url::parse(text).map_err(|_| AddressError::Malformed)?;
        if url.scheme() != "rtsp" || url.host_str().is_none_or(str::is_empty) || url.fragment().is_some() {
            return Err(AddressError::Malformed);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(AddressError::Credentials);
        }
        Ok(Self(url))
    }

    /// The whole address, for requests.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.0
    }

    /// Host and port to connect to.
    #[must_use]
    pub fn host_port(&self) -> (String, u16) {
        let host = self.0.host_str().unwrap_or_default();
        // The brackets of an IPv6 address belong to the URL's syntax, not to the address.
        let host = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
        (host.to_owned(), self.0.port().unwrap_or(PORT_DEFAULT))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (host, port) = self.host_port();
        write!(f, "rtsp://{host}:{port}{}", self.0.path())?;
        if self.0.query().is_some() { f.write_str("?...") } else { Ok(()) }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_not_printed() {
        let address = Address::parse("rtsp://10.0.0.7/live?password=hunter2").unwrap();
        assert_eq!(format!("{address} {address:?}"), "rtsp://10.0.0.7:554/live?... rtsp://10.0.0.7:554/live?...");
        assert_eq!(Address::parse("rtsp://user:hunter2@10.0.0.7/").unwrap_err(), AddressError::Credentials);
    }

    #[test]
    fn hosts_and_ports() {
        assert_eq!(Address::parse("rtsp://[::1]:8554/x").unwrap().host_port(), ("::1".into(), 8554));
        assert_eq!(Address::parse("rtsp://cam").unwrap().host_port(), ("cam".into(), 554));
        for text in
            ["", "http://cam/", "rtsp:///x", "rtsps://cam/", "cam:554", &format!("rtsp://cam/{}", "x".repeat(1024))]
        {
            assert_eq!(Address::parse(text).unwrap_err(), AddressError::Malformed, "{text}");
        }
    }
}
