//! What the portal's throughput is measured against: a bare axum handler that sends back the bytes it is sent.
//!
//! `cargo run --release --example echo` prints its address and serves until it is ended; see benches/portal.

use axum::Router;
use axum::body::Bytes;
use axum::routing::post;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    axum::serve(listener, Router::new().route("/", post(async |body: Bytes| body))).await
}
