//! Who wants to be told of changes of which article.

use crate::portal::store::mails::{self, NewMail, Purpose};
use crate::portal::store::{Store, StoreError};

/// A wish to be told.
#[derive(Clone, Debug)]
pub struct NewSubscription<'a> {
    /// An id that nobody can guess.
    pub id: &'a str,
    /// The address, in lower case.
    pub email: &'a str,
    /// The rule.
    pub rule: &'a str,
    /// The network that asks.
    pub client: &'a str,
    /// The time.
    pub created: i64,
    /// How many subscriptions one client may have pending.
    pub pending_limit: i64,
}

/// A subscription that a token belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// Its id.
    pub id: String,
    /// The rule.
    pub rule: String,
    /// Whether it was confirmed.
    pub is_confirmed: bool,
    /// When it was asked for.
    pub created: i64,
}

/// What became of a wish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subscribing {
    /// A mail waits to be sent.
    Mailed,
    /// There is nothing to do: it is confirmed, or enough mails were sent to the address.
    Nothing,
    /// The client has too many pending.
    TooMany,
}

impl Store {
    /// Keeps a wish, with the mail that asks for confirmation. `compose` writes it for the subscription, which may be there already; it is
    /// asked for the first, second … mail until one of them is not sent yet, or it has no more.
    pub async fn subscribe<E>(
        &self,
        wish: &NewSubscription<'_>,
        mut compose: impl FnMut(&str, u32) -> Result<Option<NewMail>, E>,
    ) -> Result<Subscribing, E>
    where
        E: From<StoreError>,
    {
        let mut transaction = self.pool.begin().await.map_err(StoreError::from)?;
        let statement = "INSERT INTO subscriptions (id, email, rule, state, client, created) VALUES ($1, $2, $3, 'pending', $4, $5) \
            ON CONFLICT (email, rule) DO NOTHING";
        sqlx::query(statement)
            .bind(wish.id)
            .bind(wish.email)
            .bind(wish.rule)
            .bind(wish.client)
            .bind(wish.created)
            .execute(&mut *transaction)
            .await
            .map_err(StoreError::from)?;
        let (id, state): (String, String) =
            sqlx::query_as("SELECT id, state FROM subscriptions WHERE email = $1 AND rule = $2")
                .bind(wish.email)
                .bind(wish.rule)
                .fetch_one(&mut *transaction)
                .await
                .map_err(StoreError::from)?;
        // counted without this one, and before it is said whether it is confirmed, so that the answer does not tell
        let (others,): (i64,) =
            sqlx::query_as("SELECT COUNT(*) FROM subscriptions WHERE state = 'pending' AND client = $1 AND id <> $2")
                .bind(wish.client)
                .bind(&id)
                .fetch_one(&mut *transaction)
                .await
                .map_err(StoreError::from)?;
        if others >= wish.pending_limit {
            return Ok(Subscribing::TooMany);
        }
        if state != "pending" {
            return Ok(Subscribing::Nothing);
        }
        let mut subscribing = Subscribing::Nothing;
        for number in 0.. {
            let Some(mail) = compose(&id, number)? else { break };
            if mails::insert(&mut transaction, &mail).await? {
                subscribing = Subscribing::Mailed;
                break;
            }
        }
        transaction.commit().await.map_err(StoreError::from)?;
        Ok(subscribing)
    }

    /// The subscription that a token belongs to, by its hash.
    pub async fn subscription(&self, hash: &str, purpose: Purpose) -> Result<Option<Subscription>, StoreError> {
        type Row = (String, String, String, i64);
        let statement = "SELECT subscriptions.id, subscriptions.rule, subscriptions.state, subscriptions.created \
            FROM tokens JOIN subscriptions ON subscriptions.id = tokens.subscription \
            WHERE tokens.hash = $1 AND tokens.purpose = $2";
        let row: Option<Row> =
            sqlx::query_as(statement).bind(hash).bind(purpose.name()).fetch_optional(&self.pool).await?;
        let subscription =
            |(id, rule, state, created): Row| Subscription { id, rule, is_confirmed: state == "confirmed", created };
        Ok(row.map(subscription))
    }

    /// Confirms a subscription; whom it was asked by is forgotten.
    pub async fn confirm_subscription(&self, id: &str) -> Result<(), StoreError> {
        let statement = "UPDATE subscriptions SET state = 'confirmed', client = '' WHERE id = $1";
        sqlx::query(statement).bind(id).execute(&self.pool).await?;
        Ok(())
    }

    /// Ends a subscription, with all that belongs to it; its mails that wait are not sent.
    pub async fn end_subscription(&self, id: &str) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await?;
        for statement in [
            "DELETE FROM subscriptions WHERE id = $1",
            "DELETE FROM tokens WHERE subscription = $1",
            "DELETE FROM mails WHERE subscription = $1 AND state IN ('waiting', 'sending')",
        ] {
            sqlx::query(statement).bind(id).execute(&mut *transaction).await?;
        }
        Ok(transaction.commit().await?)
    }

    /// Deletes subscriptions that were not confirmed since before a time, with their mails, and tokens of none.
    pub async fn forget_subscriptions(&self, before: i64) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await?;
        let pending = "DELETE FROM subscriptions WHERE state = 'pending' AND created < $1";
        sqlx::query(pending).bind(before).execute(&mut *transaction).await?;
        let mails = "DELETE FROM mails WHERE about LIKE 'confirm %' AND created < $1 AND state NOT IN ('waiting', 'sending', 'delivering')";
        sqlx::query(mails).bind(before).execute(&mut *transaction).await?;
        let tokens = "DELETE FROM tokens WHERE NOT EXISTS \
            (SELECT 1 FROM subscriptions WHERE subscriptions.id = tokens.subscription)";
        sqlx::query(tokens).execute(&mut *transaction).await?;
        Ok(transaction.commit().await?)
    }
}
