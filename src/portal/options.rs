//! What a portal is started with.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::portal::access::Token;

/// Bytes of a pasted text with all that comes with it.
pub const TEXT_BYTES: usize = 1 << 20;
/// How long a request without an upload may take.
pub const REQUEST_TIME: Duration = Duration::from_secs(30);
/// How long requests may take to finish when the service is told to stop.
pub const SHUTDOWN_TIME: Duration = Duration::from_secs(20);

/// What a portal is started with.
#[derive(Clone, Debug)]
pub struct PortalOptions {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Where the rules are; none: the built-in ones, which never change.
    pub rules: Vec<PathBuf>,
    /// Where templates are looked for first.
    pub templates: Vec<PathBuf>,
    /// What the site changes, besides the overlays beside the rules.
    pub overlays: Vec<PathBuf>,
    /// Who may ask for more than the public does.
    pub tokens: Vec<Token>,
    /// Bytes of a pasted text.
    pub text_bytes: usize,
    /// How long a request without an upload may take.
    pub request_time: Duration,
}

impl PortalOptions {
    /// A portal for the built-in rules at an address, without tokens.
    pub fn at(listen: SocketAddr) -> Self {
        Self {
            listen,
            rules: Vec::new(),
            templates: Vec::new(),
            overlays: Vec::new(),
            tokens: Vec::new(),
            text_bytes: TEXT_BYTES,
            request_time: REQUEST_TIME,
        }
    }
}

/// Why a portal cannot start or go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PortalError {
    /// The address cannot be listened at.
    #[error("cannot listen at {address}: {error}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        error: io::Error,
    },
    /// The connection that new requests come in by broke.
    #[error("the service cannot go on: {0}")]
    Serve(#[source] io::Error),
    /// Changes of files cannot be watched.
    #[error(transparent)]
    Watch(#[from] crate::rule::watch::WatchError),
}
