//! `faultbook serve`: the portal.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use tracing_subscriber::EnvFilter;

use crate::cli::Context;
use crate::cli::console::Console;
use crate::cli::diagnostics;
use crate::cli::exit::{Exit, Failure};
use crate::cli::redact_options;
use crate::portal::options::{DATABASE, MailOptions, REQUESTS_PER_SECOND, SPOOL};
use crate::portal::{PortalError, PortalOptions, Server};
use crate::rule::limit_settings::size as bytes;
use crate::rule::reload::WatchedFiles;
use crate::rule::settings::SETTINGS_FILE;
use crate::rule::timespan::Timespan;
use crate::rule::{Diagnostic, DiagnosticSeverity, Faultbook, Settings};

/// Start the portal: a web service that answers pasted errors
///
/// Rules and templates are loaded again when their files change; a mistake keeps those that are in use, and is told on the health page and
/// in the log, which goes to standard error. The variable FAULTBOOK_LOG says what is logged, as in `faultbook=debug`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  faultbook serve                                   the built-in rules at http://127.0.0.1:8080/
  faultbook serve --listen 0.0.0.0:80 --rules my-rules/
  curl --data-binary @error.txt http://127.0.0.1:8080/api/v1/answers

Exit status:
  0  stopped by a signal, after the requests that ran were finished
  2  it could not start or go on")]
pub struct ServeArgs {
    /// Listen at this address
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Take `portal` from this settings file instead of the `faultbook.yaml` beside the rules
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Keep what is to stay in this database: sqlite:FILE or postgres://USER:PASSWORD@HOST/NAME
    #[arg(long, value_name = "URL", default_value = DATABASE, env = "FAULTBOOK_DATABASE", hide_env_values = true)]
    database: String,
    /// Keep uploads in this folder until they are diagnosed
    #[arg(long, value_name = "FOLDER", default_value = SPOOL)]
    spool: PathBuf,
    /// Take uploads of at most this size
    #[arg(long, value_name = "SIZE", default_value = "1 GiB", value_parser = size)]
    max_upload: u64,
    /// Keep cases for this long
    #[arg(long, value_name = "DURATION", default_value = "24h", value_parser = timespan)]
    retain: Duration,
    /// Let one client make N requests a second; 0 for any number
    #[arg(long, value_name = "N", default_value_t = REQUESTS_PER_SECOND)]
    rate_limit: u32,
    /// Tell clients apart by the header X-Forwarded-For, which a proxy before the portal sets
    #[arg(long)]
    behind_proxy: bool,
    /// Link to the portal in mails and feeds by this address; goes before the settings
    #[arg(long, value_name = "URL")]
    public_address: Option<String>,
    /// Send mails through this server, smtp://HOST:PORT or smtps://USER:PASSWORD@HOST; goes before the settings
    #[arg(long, value_name = "URL", env = "FAULTBOOK_MAIL_SERVER", hide_env_values = true, requires = "mail_from")]
    mail_server: Option<String>,
    /// Send mails from this address
    #[arg(long, value_name = "ADDRESS")]
    mail_from: Option<String>,
    /// Write the log as one JSON object a line
    #[arg(long)]
    log_json: bool,
}

fn size(written: &str) -> Result<u64, String> {
    bytes(written).ok_or_else(|| "write a number of bytes, or a number with B, KiB, MiB, GiB or TiB".to_owned())
}

fn timespan(written: &str) -> Result<Duration, String> {
    let span: Timespan = written.parse().map_err(|_| "write a number with s, m, h, d or w, such as 24h".to_owned())?;
    Ok(Duration::from_secs(span.seconds()))
}

/// Reads the settings file of `--config`, which must be sound.
fn config(path: &Path, console: &Console) -> Result<Settings, Failure> {
    let text =
        Faultbook::read_text(path).map_err(|fault| Failure::refused(fault.title, "name a file that can be read"))?;
    let (settings, diagnostics) = Settings::from_text(path.display().to_string(), text);
    diagnostics::talk(console, &diagnostics);
    match diagnostics.iter().any(|one| one.severity == DiagnosticSeverity::Error) {
        true => Err(broken_settings(&path.display().to_string())),
        false => Ok(settings),
    }
}

fn is_about_settings(diagnostic: &Diagnostic) -> bool {
    let is_settings = |path: &str| Path::new(path).file_name().is_some_and(|name| name == SETTINGS_FILE);
    diagnostic.severity == DiagnosticSeverity::Error
        && diagnostic.labels.iter().any(|label| is_settings(label.file.path()))
}

fn broken_settings(path: &str) -> Failure {
    Failure::refused(
        format!("`{path}` has mistakes"),
        "mend what is reported above; the portal does not start with half of its settings",
    )
}

/// Runs the command.
pub fn run(args: &ServeArgs, context: &Context) -> Result<Exit, Failure> {
    let filter = EnvFilter::try_from_env("FAULTBOOK_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match args.log_json {
        true => log.json().init(),
        false => log.with_ansi(false).init(),
    }
    let (rules, templates, overlays) =
        (context.faultbook.rules(), context.faultbook.templates(), context.faultbook.overlays());
    // before they are read: what changes meanwhile is loaded again
    let files = WatchedFiles::new(rules, templates, overlays);
    let faultbook = context.faultbook.load()?;
    diagnostics::talk_errors(&context.console, &faultbook);
    let mut options = PortalOptions::at(args.listen);
    match &args.config {
        Some(path) => options.configure(config(path, &context.console)?.portal()),
        // what was left out of it might have kept somebody out
        None if faultbook.diagnostics().iter().any(is_about_settings) => return Err(broken_settings(SETTINGS_FILE)),
        None => options.configure(faultbook.settings().portal()),
    }
    if let Some(address) = &args.public_address {
        options.public_address = Some(address.trim_end_matches('/').to_owned());
    }
    if let Some((server, from)) = args.mail_server.clone().zip(args.mail_from.clone()) {
        options.mail = Some(MailOptions { server, from });
    }
    options.database.clone_from(&args.database);
    options.spool.clone_from(&args.spool);
    options.upload_bytes = args.max_upload;
    options.requests_per_second = args.rate_limit;
    options.is_behind_proxy = args.behind_proxy;
    options.retain = args.retain;
    options.redaction_secret = redact_options::secret();
    (options.rules, options.templates, options.overlays) = (rules.to_vec(), templates.to_vec(), overlays.to_vec());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::refused(format!("cannot start threads: {error}"), "try again"))?;
    let served: Result<(), PortalError> = runtime.block_on(async {
        let server = Server::bind(options, files, faultbook).await?;
        let stop = stop();
        reload_on_hangup(server.reloader());
        context.console.say(format!("listening at http://{}/", server.address()));
        server.run(stop).await
    });
    // what still reads an archive is given up: it goes on at the next start
    runtime.shutdown_background();
    served.map(|()| Exit::Success).map_err(|error| {
        let help = match error {
            PortalError::Listen { .. } => "choose another address with --listen",
            PortalError::Mail(_) => "mend `portal: mail` in the settings, or --mail-server and --mail-from",
            _ => "see the log above",
        };
        Failure::refused(error.to_string(), help)
    })
}

/// Done when the process is told to stop. Signals are caught from the call on, not from the first wait.
fn stop() -> impl Future<Output = ()> + Send + 'static {
    #[cfg(unix)]
    let terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate());
    async {
        #[cfg(unix)]
        if let Ok(mut terminate) = terminate {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
        let _ = tokio::signal::ctrl_c().await;
    }
}

/// Loads the rules again whenever the process is sent a hang-up signal.
fn reload_on_hangup(reload: impl Fn() + Send + Sync + 'static) {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut hangup) = signal(SignalKind::hangup()) {
            tokio::spawn(async move {
                while hangup.recv().await.is_some() {
                    reload();
                }
            });
        }
    }
    #[cfg(not(unix))]
    let _ = reload;
}
