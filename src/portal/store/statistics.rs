//! How often rules answer and help, and texts that no rule knows.

use std::collections::BTreeMap;

use serde::Serialize;
use sqlx::AnyConnection;
use utoipa::ToSchema;

use crate::portal::store::{Store, StoreError};

/// Milliseconds of a day.
const DAY: i64 = 24 * 60 * 60 * 1000;

/// What is known of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct RuleStatistics {
    /// The rule.
    pub rule: String,
    /// Findings in answers and cases.
    pub answered: i64,
    /// Readers whom it helped.
    pub helped: i64,
    /// Readers whom it did not help.
    pub not_helped: i64,
    /// When it was last found, in milliseconds since 1970; none when only readers spoke.
    pub last_seen: Option<i64>,
}

/// Texts of one kind that no rule knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Unmatched {
    /// What tells the kind.
    pub fingerprint: String,
    /// Their message with `…` for its values, masked.
    pub outline: String,
    /// A regex for them, to begin a rule with.
    pub regex: String,
    /// How many.
    pub count: i64,
    /// When the first came, in milliseconds since 1970.
    pub first_seen: i64,
    /// When the last came.
    pub last_seen: i64,
}

impl Store {
    /// Adds findings of rules (how many, and when the last was) and texts that no rule knows, all or nothing: one by one each would wait
    /// for the disk. Servers that share a database write in the same order, so that none waits for another that waits for it.
    pub async fn add_statistics(
        &self,
        answered: &BTreeMap<String, (i64, i64)>,
        unmatched: &BTreeMap<String, Unmatched>,
    ) -> Result<(), StoreError> {
        if answered.is_empty() && unmatched.is_empty() {
            return Ok(());
        }
        let mut transaction = self.pool.begin().await?;
        for (rule, &(count, last_seen)) in answered {
            Self::add_answered(&mut transaction, rule, count, last_seen).await?;
        }
        for texts in unmatched.values() {
            Self::add_unmatched(&mut transaction, texts).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    async fn add_answered(
        connection: &mut AnyConnection,
        rule: &str,
        count: i64,
        last_seen: i64,
    ) -> Result<(), StoreError> {
        let statement = "INSERT INTO answered (rule, day, answered, last_seen) VALUES ($1, $2, $3, $4) \
            ON CONFLICT (rule, day) DO UPDATE SET answered = answered.answered + excluded.answered, \
            last_seen = CASE WHEN excluded.last_seen > answered.last_seen THEN excluded.last_seen ELSE answered.last_seen END";
        let statement = sqlx::query(statement).bind(rule).bind(last_seen / DAY).bind(count).bind(last_seen);
        statement.execute(connection).await?;
        Ok(())
    }

    async fn add_unmatched(connection: &mut AnyConnection, texts: &Unmatched) -> Result<(), StoreError> {
        let statement = "INSERT INTO unmatched (fingerprint, outline, regex, count, first_seen, last_seen) VALUES ($1, $2, $3, $4, $5, $6) \
            ON CONFLICT (fingerprint) DO UPDATE SET count = unmatched.count + excluded.count, last_seen = excluded.last_seen";
        sqlx::query(statement)
            .bind(&texts.fingerprint)
            .bind(&texts.outline)
            .bind(&texts.regex)
            .bind(texts.count)
            .bind(texts.first_seen)
            .bind(texts.last_seen)
            .execute(connection)
            .await?;
        Ok(())
    }

    /// What is known of every rule that answered, or that readers spoke of, since a time; the most frequent first.
    pub async fn statistics(&self, since: i64) -> Result<Vec<RuleStatistics>, StoreError> {
        // sums are NUMERIC in PostgreSQL, unless they are told otherwise
        let answered: Vec<(String, i64, i64)> = sqlx::query_as(
            "SELECT rule, CAST(SUM(answered) AS BIGINT), MAX(last_seen) FROM answered WHERE day >= $1 GROUP BY rule",
        )
        .bind(since / DAY)
        .fetch_all(&self.pool)
        .await?;
        let spoken: Vec<(String, i64, i64)> = sqlx::query_as(
            "SELECT rule, CAST(SUM(helped) AS BIGINT), COUNT(*) FROM feedback WHERE created >= $1 GROUP BY rule",
        )
        .bind(since)
        .fetch_all(&self.pool)
        .await?;
        let mut all: BTreeMap<String, RuleStatistics> = BTreeMap::new();
        let none = |rule: &str| RuleStatistics {
            rule: rule.to_owned(),
            answered: 0,
            helped: 0,
            not_helped: 0,
            last_seen: None,
        };
        for (rule, answered, last_seen) in answered {
            let own = all.entry(rule.clone()).or_insert_with(|| none(&rule));
            (own.answered, own.last_seen) = (answered, Some(last_seen));
        }
        for (rule, helped, count) in spoken {
            let own = all.entry(rule.clone()).or_insert_with(|| none(&rule));
            (own.helped, own.not_helped) = (helped, count - helped);
        }
        let mut all: Vec<RuleStatistics> = all.into_values().collect();
        all.sort_by_key(|statistics| std::cmp::Reverse(statistics.answered));
        Ok(all)
    }

    /// Deletes kinds of texts that were seen last before a time, and counts of days before it.
    pub async fn forget_statistics(&self, before: i64) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM unmatched WHERE last_seen < $1").bind(before).execute(&self.pool).await?;
        sqlx::query("DELETE FROM answered WHERE day < $1").bind(before / DAY).execute(&self.pool).await?;
        Ok(())
    }

    /// The kinds of texts that no rule knows, the most frequent first.
    pub async fn unmatched(&self, most: i64) -> Result<Vec<Unmatched>, StoreError> {
        type Row = (String, String, String, i64, i64, i64);
        let statement = "SELECT fingerprint, outline, regex, count, first_seen, last_seen FROM unmatched \
            ORDER BY count DESC, fingerprint LIMIT $1";
        let rows: Vec<Row> = sqlx::query_as(statement).bind(most).fetch_all(&self.pool).await?;
        let kind = |(fingerprint, outline, regex, count, first_seen, last_seen): Row| Unmatched {
            fingerprint,
            outline,
            regex,
            count,
            first_seen,
            last_seen,
        };
        Ok(rows.into_iter().map(kind).collect())
    }
}
