//! Where something is, as a PIDF-LO: a point (RFC 5491, GML `pos` in EPSG:4326: latitude, then longitude) and a civic address
//! (RFC 5139). Of another service's document the position and the commune are taken, wherever they stand in it.

use domain::Place;

use super::{escape, unescape};
use crate::cap::degrees;

/// What is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Located {
    pub(crate) latitude_e7: i32,
    pub(crate) longitude_e7: i32,
    /// The commune's official code, or its name; may be empty.
    pub(crate) commune: String,
}

/// The place as a document about `entity`.
pub(crate) fn write(entity: &str, place: &Place) -> String {
    let mut address = String::new();
    escape(&place.address, &mut address);
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><presence xmlns=\"urn:ietf:params:xml:ns:pidf\" \
         xmlns:gp=\"urn:ietf:params:xml:ns:pidf:geopriv10\" xmlns:gml=\"http://www.opengis.net/gml\" \
         xmlns:ca=\"urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr\" entity=\"pres:{entity}@trongdong.invalid\">\
         <tuple id=\"{entity}\"><status><gp:geopriv><gp:location-info>\
         <gml:Point srsName=\"urn:ogc:def:crs:EPSG::4326\"><gml:pos>{} {}</gml:pos></gml:Point>\
         <ca:civicAddress><ca:country>VN</ca:country><ca:LOC>{address}</ca:LOC><ca:ADDCODE>{}</ca:ADDCODE></ca:civicAddress>\
         </gp:location-info><gp:usage-rules/><gp:method>Manual</gp:method></gp:geopriv></status></tuple></presence>",
        degrees(place.latitude_e7),
        degrees(place.longitude_e7),
        place.admin_unit,
    )
}

/// The position and the commune of a document; none if it has no position on the earth.
pub(crate) fn read(xml: &str) -> Option<Located> {
    let mut numbers = element(xml, "pos")?.split_ascii_whitespace();
    let (latitude_e7, longitude_e7) = (e7(numbers.next()?, 90)?, e7(numbers.next()?, 180)?);
    let commune = element(xml, "ADDCODE").or_else(|| element(xml, "A3")).unwrap_or_default();
    Some(Located { latitude_e7, longitude_e7, commune: unescape(commune.trim()) })
}

/// The text of the first element of that local name, up to the next tag.
fn element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    xml.split('<').skip(1).find_map(|part| {
        let (tag, text) = part.split_once('>')?;
        let full = tag.split(|c: char| c.is_ascii_whitespace() || c == '/').next()?;
        let local = full.rsplit_once(':').map_or(full, |(_, local)| local);
        (local == name && !tag.ends_with('/')).then_some(text)
    })
}

/// Degrees as ten millionths of them; what is finer is cut off.
fn e7(text: &str, degrees_max: i64) -> Option<i32> {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
    let are_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !are_digits(whole) || !are_digits(part) || whole.len() > 3 {
        return None;
    }
    let part: i64 = part.bytes().chain(std::iter::repeat(b'0')).take(7).fold(0, |n, d| n * 10 + i64::from(d - b'0'));
    let all = whole.parse::<i64>().ok()? * 10_000_000 + part;
    i32::try_from(sign * all).ok().filter(|_| all <= degrees_max * 10_000_000)
}
