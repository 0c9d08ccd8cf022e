//! The screens' own files over loopback.

use super::{
    http::client,
    province::{config, province, serve},
};

#[tokio::test]
async fn the_start_page_stands_for_every_page_and_is_asked_for_again_with_its_tag() {
    let served = serve(&province(), 1, config());
    let get = |path: &str| client().get(served.url(path)).header("accept", "text/html,*/*");
    let page = get("/").send().await.unwrap();
    assert_eq!(page.status(), 200);
    assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
    assert_eq!(page.headers()["cache-control"], "no-cache");
    assert_eq!(page.headers()["x-content-type-options"], "nosniff");
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("default-src 'self'") && policy.contains("ws://khac.test"), "{policy}");
    assert!(
        policy.contains("media-src 'self' blob:"),
        "clips of the centre, and what a phone is about to send: {policy}"
    );
    let tag = page.headers()["etag"].clone();
    let again = get("/").header("if-none-match", tag.clone()).send().await.unwrap();
    assert_eq!((again.status().as_u16(), again.headers()["etag"].clone()), (304, tag.clone()));
    assert_eq!(get("/tường/nào").send().await.unwrap().headers()["etag"], tag, "a page of the screens' own");
    let missing = client().get(served.url("/assets/x.js")).header("accept", "*/*").send().await.unwrap();
    assert_eq!(missing.status(), 404, "a missing file is not the start page");
}
