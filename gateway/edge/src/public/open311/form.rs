//! What an Open311 client sends: `application/x-www-form-urlencoded` (WHATWG URL, section 5.1), and what its fields mean.

use domain::{AdminUnitCode, IncidentKind};

use crate::public::{
    error::PublicError,
    report::{Filing, Language, Where},
    words,
};

/// Fields of one form, at most; the others are not read.
const FIELDS_MAX: usize = 64;
/// Bytes of an address of a photo that is somewhere else.
const MEDIA_URL_BYTES_MAX: usize = 500;
/// Steps of a degree in our places.
const E7: f64 = 1e7;

/// The fields of a form, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads a form; any bytes are one.
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        let pairs = bytes.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()).take(FIELDS_MAX);
        let fields = pairs.map(|pair| {
            let mut halves = pair.splitn(2, |byte| *byte == b'=');
            let mut half = || decode(halves.next().unwrap_or_default());
            (half(), half())
        });
        Self(fields.collect())
    }

    /// The first value of that name; empty where there is none.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.trim())
    }
}

fn decode(bytes: &[u8]) -> String {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((&first, after)) = rest.split_first() {
        let digit = |at: usize| after.get(at).and_then(|byte| char::from(*byte).to_digit(16));
        let escaped = digit(0).zip(digit(1)).and_then(|(high, low)| u8::try_from(high * 16 + low).ok());
        match (first, escaped) {
            (b'%', Some(byte)) => {
                out.push(byte);
                rest = after.get(2..).unwrap_or_default();
                continue;
            }
            (b'+', _) => out.push(b' '),
            (byte, _) => out.push(byte),
        }
        rest = after;
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// What the form files.
///
/// # Errors
/// The field that is wrong.
pub(crate) fn filing(fields: &Fields, key: String) -> Result<Filing, PublicError> {
    let kind = IncidentKind::from_name(fields.get("service_code"));
    let kind = kind.filter(|kind| words::KINDS.iter().any(|(known, _)| known == kind)).ok_or_else(no_service)?;
    let commune =
        [fields.get("attribute[commune]"), fields.get("address_id")].into_iter().find(|code| !code.is_empty());
    let admin_unit = commune.and_then(|code| AdminUnitCode::new(code).ok()).ok_or_else(|| {
        PublicError::invalid(
            "attribute[commune]",
            "Hãy gửi mã xã, phường (xem định nghĩa dịch vụ), hoặc address_id.",
            "Send the code of the commune (see the service's definition), or address_id.",
        )
    })?;
    let (latitude_e7, longitude_e7) = match (fields.get("lat"), fields.get("long")) {
        ("", "") => (None, None),
        (latitude, longitude) => (Some(degrees("lat", latitude, 90.0)?), Some(degrees("long", longitude, 180.0)?)),
    };
    let mut text = fields.get("description").to_owned();
    let media_url = fields.get("media_url");
    if !media_url.is_empty() {
        // Words for who reads the report, not a link, and nothing here asks for it: it may name anything, also within this network.
        if !is_web_address(media_url) {
            return Err(PublicError::invalid(
                "media_url",
                "Hãy gửi địa chỉ bắt đầu bằng https:// hoặc http://, hoặc gửi tệp ảnh sau khi có mã phản ánh.",
                "Send an address that begins with https:// or http://, or send the photo itself once you have the code.",
            ));
        }
        text = format!("{text}\n[media_url] {media_url}");
    }
    let contact = ["first_name", "last_name", "phone", "email"].map(|name| fields.get(name));
    let contact: Vec<_> = contact.into_iter().filter(|part| !part.is_empty()).collect();
    Ok(Filing {
        key,
        kind: Some(kind),
        text,
        place: Where { admin_unit, address: fields.get("address_string").to_owned(), latitude_e7, longitude_e7 },
        contact: contact.join(" "),
        language: Language::Vi,
    })
}

/// Whether the text is an address on the web: one word, without anything that a screen could take for its own.
fn is_web_address(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'<' | b'>' | b'\\' | b'`');
    rest.is_some_and(|rest| !rest.is_empty() && text.len() <= MEDIA_URL_BYTES_MAX && rest.bytes().all(is_plain))
}

/// 404, as the standard has it for a service that is not known.
pub(crate) fn no_service() -> PublicError {
    PublicError::new(
        hyper::StatusCode::NOT_FOUND,
        "not_found",
        "service_code",
        "Không có loại này. Hãy xem services.json.",
        "There is no such service. See services.json.",
    )
}

/// Degrees as text, times 10^7.
fn degrees(field: &str, text: &str, most: f64) -> Result<i32, PublicError> {
    let degrees = text.parse::<f64>().ok().filter(|degrees| degrees.abs() <= most);
    let degrees = degrees.ok_or_else(|| {
        PublicError::invalid(field, "Hãy gửi lat và long theo độ (WGS 84).", "Send lat and long in degrees (WGS 84).")
    })?;
    #[allow(clippy::cast_possible_truncation, reason = "at most 1.8e9, within an i32")]
    Ok((degrees * E7).round() as i32)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_form_is_read_as_browsers_write_it() {
        let fields = Fields::parse(b"a=1+2&b=%C4%91%E1%BB%95&attribute%5Bcommune%5D=u1&c&%=%zz&a=3&=x");
        assert_eq!((fields.get("a"), fields.get("b"), fields.get("c")), ("1 2", "đổ", ""));
        assert_eq!((fields.get("attribute[commune]"), fields.get("%"), fields.get("")), ("u1", "%zz", "x"));
    }

    #[test]
    fn each_field_that_is_wrong_is_named() {
        let wrong =
            |form: &str| filing(&Fields::parse(form.as_bytes()), String::new()).err().unwrap().body.field.clone();
        assert_eq!(wrong(""), "service_code");
        assert_eq!(wrong("service_code=device"), "service_code");
        assert_eq!(wrong("service_code=fire"), "attribute[commune]");
        assert_eq!(wrong("service_code=fire&address_id=u1&lat=91&long=1"), "lat");
        assert_eq!(wrong("service_code=fire&address_id=u1&lat=9&long=NaN"), "long");
        assert_eq!(wrong("service_code=fire&address_id=u1&lat=9"), "long");
        let filing =
            filing(&Fields::parse(b"service_code=fire&address_id=u1&lat=-90&long=105.8"), String::new()).ok().unwrap();
        assert_eq!((filing.place.latitude_e7, filing.place.longitude_e7), (Some(-900_000_000), Some(1_058_000_000)));
    }

    #[test]
    fn a_photo_that_is_elsewhere_is_words_and_nothing_that_a_screen_could_run() {
        let form =
            |media_url: &str| format!("service_code=fire&address_id=u1&description=Ch%C3%A1y&media_url={media_url}");
        let filed = |media_url: &str| filing(&Fields::parse(form(media_url).as_bytes()), String::new());
        let text = filed("https%3A%2F%2Fexample.test%2F1.jpg").ok().unwrap().text;
        assert_eq!(text, "Cháy\n[media_url] https://example.test/1.jpg");
        assert_eq!(filed("").ok().unwrap().text, "Cháy");
        let long = format!("https://{}", "a".repeat(MEDIA_URL_BYTES_MAX));
        for wrong in ["javascript:alert(1)", "https://", "http://a b", "https://a%22%3E", "file:///etc/passwd", &long] {
            assert_eq!(filed(wrong).err().unwrap().body.field, "media_url", "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_may_come(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let fields = Fields::parse(&bytes);
            prop_assert!(fields.0.len() <= FIELDS_MAX);
            let _ = filing(&fields, String::new());
        }

        #[test]
        fn what_is_escaped_comes_back(text in any::<String>()) {
            let escaped: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
            prop_assert_eq!(decode(escaped.as_bytes()), text);
        }
    }
}
