//! The mails that the portal writes, from the layouts in `templates/portal/mail/`, and how they become messages (RFC 5322).
//!
//! What is in them comes from rules only, never from a case. `sender` sends them.

use std::time::{Duration, UNIX_EPOCH};

use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::{Address, Message};
use minijinja::value::Serde;
use minijinja::{Value, context};
use serde::Serialize;

use crate::answer::{AnswerFormat, LayoutError, Layouts, TextOptions};
use crate::portal::addresses::PublicAddress;
use crate::portal::content::Changes;
use crate::portal::store::Mail;
use crate::rule::Rule;
use crate::rule::templates::Templates;

/// Characters of a subject.
pub const SUBJECT_LENGTH: usize = 150;
/// Columns that texts are written for; layouts do not break lines themselves.
const TEXT_WIDTH: usize = 80;

/// A mail without its recipient.
#[derive(Clone, Debug)]
pub(crate) struct Letter {
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) html: String,
}

/// What is said of an article.
#[derive(Serialize)]
struct Subject<'a> {
    id: &'a str,
    title: &'a str,
    address: String,
}

/// Writes mails.
pub(crate) struct Letters {
    text: Layouts,
    html: Layouts,
}

impl Letters {
    /// With these layouts.
    pub(crate) fn new(templates: &Templates) -> Self {
        let text = AnswerFormat::Text(TextOptions { width: TEXT_WIDTH, indent: 0, styled: false });
        Self { text: Layouts::new(templates, &text), html: Layouts::new(templates, &AnswerFormat::Html) }
    }

    /// Asks for confirmation.
    pub(crate) fn confirm(
        &self,
        rule: &Rule,
        address: &PublicAddress,
        link: &str,
        hours: u64,
    ) -> Result<Letter, LayoutError> {
        let article = Subject { id: &rule.id, title: &rule.title, address: address.article(&rule.id) };
        let subject = subject(&format!("Confirm your subscription to {}: {}", rule.id, rule.title));
        self.write(subject, "confirm", context! { article => Value::from(Serde(&article)), link, hours })
    }

    /// Tells of a change.
    pub(crate) fn changed(
        &self,
        rule: &Rule,
        address: &PublicAddress,
        changes: &Changes,
        unsubscribe: &str,
    ) -> Result<Letter, LayoutError> {
        let article = Subject { id: &rule.id, title: &rule.title, address: address.article(&rule.id) };
        let subject = subject(&format!("Changed: {}: {}", rule.id, rule.title));
        self.write(
            subject,
            "changed",
            context! { article => Value::from(Serde(&article)), changes => Value::from(Serde(changes)), unsubscribe },
        )
    }

    fn write(&self, subject: String, name: &str, context: Value) -> Result<Letter, LayoutError> {
        let name = format!("portal/mail/{name}");
        Ok(Letter { subject, text: self.text.render(&name, context.clone())?, html: self.html.render(&name, context)? })
    }
}

/// One line for a subject.
fn subject(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    match line.char_indices().nth(SUBJECT_LENGTH) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default().trim_end()),
        None => line,
    }
}

/// Why a mail is no message.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MessageError {
    /// The recipient is no address.
    #[error("the recipient: {0}")]
    Recipient(#[from] lettre::address::AddressError),
    /// The rest.
    #[error(transparent)]
    Message(#[from] lettre::error::Error),
}

/// The message for a mail. Each try gives the same, with the same Message-ID.
pub(crate) fn message(mail: &Mail, from: &Mailbox) -> Result<Message, MessageError> {
    let to: Address = mail.recipient.parse()?;
    let written = UNIX_EPOCH + Duration::from_millis(u64::try_from(mail.created).unwrap_or_default());
    let mut builder = Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, to))
        .subject(mail.subject.as_str())
        .date(written)
        .message_id(Some(format!("<{}@{}>", mail.id, from.email.domain())))
        .raw_header(plain("Auto-Submitted", "auto-generated"));
    if !mail.unsubscribe.is_empty() {
        builder = builder
            .raw_header(plain("List-Unsubscribe", &format!("<{}>", mail.unsubscribe)))
            .raw_header(plain("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"));
    }
    let part = |kind, text: &str| SinglePart::builder().content_type(kind).body(text.to_owned());
    let parts = MultiPart::alternative().boundary(format!("faultbook-{}", mail.id));
    let parts = parts.singlepart(part(ContentType::TEXT_PLAIN, &mail.text));
    Ok(builder.multipart(parts.singlepart(part(ContentType::TEXT_HTML, &mail.html)))?)
}

/// A header of ours in one line: what reads them does not expect these encoded or folded. Anything that is not plain ASCII is left out.
fn plain(name: &'static str, value: &str) -> HeaderValue {
    let value: String = value.chars().filter(|c| c.is_ascii() && !c.is_ascii_control()).collect();
    HeaderValue::dangerous_new_pre_encoded(HeaderName::new_from_ascii_str(name), value.clone(), value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail() -> Mail {
        Mail {
            id: "00ff".to_owned(),
            recipient: "ada@example.org".to_owned(),
            subject: subject("Changed: DISK\r\nBcc: all@example.org: ü"),
            text: "a\r\n.\r\nb\n".to_owned(),
            html: "<p>ü</p>".to_owned(),
            unsubscribe: format!("https://help.example.com/subscriptions/end?token={}\r\nBcc: x@y.z", "0".repeat(32)),
            created: 1_700_000_000_000,
            tries: 1,
        }
    }

    #[test]
    fn a_message_has_the_headers_that_mail_programs_look_for_and_no_others() {
        let from: Mailbox = "Help <kb@example.com>".parse().unwrap();
        let bytes = message(&mail(), &from).unwrap().formatted();
        let text = String::from_utf8(bytes.clone()).unwrap();
        let (head, _) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.contains("\r\nMessage-ID: <00ff@example.com>"), "{head}");
        assert!(head.contains("\r\nList-Unsubscribe: <https://help.example.com/subscriptions/end?token=000"), "{head}");
        assert!(head.contains("\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"), "{head}");
        assert!(head.contains("\r\nDate: Tue, 14 Nov 2023 22:13:20 +0000"), "{head}");
        assert!(!head.contains("\nBcc:"), "{head}");
        assert_eq!(message(&mail(), &from).unwrap().formatted(), bytes);
    }

    #[test]
    fn subjects_are_one_short_line() {
        assert_eq!(subject("a\nb\u{85}c"), "a b c");
        assert_eq!(subject(&"é".repeat(1000)).chars().count(), SUBJECT_LENGTH + 1);
    }
}
