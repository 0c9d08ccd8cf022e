//! Open311 GeoReport v2, so that other services' apps can report: services, a service's definition, requests, and mySociety's
//! extension for the history of a request (servicerequestupdates). JSON and XML, as the ending says.
//!
//! Where the standard leaves a choice: a request is shown to whoever has its code, which is its `service_request_id`, and no list is
//! given without; the commune is asked for as `attribute[commune]` (or `address_id`), because it says who handles the request.

use std::{net::IpAddr, sync::Arc};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Extension, Path, RawQuery, State},
    http::{
        HeaderMap,
        header::{CONTENT_TYPE, HeaderValue},
    },
    response::{IntoResponse, Response},
    routing::get,
};
use domain::ReportChannel;
use hyper::StatusCode;
use serde_json::json;

use self::{
    form::{Fields, filing},
    node::{Format, Node},
};
use super::{code, error::PublicError, guard::Kind, words};
use crate::{
    api::body::read,
    app::App,
    limits::{OPEN311_IDS_MAX, PUBLIC_BODY_BYTES_MAX},
    server::Peer,
};

pub(crate) mod form;
pub(crate) mod node;
mod request;

/// Header with the sender's key, as for the public's own routes. Without it a request that is sent again is another one.
const KEY_HEADER: &str = "idempotency-key";

/// The routes.
pub(crate) fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/open311/v2/{file}", get(look).post(post))
        .route("/open311/v2/services/{file}", get(definition))
        .route("/open311/v2/requests/{file}", get(one))
}

type Came = (State<Arc<App>>, Extension<Peer>);

async fn look((State(app), Extension(peer)): Came, Path(file): Path<String>, RawQuery(query): RawQuery) -> Response {
    let (name, format) = node::file(&file);
    let answer = async {
        app.admit(Kind::Look, peer.0.ip())?;
        let fields = Fields::parse(query.unwrap_or_default().as_bytes());
        match name {
            "services" => Ok(services()),
            "requests" => requests(&app, &fields, peer.0.ip(), request::request)
                .await
                .map(|all| Node::List("service_requests", "request", all)),
            "servicerequestupdates" => {
                let all = requests(&app, &fields, peer.0.ip(), request::updates).await?;
                Ok(Node::List("service_request_updates", "request_update", all))
            }
            _ => Err(no_resource()),
        }
    };
    told(answer.await, StatusCode::OK, format)
}

async fn definition((State(app), Extension(peer)): Came, Path(file): Path<String>) -> Response {
    let (name, format) = node::file(&file);
    let answer = app.admit(Kind::Look, peer.0.ip()).and_then(|()| service_definition(&app, name));
    told(answer, StatusCode::OK, format)
}

async fn one((State(app), Extension(peer)): Came, Path(file): Path<String>) -> Response {
    let (id, format) = node::file(&file);
    let answer = async {
        app.admit(Kind::Look, peer.0.ip())?;
        let found = app.followed(id, peer.0.ip()).await?;
        Ok(Node::List("service_requests", "request", request::request(&found)))
    };
    told(answer.await, StatusCode::OK, format)
}

async fn post(
    (State(app), Extension(peer)): Came,
    Path(file): Path<String>,
    headers: HeaderMap,
    sent: Body,
) -> Response {
    let (name, format) = node::file(&file);
    let answer = async {
        app.admit(Kind::Write, peer.0.ip())?;
        if name != "requests" {
            return Err(no_resource());
        }
        let bytes: Bytes = read(sent, PUBLIC_BODY_BYTES_MAX).await?;
        let key = match headers.get(KEY_HEADER) {
            Some(key) => key.to_str().unwrap_or_default().to_owned(),
            None => random_key()?,
        };
        let code = app.file_public(filing(&Fields::parse(&bytes), key)?, ReportChannel::App).await?;
        let request = Node::Record(vec![
            ("service_request_id", Node::text(&code::shown(&code))),
            ("service_notice", Node::text("Giữ mã này để theo dõi. Keep this code to follow the request.")),
            ("account_id", Node::text("")),
        ]);
        Ok(Node::List("service_requests", "request", vec![request]))
    };
    told(answer.await, StatusCode::CREATED, format)
}

fn services() -> Node {
    let service = |(kind, name): &(domain::IncidentKind, words::Both)| {
        Node::Record(vec![
            ("service_code", Node::text(kind.as_str())),
            ("service_name", Node::text(name.vi)),
            ("description", Node::text(name.en)),
            ("metadata", Node::Scalar(json!(true))),
            ("type", Node::text("realtime")),
            ("keywords", Node::text("")),
            ("group", Node::text("1022")),
        ])
    };
    Node::List("services", "service", words::KINDS.iter().map(service).collect())
}

fn service_definition(app: &App, service: &str) -> Result<Node, PublicError> {
    if words::KINDS.iter().all(|(kind, _)| kind.as_str() != service) {
        return Err(form::no_service());
    }
    let value = |commune: super::report::Commune| {
        Node::Record(vec![("key", Node::text(&commune.code)), ("name", Node::text(&commune.name))])
    };
    let commune = Node::Record(vec![
        ("variable", Node::Scalar(json!(true))),
        ("code", Node::text("commune")),
        ("datatype", Node::text("singlevaluelist")),
        ("required", Node::Scalar(json!(true))),
        ("datatype_description", Node::text("")),
        ("order", Node::Scalar(json!(1))),
        ("description", Node::text("Xã, phường (commune)")),
        ("values", Node::List("values", "value", app.communes().into_iter().map(value).collect())),
    ]);
    Ok(Node::Named(
        "service_definition",
        vec![
            ("service_code", Node::text(service)),
            ("attributes", Node::List("attributes", "attribute", vec![commune])),
        ],
    ))
}

/// What `show` makes of each report whose code is named.
async fn requests(
    app: &App,
    fields: &Fields,
    ip: IpAddr,
    show: fn(&super::followed::Followed) -> Vec<Node>,
) -> Result<Vec<Node>, PublicError> {
    let ids: Vec<&str> =
        fields.get("service_request_id").split(',').map(str::trim).filter(|id| !id.is_empty()).collect();
    if ids.is_empty() {
        return Err(PublicError::new(
            StatusCode::FORBIDDEN,
            "forbidden",
            "service_request_id",
            "Phản ánh chỉ hiện cho người có mã. Hãy gửi service_request_id.",
            "A request is shown to whoever has its code. Send service_request_id, more than one with commas.",
        ));
    }
    if ids.len() > OPEN311_IDS_MAX {
        let (vi, en) = (format!("Nhiều nhất {OPEN311_IDS_MAX} mã."), format!("Send at most {OPEN311_IDS_MAX} codes."));
        return Err(PublicError::invalid("service_request_id", &vi, &en));
    }
    let mut all = Vec::new();
    for (at, id) in ids.into_iter().enumerate() {
        if at > 0 {
            app.charge(Kind::Look, ip)?;
        }
        all.extend(show(&app.followed(id, ip).await?));
    }
    Ok(all)
}

fn no_resource() -> PublicError {
    PublicError::new(
        StatusCode::NOT_FOUND,
        "not_found",
        "path",
        "Không có địa chỉ này. Hãy dùng services, requests hoặc servicerequestupdates, đuôi .json hoặc .xml.",
        "There is no such resource. Use services, requests or servicerequestupdates, with .json or .xml.",
    )
}

/// A key nobody knows, for who sends none.
fn random_key() -> Result<String, PublicError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|_| PublicError::from(crate::cluster::RoadError::Stopped))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The answer in the format that was asked for; errors are a list of code and description, as the standard has them.
fn told(answer: Result<Node, PublicError>, fine: StatusCode, format: Format) -> Response {
    let (status, node, error) = match answer {
        Ok(node) => (fine, node, None),
        Err(error) => {
            let description = format!("{} {}", error.body.message, error.body.message_en);
            let record = Node::Record(vec![
                ("code", Node::Scalar(json!(error.status.as_u16()))),
                (
                    "description",
                    Node::Scalar(json!(format!("{}: {description}", error.body.field).trim_start_matches(": "))),
                ),
            ]);
            (error.status, Node::List("errors", "error", vec![record]), Some(error))
        }
    };
    let mut response = (status, format.write(&node)).into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(format.kind()));
    if let Some(error) = error {
        error.dress(&mut response);
    }
    response
}
