//! Talks to the mail server, one command after the other: whoever sends has to know from which moment on a mail may have arrived.

use std::time::Duration;

use lettre::Address;
use lettre::address::Envelope;
use lettre::message::Mailbox;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use tokio::time::timeout;
use url::Url;

use crate::portal::options::MailOptions;

/// How long to talk to the server before a mail is handed over, and how long to wait for its word afterwards.
pub const SMTP_TIME: Duration = Duration::from_secs(30);
/// What is said of a server that does not answer in time.
const SLOW: &str = "the server does not answer";

/// Where mails are handed over.
#[derive(Clone)]
pub(crate) struct MailServer {
    host: String,
    port: u16,
    security: Security,
    credentials: Option<Credentials>,
    hello: ClientId,
    /// [`SMTP_TIME`], but for tests.
    patience: Duration,
    /// The sender.
    pub(crate) from: Mailbox,
}

/// How what is said is protected.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Security {
    /// Not at all.
    None,
    /// From the begin.
    Tls,
    /// After a command.
    StartTls,
}

/// What the server does not take.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
pub(crate) struct Refusal {
    pub(crate) reason: String,
    /// What may come of another try.
    pub(crate) kind: RefusalKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RefusalKind {
    /// Another try may do.
    Passing,
    /// The server will say the same again.
    Final,
    /// There was no word from it.
    Silence,
}

impl Refusal {
    fn of(error: &lettre::transport::smtp::Error) -> Self {
        let kind = match (error.is_permanent(), error.is_transient()) {
            (true, _) => RefusalKind::Final,
            (_, true) => RefusalKind::Passing,
            _ => RefusalKind::Silence,
        };
        let source = std::error::Error::source(error).map(|source| format!(": {source}")).unwrap_or_default();
        Self { reason: format!("{error}{source}"), kind }
    }

    fn silence() -> Self {
        Self { reason: SLOW.to_owned(), kind: RefusalKind::Silence }
    }
}

impl MailServer {
    /// Reads the options; the error says what is wrong with them, without a password.
    pub(crate) fn new(options: &MailOptions, public_host: Option<&str>) -> Result<Self, String> {
        const HELP: &str = "the mail server is written like `smtp://host:25` or `smtps://user:password@host`";
        let from: Mailbox = options.from.parse().map_err(|_| "the sender of mails is no address".to_owned())?;
        let url = Url::parse(&options.server).map_err(|_| HELP.to_owned())?;
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(HELP)?.trim_matches(['[', ']']).to_owned();
        let mut wants_tls = false;
        for (name, value) in url.query_pairs() {
            match (&*name, &*value) {
                ("tls", "required") => wants_tls = true,
                _ => return Err("a mail server may have `?tls=required` and nothing else behind it".to_owned()),
            }
        }
        let credentials = match (url.username(), url.password()) {
            ("", _) => None,
            (user, password) => Some(Credentials::new(decoded(user), decoded(password.unwrap_or_default()))),
        };
        let is_local = matches!(host.as_str(), "localhost" | "127.0.0.1" | "::1");
        let security = match url.scheme() {
            "smtps" => Security::Tls,
            // a password is not said aloud in a network
            "smtp" if wants_tls || credentials.is_some() && !is_local => Security::StartTls,
            "smtp" => Security::None,
            _ => return Err(HELP.to_owned()),
        };
        let port = url.port().unwrap_or(match (security, &credentials) {
            (Security::Tls, _) => 465,
            (Security::None, None) => 25,
            _ => 587,
        });
        let is_name = |host: &&str| host.contains(|c: char| c.is_ascii_alphabetic()) && !host.contains(':');
        let hello =
            public_host.filter(is_name).map_or_else(ClientId::default, |host| ClientId::Domain(host.to_owned()));
        Ok(Self { host, port, security, credentials, hello, patience: SMTP_TIME, from })
    }

    /// Connects and logs in.
    pub(crate) async fn connect(&self) -> Result<Conversation, Refusal> {
        let connecting = async {
            let tls = match self.security {
                Security::None => None,
                _ => Some(TlsParameters::new(self.host.clone())?),
            };
            let (first, later) = if self.security == Security::Tls { (tls, None) } else { (None, tls) };
            let server = (self.host.as_str(), self.port);
            let mut connection =
                AsyncSmtpConnection::connect_tokio1(server, Some(self.patience), &self.hello, first, None).await?;
            if let Some(tls) = later {
                connection.starttls(tls, &self.hello).await?;
            }
            if let Some(credentials) = &self.credentials {
                connection.auth(&[Mechanism::Plain, Mechanism::Login], credentials).await?;
            }
            Ok(connection)
        };
        match timeout(self.patience, connecting).await {
            Ok(Ok(connection)) => Ok(Conversation { connection, patience: self.patience }),
            Ok(Err(error)) => Err(Refusal::of(&error)),
            Err(_) => Err(Refusal::silence()),
        }
    }
}

/// A connection over which mails are handed over. After a refusal it is of no use.
pub(crate) struct Conversation {
    connection: AsyncSmtpConnection,
    patience: Duration,
}

impl Conversation {
    /// Announces a mail. Nothing of it is with the server yet, whatever comes of this.
    pub(crate) async fn announce(&mut self, envelope: &Envelope) -> Result<(), Refusal> {
        let announcing = async {
            self.connection.command(Mail::new(envelope.from().cloned(), Vec::new())).await?;
            for to in envelope.to() {
                let to: Address = to.clone();
                self.connection.command(Rcpt::new(to, Vec::new())).await?;
            }
            self.connection.command(Data).await
        };
        answered(timeout(self.patience, announcing).await)
    }

    /// Hands over the mail that was announced. After silence nobody knows whether the server has it.
    pub(crate) async fn hand_over(&mut self, message: &[u8]) -> Result<(), Refusal> {
        answered(timeout(self.patience, self.connection.message(message)).await)
    }

    /// Takes leave, if the server listens.
    pub(crate) async fn end(mut self) {
        let _ = timeout(Duration::from_secs(1), self.connection.quit()).await;
    }
}

type Answered<T> = Result<Result<T, lettre::transport::smtp::Error>, tokio::time::error::Elapsed>;

fn answered<T>(answer: Answered<T>) -> Result<(), Refusal> {
    match answer {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(Refusal::of(&error)),
        Err(_) => Err(Refusal::silence()),
    }
}

/// A part of an address without its percent signs.
fn decoded(part: &str) -> String {
    let literal = part.replace('+', "%2B").replace('&', "%26").replace('=', "%3D");
    url::form_urlencoded::parse(literal.as_bytes()).map(|(name, _)| name.into_owned()).collect()
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::net::TcpListener;

    use super::*;

    fn server(url: &str) -> Result<MailServer, String> {
        MailServer::new(&MailOptions { server: url.to_owned(), from: "Help <kb@example.com>".to_owned() }, None)
    }

    #[test]
    fn the_address_tells_how_to_talk_to_the_server() {
        let read = |url: &str| server(url).map(|server| (server.host, server.port, server.security as u8));
        let (none, tls, start) = (Security::None as u8, Security::Tls as u8, Security::StartTls as u8);
        assert_eq!(read("smtp://mail.example.com"), Ok(("mail.example.com".into(), 25, none)));
        assert_eq!(read("smtp://mail.example.com?tls=required"), Ok(("mail.example.com".into(), 587, start)));
        assert_eq!(read("smtp://u:p@mail.example.com"), Ok(("mail.example.com".into(), 587, start)));
        assert_eq!(read("smtp://u:p@localhost:2525"), Ok(("localhost".into(), 2525, none)));
        assert_eq!(read("smtps://u:p@[::1]"), Ok(("::1".into(), 465, tls)));
        for wrong in ["", "mail", "http://mail", "smtp://", "smtp://mail?tls=no", "smtp://u:secret@mail?x=1"] {
            let error = server(wrong).err().unwrap_or_else(|| panic!("{wrong}"));
            assert!(!error.contains("secret"), "{error}");
        }
        assert_eq!(decoded("a%40b+c&d=e"), "a@b+c&d=e");
    }

    /// What comes of a mail to a server that says these lines, one after each that it is told, and then nothing more.
    fn sent_to(says: &'static [&str]) -> Result<(), (&'static str, Refusal)> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let silent = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut told = BufReader::new(stream.try_clone().unwrap()).lines();
            for line in says {
                stream.write_all(line.as_bytes()).unwrap();
                told.next();
            }
            // until the other side goes
            told.for_each(drop);
        });
        let mut server = server(&format!("smtp://{address}")).unwrap();
        assert_eq!(server.patience, SMTP_TIME);
        server.patience = Duration::from_millis(200);
        let envelope = Envelope::new(None, vec!["ada@example.com".parse().unwrap()]).unwrap();
        let sending = async {
            let mut conversation = server.connect().await.map_err(|refusal| ("connect", refusal))?;
            conversation.announce(&envelope).await.map_err(|refusal| ("announce", refusal))?;
            conversation.hand_over(b"Subject: a\r\n\r\nb\r\n").await.map_err(|refusal| ("hand over", refusal))
        };
        let sent = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(sending);
        silent.join().unwrap();
        sent
    }

    #[test]
    fn nobody_waits_for_ever_for_a_server_that_says_nothing() {
        const SAYS: &[&str] = &["220 hello\r\n", "250 hello\r\n", "250 from\r\n", "250 to\r\n", "354 go on\r\n"];
        for (said, step) in [(0, "connect"), (1, "connect"), (2, "announce"), (4, "announce"), (5, "hand over")] {
            let (at, refusal) = sent_to(&SAYS[..said]).unwrap_err();
            assert_eq!((at, refusal.kind), (step, RefusalKind::Silence), "{said}: {refusal}");
        }
    }
}
