//! What articles were when they were last looked at, and everything that they ever were.

use sqlx::{Any, Transaction};

use crate::portal::store::mails::{self, NewMail};
use crate::portal::store::{Store, StoreError};

/// What is known of an article.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownArticle {
    /// The rule.
    pub rule: String,
    /// The hash of what readers see; empty while there is no such article.
    pub content: String,
    /// When it was there first, in milliseconds since 1970.
    pub created: i64,
    /// When it became what it is.
    pub changed: i64,
}

/// An article as it is now.
#[derive(Clone, Debug)]
pub struct CurrentArticle<'a> {
    /// The rule.
    pub rule: &'a str,
    /// The hash of what readers see.
    pub content: &'a str,
    /// What readers see.
    pub text: &'a str,
    /// The time, if it was never seen before.
    pub created: i64,
    /// The time of the change, if it is one.
    pub changed: i64,
}

/// Somebody to be told of a change.
#[derive(Clone, Debug)]
pub struct Subscriber {
    /// The subscription.
    pub subscription: String,
    /// The address.
    pub email: String,
}

impl Store {
    /// What is known of all articles, by their names.
    pub async fn articles(&self) -> Result<Vec<KnownArticle>, StoreError> {
        type Row = (String, String, i64, i64);
        let rows: Vec<Row> =
            sqlx::query_as("SELECT rule, content, created, changed FROM articles").fetch_all(&self.pool).await?;
        let known = |(rule, content, created, changed)| KnownArticle { rule, content, created, changed };
        let mut articles: Vec<KnownArticle> = rows.into_iter().map(known).collect();
        // not by the database: each has an order of its own
        articles.sort_unstable_by(|a, b| a.rule.cmp(&b.rule));
        Ok(articles)
    }

    /// Records what articles are now. Of one that never was that before and is not new, `compose` writes the mails: it is given its place,
    /// the text before and the subscribers. All of it happens or nothing, and of several servers one does it. Says how many mails there
    /// are now to send. Articles come in the order of their names, so that servers wait for each other and never in a circle.
    pub async fn record_articles<E>(
        &self,
        articles: &[CurrentArticle<'_>],
        mut compose: impl FnMut(usize, &str, Vec<Subscriber>) -> Result<Vec<NewMail>, E>,
    ) -> Result<usize, E>
    where
        E: From<StoreError>,
    {
        let mut transaction = self.pool.begin().await.map_err(StoreError::from)?;
        let mut mails = 0;
        for (at, article) in articles.iter().enumerate() {
            let is_news = is_news(&mut transaction, article).await?;
            let before = put(&mut transaction, article, is_news).await?;
            let Some(before) = before.filter(|_| is_news) else { continue };
            let subscribers = subscribers(&mut transaction, article.rule).await?;
            if !subscribers.is_empty() {
                for mail in compose(at, &before, subscribers)? {
                    mails += usize::from(mails::insert(&mut transaction, &mail).await?);
                }
            }
        }
        transaction.commit().await.map_err(StoreError::from)?;
        Ok(mails)
    }

    /// Records that there are no such articles any more. Nobody is told: files come and go while rules are deployed.
    pub async fn withdraw_articles(&self, rules: &[&str]) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await?;
        for rule in rules {
            let statement = sqlx::query("UPDATE articles SET content = '' WHERE rule = $1").bind(*rule);
            statement.execute(&mut *transaction).await?;
        }
        Ok(transaction.commit().await?)
    }
}

/// Whether the article never was this before. Whoever asks first is told so, everybody else is not.
async fn is_news(transaction: &mut Transaction<'_, Any>, article: &CurrentArticle<'_>) -> Result<bool, StoreError> {
    let statement =
        "INSERT INTO contents (rule, content, changed) VALUES ($1, $2, $3) ON CONFLICT (rule, content) DO NOTHING";
    let statement = sqlx::query(statement).bind(article.rule).bind(article.content).bind(article.changed);
    Ok(statement.execute(&mut **transaction).await?.rows_affected() == 1)
}

/// Puts the article in place of what was known, and gives the text before.
async fn put(
    transaction: &mut Transaction<'_, Any>,
    article: &CurrentArticle<'_>,
    is_news: bool,
) -> Result<Option<String>, StoreError> {
    let before: Option<(String,)> = sqlx::query_as("SELECT text FROM articles WHERE rule = $1")
        .bind(article.rule)
        .fetch_optional(&mut **transaction)
        .await?;
    let changed = match is_news {
        true => article.changed,
        false => {
            let (changed,): (i64,) = sqlx::query_as("SELECT changed FROM contents WHERE rule = $1 AND content = $2")
                .bind(article.rule)
                .bind(article.content)
                .fetch_one(&mut **transaction)
                .await?;
            changed
        }
    };
    let statement = "INSERT INTO articles (rule, content, text, created, changed) VALUES ($1, $2, $3, $4, $5) \
        ON CONFLICT (rule) DO UPDATE SET content = excluded.content, text = excluded.text, changed = excluded.changed";
    sqlx::query(statement)
        .bind(article.rule)
        .bind(article.content)
        .bind(article.text)
        .bind(article.created)
        .bind(changed)
        .execute(&mut **transaction)
        .await?;
    Ok(before.map(|(text,)| text))
}

async fn subscribers(transaction: &mut Transaction<'_, Any>, rule: &str) -> Result<Vec<Subscriber>, StoreError> {
    let rows: Vec<(String, String)> =
        sqlx::query_as("SELECT id, email FROM subscriptions WHERE rule = $1 AND state = 'confirmed' ORDER BY id")
            .bind(rule)
            .fetch_all(&mut **transaction)
            .await?;
    Ok(rows.into_iter().map(|(subscription, email)| Subscriber { subscription, email }).collect())
}
