//! Mails that wait to be sent, and which were.
//!
//! What a mail is for stands in `about`, which is unique. Its state moves on by statements that name the state before, so that of several
//! servers one sends it: `waiting`, `sending` (the server is being talked to), `delivering` (the mail itself is on its way; from here on nobody
//! can know whether it arrived unless the answer comes), then `sent`, `failed` or, without an answer, `unsure`.

use sqlx::{Any, Transaction};

use crate::portal::store::{Store, StoreError};

/// A mail to be sent.
#[derive(Clone, Debug)]
pub struct NewMail {
    /// An id that nobody can guess; the mail's Message-ID is made of it.
    pub id: String,
    /// What it is for.
    pub about: String,
    /// The subscription.
    pub subscription: String,
    /// The hash of the token in its link, and what that token may do.
    pub token: (String, Purpose),
    /// The address.
    pub recipient: String,
    /// The subject.
    pub subject: String,
    /// The plain text.
    pub text: String,
    /// The same in HTML.
    pub html: String,
    /// The address that ends the subscription, or empty.
    pub unsubscribe: String,
    /// When it was written, in milliseconds since 1970.
    pub created: i64,
}

/// What a token may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Confirm a subscription.
    Confirm,
    /// End it.
    End,
}

impl Purpose {
    /// The word in the database.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Confirm => "confirm",
            Self::End => "end",
        }
    }
}

/// A mail that somebody is sending.
#[derive(Clone, Debug)]
pub struct Mail {
    /// Its id.
    pub id: String,
    /// The address.
    pub recipient: String,
    /// The subject.
    pub subject: String,
    /// The plain text.
    pub text: String,
    /// The same in HTML.
    pub html: String,
    /// The address that ends the subscription, or empty.
    pub unsubscribe: String,
    /// When it was written.
    pub created: i64,
    /// Which try this is, from 1.
    pub tries: i64,
}

/// What became of a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// The server has it.
    Sent,
    /// It is not to be tried again.
    Failed,
    /// Nobody knows whether the server has it, and so it is not sent again.
    Unsure,
}

impl Settled {
    /// The word in the database and in the metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Unsure => "unsure",
        }
    }
}

/// Adds a mail and its token, unless there is one about the same.
pub(super) async fn insert(transaction: &mut Transaction<'_, Any>, mail: &NewMail) -> Result<bool, StoreError> {
    let statement = "INSERT INTO mails (id, about, subscription, recipient, subject, text, html, unsubscribe, state, tries, created, due) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'waiting', 0, $9, $10) ON CONFLICT (about) DO NOTHING";
    let inserted = sqlx::query(statement)
        .bind(&mail.id)
        .bind(&mail.about)
        .bind(&mail.subscription)
        .bind(&mail.recipient)
        .bind(&mail.subject)
        .bind(&mail.text)
        .bind(&mail.html)
        .bind(&mail.unsubscribe)
        .bind(mail.created)
        .bind(mail.created)
        .execute(&mut **transaction)
        .await?;
    if inserted.rows_affected() == 0 {
        return Ok(false);
    }
    let (hash, purpose) = &mail.token;
    sqlx::query("INSERT INTO tokens (hash, subscription, purpose) VALUES ($1, $2, $3)")
        .bind(hash)
        .bind(&mail.subscription)
        .bind(purpose.name())
        .execute(&mut **transaction)
        .await?;
    Ok(true)
}

impl Store {
    /// The ids of mails to be sent, the oldest first.
    pub async fn mails_due(&self, now: i64, most: i64) -> Result<Vec<String>, StoreError> {
        let statement = "SELECT id FROM mails WHERE state = 'waiting' AND due <= $1 ORDER BY due, id LIMIT $2";
        let rows: Vec<(String,)> = sqlx::query_as(statement).bind(now).bind(most).fetch_all(&self.pool).await?;
        Ok(rows.into_iter().map(|(id,)| id).collect())
    }

    /// Takes a mail to send it, until `until`; none if somebody else has it.
    pub async fn claim_mail(&self, id: &str, until: i64) -> Result<Option<Mail>, StoreError> {
        let claimed = sqlx::query(
            "UPDATE mails SET state = 'sending', tries = tries + 1, due = $1 WHERE id = $2 AND state = 'waiting'",
        )
        .bind(until)
        .bind(id)
        .execute(&self.pool)
        .await?;
        if claimed.rows_affected() == 0 {
            return Ok(None);
        }
        type Row = (String, String, String, String, String, String, i64, i64);
        let statement =
            "SELECT id, recipient, subject, text, html, unsubscribe, created, tries FROM mails WHERE id = $1";
        let row: Option<Row> = sqlx::query_as(statement).bind(id).fetch_optional(&self.pool).await?;
        let mail = |(id, recipient, subject, text, html, unsubscribe, created, tries): Row| Mail {
            id,
            recipient,
            subject,
            text,
            html,
            unsubscribe,
            created,
            tries,
        };
        Ok(row.map(mail))
    }

    /// Records that a mail is on its way. If it is not: whoever claimed it took too long, and somebody else may be sending it.
    pub async fn deliver_mail(&self, mail: &Mail) -> Result<bool, StoreError> {
        let statement = "UPDATE mails SET state = 'delivering' WHERE id = $1 AND state = 'sending' AND tries = $2";
        let moved = sqlx::query(statement).bind(&mail.id).bind(mail.tries).execute(&self.pool).await?;
        Ok(moved.rows_affected() == 1)
    }

    /// Records what became of a mail; its text is not kept.
    pub async fn settle_mail(&self, mail: &Mail, outcome: Settled) -> Result<(), StoreError> {
        let statement = "UPDATE mails SET state = $1, text = '', html = '', unsubscribe = '' \
            WHERE id = $2 AND tries = $3 AND state IN ('sending', 'delivering')";
        let statement = sqlx::query(statement).bind(outcome.name()).bind(&mail.id).bind(mail.tries);
        statement.execute(&self.pool).await?;
        Ok(())
    }

    /// Puts a mail back that the server certainly does not have.
    pub async fn postpone_mail(&self, mail: &Mail, due: i64) -> Result<(), StoreError> {
        let statement = "UPDATE mails SET state = 'waiting', due = $1 WHERE id = $2 AND tries = $3 AND state IN ('sending', 'delivering')";
        sqlx::query(statement).bind(due).bind(&mail.id).bind(mail.tries).execute(&self.pool).await?;
        Ok(())
    }

    /// Looks after mails whose sender is gone: those that were not on their way are sent again, the others are not. Says how many of each.
    pub async fn recover_mails(&self, now: i64) -> Result<(u64, u64), StoreError> {
        let again = sqlx::query("UPDATE mails SET state = 'waiting' WHERE state = 'sending' AND due < $1");
        let again = again.bind(now).execute(&self.pool).await?.rows_affected();
        let unsure = "UPDATE mails SET state = 'unsure', text = '', html = '', unsubscribe = '' \
            WHERE state = 'delivering' AND due < $1";
        let unsure = sqlx::query(unsure).bind(now).execute(&self.pool).await?.rows_affected();
        Ok((again, unsure))
    }

    /// Gives up mails that wait since before a time; says how many.
    pub async fn give_up_mails(&self, before: i64) -> Result<u64, StoreError> {
        let statement = "UPDATE mails SET state = 'failed', text = '', html = '', unsubscribe = '' \
            WHERE state = 'waiting' AND created < $1";
        Ok(sqlx::query(statement).bind(before).execute(&self.pool).await?.rows_affected())
    }

    /// Deletes what is left of mails from before a time.
    pub async fn forget_mails(&self, before: i64) -> Result<(), StoreError> {
        let statement = "DELETE FROM mails WHERE created < $1 AND state IN ('sent', 'failed', 'unsure')";
        sqlx::query(statement).bind(before).execute(&self.pool).await?;
        Ok(())
    }
}
