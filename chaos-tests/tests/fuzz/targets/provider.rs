//! What a provider of sign-ins answers: its addresses, its keys, and ID tokens.

use super::bytes_of;

pub(crate) const DISCOVERY: &[&str] = &[
    "\"issuer\":\"https://op.example\"",
    "\"token_endpoint\":\"http://10.0.0.1/token\"",
    "\"jwks_uri\":\"https://op.example/keys#a\"",
    "\"userinfo_endpoint\":\"https://lan:a@op.example/me\"",
    "\"id_token_signing_alg_values_supported\":[\"none\"]",
    "\"token_endpoint_auth_methods_supported\":[\"client_secret_post\"]",
    "https://lan:secret@op.example/",
    "javascript:",
    "[::1]",
    "%",
    ",",
    "}",
];

pub(crate) const KEYS: &[&str] = &[
    "\"kty\":\"RSA\"",
    "\"kty\":\"EC\"",
    "\"kty\":\"oct\",\"k\":\"AQAB\"",
    "\"crv\":\"P-256\"",
    "\"alg\":\"none\"",
    "\"use\":\"enc\"",
    "\"kid\":null",
    "\"n\":\"AAAA\"",
    "\"e\":\"AQAB\"",
    "{}",
    ",",
    "]",
];

pub(crate) const TOKEN: &[&str] = &[
    ".",
    "..",
    // {"alg":"none"}, {"alg":"ES256"}, {"alg":"RS256","crit":["b64"]}
    "eyJhbGciOiJub25lIn0",
    "eyJhbGciOiJFUzI1NiJ9",
    "eyJhbGciOiJSUzI1NiIsImNyaXQiOlsiYjY0Il19",
    // {"aud":[],"exp":1e400,"amr":7}
    "eyJhdWQiOltdLCJleHAiOjFlNDAwLCJhbXIiOjd9",
    "e30",
    "W10",
    "=",
    "-_",
];

pub(crate) fn documents() -> Vec<Vec<u8>> {
    bytes_of(&[
        r#"{"issuer":"https://op.example","authorization_endpoint":"https://op.example/auth?realm=tinh","token_endpoint":
            "https://op.example/token","jwks_uri":"https://keys.example/jwks"}"#,
        r#"{"issuer":"https://op.example","authorization_endpoint":"https://op.example/a","token_endpoint":
            "http://127.0.0.1:9/t","jwks_uri":"http://[::1]/k","id_token_signing_alg_values_supported":["HS256","ES256"],
            "token_endpoint_auth_methods_supported":["client_secret_post"],"scopes_supported":["openid"]}"#,
    ])
}

pub(crate) fn sets() -> Vec<Vec<u8>> {
    let modulus = "w".repeat(342);
    let rsa = format!(r#"{{"keys":[{{"kty":"RSA","kid":"1","use":"sig","alg":"RS256","n":"{modulus}","e":"AQAB"}}]}}"#);
    let p256 = r#"{"keys":[{"kty":"EC","crv":"P-256","kid":"e","x":"axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY",
        "y":"T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU"},{"kty":"oct","k":"AQAB"}]}"#;
    bytes_of(&[rsa.as_str(), p256])
}

/// An ID token is taken apart whether or not anybody signed it.
pub(crate) fn tokens() -> Vec<Vec<u8>> {
    let claims = "eyJpc3MiOiJodHRwczovL29wLmV4YW1wbGUiLCJzdWIiOiIxIiwiYXVkIjoidGQiLCJleHAiOjE4MDAwMDAzMDAsImlhdCI6MTgwMDAwMDAw\
                  MCwibm9uY2UiOiJuIiwiYW1yIjpbIm1mYSJdfQ";
    let signature = "A".repeat(86);
    let es256 = format!("eyJhbGciOiJFUzI1NiIsImtpZCI6ImUifQ.{claims}.{signature}");
    let rs256 = format!("eyJhbGciOiJSUzI1NiJ9.{claims}.AAAA");
    bytes_of(&[es256.as_str(), rs256.as_str()])
}
