//! What the portal keeps: SQLite in a file, or PostgreSQL, by the URL.
//!
//! [`Store::open`] brings the database to the form that this version needs; a database that a newer version made, or whose migrations were
//! changed afterwards, is refused. Each part of what is kept has a file of its own with its methods of [`Store`]. Statements are such as both
//! databases take. Several servers may share one PostgreSQL: whatever only one of them may do is decided by a statement, never in memory.

mod articles;
mod cases;
mod feedback;
mod mails;
mod statistics;
mod subscriptions;

use std::borrow::Cow;
use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sqlx::AnyPool;
use sqlx::any::AnyPoolOptions;
use sqlx::error::BoxDynError;
use sqlx::migrate::{Migration, MigrationSource, MigrationType, Migrator};

pub use articles::{CurrentArticle, KnownArticle, Subscriber};
pub use cases::{CaseRow, CaseState};
pub use feedback::{About, Feedback};
pub use mails::{Mail, NewMail, Purpose, Settled};
pub use statistics::{RuleStatistics, Unmatched};
pub use subscriptions::{NewSubscription, Subscribing, Subscription};

/// Connections to the database.
const CONNECTIONS: u32 = 8;
/// How long to wait for a connection, and SQLite for its turn to write.
const PATIENCE: Duration = Duration::from_secs(5);

/// The steps from an empty database to the form of this version. Steps are only ever added.
const MIGRATIONS: &[(i64, &str, &str)] = &[(1, "begin", include_str!("../migrations/0001_begin.sql"))];

/// Why something could not be stored or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The database refused.
    #[error("the database: {0}")]
    Database(#[from] sqlx::Error),
    /// The database is not in a form that can be brought to that of this version.
    #[error("the database is not one that this version can use: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// The URL is for another kind of database.
    #[error("`{0}` is not a database that can be used; write sqlite:FILE or postgres://…")]
    Unsupported(String),
}

/// The database.
#[derive(Clone, Debug)]
pub struct Store {
    pool: AnyPool,
}

impl Store {
    /// Opens the database at a URL, `sqlite:FILE` or `postgres://…`; a SQLite file is made if there is none.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        let is_sqlite = url.starts_with("sqlite:");
        if !is_sqlite && !url.starts_with("postgres:") && !url.starts_with("postgresql:") {
            // a URL may hold a password
            return Err(StoreError::Unsupported(url.split(':').next().unwrap_or_default().to_owned()));
        }
        if let Some(file) = url.strip_prefix("sqlite:").and_then(|rest| rest.split('?').next()) {
            private(file.trim_start_matches("//"));
        }
        let url = match is_sqlite && !url.contains('?') {
            true => Cow::Owned(format!("{url}?mode=rwc")),
            false => Cow::Borrowed(url),
        };
        let options = AnyPoolOptions::new().max_connections(CONNECTIONS).acquire_timeout(PATIENCE);
        let options = options.after_connect(move |connection, _| {
            Box::pin(async move {
                if is_sqlite {
                    let wait = format!("PRAGMA busy_timeout = {}", PATIENCE.as_millis());
                    for setting in [wait.as_str(), "PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL"] {
                        sqlx::query(setting).execute(&mut *connection).await?;
                    }
                }
                Ok(())
            })
        });
        let pool = options.connect(&url).await?;
        Migrator::new(Steps).await?.run(&pool).await?;
        Ok(Self { pool })
    }

    /// Whether the database answers.
    pub async fn is_ready(&self) -> bool {
        sqlx::query("SELECT 1").execute(&self.pool).await.is_ok()
    }

    /// Ends all connections, after what they are doing.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

/// Makes a database file that only this user reads, if there is none: it holds addresses of people. What cannot be made is told when it is opened.
fn private(file: &str) {
    if file.is_empty() || file.starts_with(':') {
        return;
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let _ = options.open(file);
}

/// [`MIGRATIONS`] as sqlx takes them.
#[derive(Debug)]
struct Steps;

impl MigrationSource<'static> for Steps {
    fn resolve(self) -> Pin<Box<dyn Future<Output = Result<Vec<Migration>, BoxDynError>> + Send + 'static>> {
        let step = |(version, name, sql): &(i64, &'static str, &'static str)| {
            Migration::new(*version, Cow::Borrowed(*name), MigrationType::Simple, Cow::Borrowed(*sql), false)
        };
        let steps = MIGRATIONS.iter().map(step).collect();
        Box::pin(async move { Ok(steps) })
    }
}

/// An id that nobody can guess: 128 random bits in hexadecimal.
pub fn new_id() -> Result<String, getrandom::Error> {
    let mut bits = [0; 16];
    getrandom::fill(&mut bits)?;
    Ok(format!("{:032x}", u128::from_be_bytes(bits)))
}

/// Milliseconds since 1970.
pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
