//! Open data: what of incidents and of citizens' reports is everybody's, without an account, as CSV (RFC 4180) and GeoJSON
//! (RFC 7946). What that is, is said in [`table`]; how it is written, in [`write`]. The state is looked through at most once in
//! `OPEN_DATA_KEPT_MS`, however many ask; who has a page already is answered 304.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    extract::{Extension, RawQuery, State},
    http::{
        HeaderMap, HeaderName, StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderValue, LINK},
    },
    response::{IntoResponse, Response},
};
use domain::{GroupId, State as State0};
use sha2::{Digest, Sha256};

use self::table::{Table, What};
use super::{
    error::{PublicError, PublicErrorBody},
    guard::Kind,
    open311::form::Fields,
};
use crate::{
    app::App,
    assets,
    cluster::{Source, read},
    limits::{OPEN_DATA_KEPT_MS, OPEN_DATA_PAGES_MAX},
    server::Peer,
};

pub(crate) mod table;
pub(crate) mod write;

/// How long a reader may keep a page: what is in it is a day old.
const KEPT: &str = "public, max-age=600";

/// How it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Csv,
    GeoJson,
}

/// What was last taken out of the state.
#[derive(Default)]
pub(crate) struct Taken(Mutex<BTreeMap<What, Arc<Table>>>);

impl Taken {
    /// What is everybody's, as it was at most `OPEN_DATA_KEPT_MS` of the log ago. Who comes while it is being put together waits
    /// for it, so that many at once cost one look.
    fn table(&self, source: &dyn Source, what: What) -> Arc<Table> {
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = read(source, GroupId::COMMAND, State0::clock);
        if let Some(table) = taken.get(&what).filter(|table| now.0.saturating_sub(table.at.0) < OPEN_DATA_KEPT_MS) {
            return table.clone();
        }
        let table = Arc::new(Table::take(what, source));
        taken.insert(what, table.clone());
        table
    }
}

/// Closed incidents as CSV, the newest first, a thousand a page; `Link` names the next one. No person, no words, no unit, nothing of an
/// exercise or of a kind that is about people; closed for a day; positions to a hundredth of a degree (about 1,100 m), times to the hour.
#[utoipa::path(get, path = "/api/public/open-data/incidents.csv", params(("page" = Option<usize>, Query)), responses(
    (status = 200, body = String, content_type = "text/csv"), (status = 304), (status = 422, body = PublicErrorBody),
    (status = 429, body = PublicErrorBody)))]
pub(crate) async fn incidents_csv(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, PublicError> {
    app.open_data(What::Incidents, Format::Csv, peer, query, &headers)
}

/// The same as GeoJSON.
#[utoipa::path(get, path = "/api/public/open-data/incidents.geojson", params(("page" = Option<usize>, Query)), responses(
    (status = 200, body = String, content_type = "application/geo+json"), (status = 304),
    (status = 422, body = PublicErrorBody), (status = 429, body = PublicErrorBody)))]
pub(crate) async fn incidents_geojson(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, PublicError> {
    app.open_data(What::Incidents, Format::GeoJson, peer, query, &headers)
}

/// People's reports as CSV, the newest first, a thousand a page; `Link` names the next one. No code, no sender, no words, nothing of an
/// exercise or of a kind that is about people; each a day after it came, and its answer a day after that was given; positions to a
/// hundredth of a degree (about 1,100 m), times to the hour.
#[utoipa::path(get, path = "/api/public/open-data/reports.csv", params(("page" = Option<usize>, Query)), responses(
    (status = 200, body = String, content_type = "text/csv"), (status = 304), (status = 422, body = PublicErrorBody),
    (status = 429, body = PublicErrorBody)))]
pub(crate) async fn reports_csv(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, PublicError> {
    app.open_data(What::Reports, Format::Csv, peer, query, &headers)
}

/// The same as GeoJSON.
#[utoipa::path(get, path = "/api/public/open-data/reports.geojson", params(("page" = Option<usize>, Query)), responses(
    (status = 200, body = String, content_type = "application/geo+json"), (status = 304),
    (status = 422, body = PublicErrorBody), (status = 429, body = PublicErrorBody)))]
pub(crate) async fn reports_geojson(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, PublicError> {
    app.open_data(What::Reports, Format::GeoJson, peer, query, &headers)
}

impl App {
    fn open_data(
        &self,
        what: What,
        format: Format,
        peer: Peer,
        query: Option<String>,
        headers: &HeaderMap,
    ) -> Result<Response, PublicError> {
        self.admit(Kind::Look, peer.0.ip())?;
        let page = page(&query.unwrap_or_default())?;
        let table = self.public.open_data.table(&*self.source, what);
        let (kind, ending, bytes) = match format {
            Format::Csv => (write::CSV_TYPE, "csv", write::csv(&table, page)),
            Format::GeoJson => (write::GEO_JSON_TYPE, "geojson", write::geo_json(&table, page)),
        };
        let etag = assets::etag(&Sha256::digest(&bytes).into());
        let mut out = HeaderMap::new();
        let mut put = |name: HeaderName, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                out.insert(name, value);
            }
        };
        put(ETAG, &etag);
        put(CACHE_CONTROL, KEPT);
        if !table.page(page + 1).is_empty() {
            let (name, next) = (what.name(), page + 1);
            put(LINK, &format!("</api/public/open-data/{name}.{ending}?page={next}>; rel=\"next\""));
        }
        if assets::is_known(headers, &etag) {
            return Ok((StatusCode::NOT_MODIFIED, out).into_response());
        }
        put(CONTENT_TYPE, kind);
        Ok((out, bytes).into_response())
    }
}

/// Which page is asked for: from 1; without a word the first.
fn page(query: &str) -> Result<usize, PublicError> {
    let fields = Fields::parse(query.as_bytes());
    let asked = fields.get("page");
    if asked.is_empty() {
        return Ok(1);
    }
    asked.parse::<usize>().ok().filter(|page| (1..=OPEN_DATA_PAGES_MAX).contains(page)).ok_or_else(|| {
        PublicError::invalid(
            "page",
            &format!("Số trang không đúng. Hãy gửi số từ 1 đến {OPEN_DATA_PAGES_MAX}."),
            &format!("This is no page: send a number from 1 to {OPEN_DATA_PAGES_MAX}."),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_a_number_within_its_bound_and_without_a_word_the_first() {
        assert_eq!(page("").unwrap(), 1);
        assert_eq!(page("page=").unwrap(), 1);
        assert_eq!(page("other=7&page=2").unwrap(), 2);
        assert_eq!(page(&format!("page={OPEN_DATA_PAGES_MAX}")).unwrap(), OPEN_DATA_PAGES_MAX);
        for wrong in ["page=0", "page=-1", "page=x", "page=1.5", "page=99999999999999999999"] {
            assert_eq!(page(wrong).unwrap_err().body.field, "page", "{wrong}");
        }
        assert!(page(&format!("page={}", OPEN_DATA_PAGES_MAX + 1)).is_err());
    }
}
