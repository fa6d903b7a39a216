//! What a portal is started with.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::rule::portal_settings::{PortalSettings, Token};

/// Bytes of a pasted text with all that comes with it.
pub const TEXT_BYTES: usize = 1 << 20;
/// Requests that one client may make each second.
pub const REQUESTS_PER_SECOND: u32 = 20;
/// How long a request without an upload may take.
pub const REQUEST_TIME: Duration = Duration::from_secs(30);
/// Bytes of an upload.
pub const UPLOAD_BYTES: u64 = 1 << 30;
/// How long cases are kept.
pub const RETAIN: Duration = Duration::from_secs(24 * 60 * 60);
/// The database, a file in the working directory.
pub const DATABASE: &str = "sqlite:faultbook.db";
/// The folder for uploads, in the working directory.
pub const SPOOL: &str = "faultbook-cases";
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
    /// The database, see [`Store::open`](crate::portal::store::Store::open).
    pub database: String,
    /// The folder for uploads until they are diagnosed, and for what was found. Everything in it is the portal's.
    pub spool: PathBuf,
    /// Bytes of an upload.
    pub upload_bytes: u64,
    /// How long cases are kept.
    pub retain: Duration,
    /// The address at which readers reach the portal, without a slash at the end; for links in mails and feeds.
    pub public_address: Option<String>,
    /// How mails are sent; none: nobody can subscribe.
    pub mail: Option<MailOptions>,
    /// The secret from which pseudonyms are made; without it, one that the spool folder keeps. Servers with one database need one secret.
    pub redaction_secret: Option<Vec<u8>>,
    /// Requests that one client may make each second; 0: any number.
    pub requests_per_second: u32,
    /// Whether a proxy stands before the portal, whose `X-Forwarded-For` tells clients apart.
    pub is_behind_proxy: bool,
    /// Bytes of a pasted text.
    pub text_bytes: usize,
    /// How long a request without an upload may take.
    pub request_time: Duration,
}

/// How mails are sent.
#[derive(Clone, PartialEq, Eq)]
pub struct MailOptions {
    /// The server, as `smtp://[user:password@]host[:port][?tls=required]` or `smtps://…`.
    pub server: String,
    /// The sender, an address with or without a name.
    pub from: String,
}

impl fmt::Debug for MailOptions {
    /// Without the server, which may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MailOptions").field("from", &self.from).finish_non_exhaustive()
    }
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
            database: DATABASE.to_owned(),
            spool: PathBuf::from(SPOOL),
            upload_bytes: UPLOAD_BYTES,
            retain: RETAIN,
            public_address: None,
            mail: None,
            redaction_secret: None,
            requests_per_second: REQUESTS_PER_SECOND,
            is_behind_proxy: false,
            text_bytes: TEXT_BYTES,
            request_time: REQUEST_TIME,
        }
    }

    /// Takes over what settings say.
    pub fn configure(&mut self, settings: &PortalSettings) {
        self.tokens.clone_from(&settings.tokens);
        self.public_address.clone_from(&settings.address);
        self.mail = settings.mail.clone().map(|(server, from)| MailOptions { server, from });
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
    /// The articles cannot be indexed for search.
    #[error("the articles cannot be indexed: {0}")]
    Search(#[from] tantivy::TantivyError),
    /// The secret for pseudonyms cannot be used.
    #[error(transparent)]
    Redaction(#[from] crate::report::redact::RedactionKeyError),
    /// The folder of uploads cannot be used.
    #[error("the folder `{}` cannot be used: {error}", folder.display())]
    Spool {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] crate::portal::store::StoreError),
    /// Mails cannot be sent as the options say.
    #[error("mails cannot be sent: {0}")]
    Mail(String),
    /// Changes of files cannot be watched.
    #[error(transparent)]
    Watch(#[from] crate::rule::watch::WatchError),
}
