//! The screens are built by npm into `web/dist` and embedded from there. Without them the crate still builds: a page that
//! says what is missing stands in, so that a check of the Rust side needs no Node.

use std::{fs, io, path::Path};

/// What a browser sees when the screens were not built.
const PLACEHOLDER: &str = "<!doctype html><html lang=\"vi\"><meta charset=\"utf-8\"><title>Trống Đồng</title>\
    <p>Chưa có màn hình: hãy chạy <code>npm ci &amp;&amp; npm run build</code> trong thư mục <code>web</code>.</p></html>\n";

fn main() -> io::Result<()> {
    let dist = Path::new("../../web/dist");
    println!("cargo:rerun-if-changed={}", dist.display());
    println!("cargo:rerun-if-changed=build.rs");
    if !dist.join("index.html").exists() {
        fs::create_dir_all(dist)?;
        fs::write(dist.join("index.html"), PLACEHOLDER)?;
    }
    Ok(())
}
