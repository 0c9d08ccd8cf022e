//! The committed Rust is what the schema gives.

#[test]
fn generated_rust_is_fresh() {
    let stale = codegen::stale(&codegen::root());
    assert_eq!(stale, Ok(Vec::new()), "these differ from the schema: run `cargo xtask codegen` and commit the result");
}
