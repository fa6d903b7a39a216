//! Connections: how many there may be, and how long a client may take on each of them.
//!
//! `serve` accepts connections and speaks HTTP/1.1 on them. axum's own loop would do that too, but bounds neither how long a client takes
//! to send the head of a request, nor how long it leaves a response unread, nor how many connections there are. How long a body may take is
//! for those who read it.

use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::Sleep;
use tower_service::Service;

use crate::portal::clients::{Holdings, network};

/// Connections at a time; more wait to be accepted. Processes often may have 1024 files open, and some are for uploads and the database.
pub const CONNECTIONS: usize = 768;
/// Connections of one client at a time, unless a proxy makes them all; more are closed at once.
pub const CONNECTIONS_OF_ONE: usize = 256;
/// How long a client may take to send the head of a request, and be silent between two.
pub const HEAD_TIME: Duration = Duration::from_secs(15);
/// How long a client may leave unread what it is sent.
pub const UNREAD_TIME: Duration = Duration::from_secs(30);
/// Bytes of the head of a request; a longer one is refused with 431.
pub const HEAD_BYTES: usize = 64 * 1024;
/// Headers of a request likewise.
pub const HEADERS: usize = 100;
/// How long to wait when a connection cannot be accepted because the system has no room for it.
const NO_ROOM_PAUSE: Duration = Duration::from_millis(200);

/// Serves until `stop` is done, and then what runs until it has ended.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    is_behind_proxy: bool,
    stop: impl Future<Output = ()>,
) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let clients = Arc::<Holdings>::default();
    let graceful = GracefulShutdown::new();
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_TIME).max_headers(HEADERS).max_header_size(HEAD_BYTES);
    let mut stop = pin!(stop);
    loop {
        let accepted = async {
            // nobody closes it
            let place = Arc::clone(&places).acquire_owned().await.map_err(io::Error::other)?;
            listener.accept().await.map(|(stream, peer)| (place, stream, peer))
        };
        let (place, stream, peer) = match tokio::select! { accepted = accepted => accepted, () = &mut stop => break } {
            Ok(accepted) => accepted,
            Err(error) if is_of_the_client(&error) => continue,
            Err(error) => {
                tracing::error!(%error, "no connection can be accepted");
                tokio::time::sleep(NO_ROOM_PAUSE).await;
                continue;
            }
        };
        let client = match is_behind_proxy {
            true => None,
            false => match Holdings::hold(&clients, network(peer.ip()), CONNECTIONS_OF_ONE) {
                None => continue,
                entered => entered,
            },
        };
        // answers are written whole: to wait for more would only delay them
        let _ = stream.set_nodelay(true);
        let service = service_fn({
            let router = router.clone();
            move |mut request: Request<Incoming>| {
                request.extensions_mut().insert::<ConnectInfo<SocketAddr>>(ConnectInfo(peer));
                router.clone().call(request)
            }
        });
        let connection =
            http.serve_connection(TokioIo::new(Patient { stream, patience: UNREAD_TIME, unread: None }), service);
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection broke");
            }
            drop((place, client));
        });
    }
    drop(listener);
    graceful.shutdown().await;
}

/// Whether only the connection that was to be accepted is broken.
fn is_of_the_client(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// A connection that breaks when its client reads nothing for some time although there is something to read.
struct Patient<S> {
    stream: S,
    patience: Duration,
    /// Ends the waiting; none while nothing waits.
    unread: Option<Pin<Box<Sleep>>>,
}

impl<S> Patient<S> {
    /// Takes note of how an attempt to write went.
    fn noted<T>(&mut self, context: &mut Context<'_>, attempt: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if attempt.is_ready() {
            self.unread = None;
            return attempt;
        }
        let patience = self.patience;
        let unread = self.unread.get_or_insert_with(|| Box::pin(tokio::time::sleep(patience)));
        unread.as_mut().poll(context).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, into)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let attempt = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.noted(context, attempt)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let attempt = Pin::new(&mut self.stream).poll_write_vectored(context, pieces);
        self.noted(context, attempt)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[test]
    fn what_nobody_reads_is_given_up_but_not_what_is_read_slowly() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let (stream, mut reader) = tokio::io::duplex(4);
            let mut patient = Patient { stream, patience: Duration::from_millis(200), unread: None };
            let reading = async {
                for _ in 0..10 {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    reader.read_exact(&mut [0; 4]).await.unwrap();
                }
                std::future::pending::<()>().await;
            };
            let writing = async {
                // longer than the patience in all, and then all that is left unread
                for _ in 0..10 {
                    patient.write_all(&[0; 4]).await.unwrap();
                }
                patient.write_all(&[0; 9]).await.unwrap_err()
            };
            let error = tokio::select! { error = writing => error, () = reading => unreachable!() };
            assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        });
    }
}
