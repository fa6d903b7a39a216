//! What readers say of answers and articles.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::portal::store::{Store, StoreError};

/// What a reader read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum About {
    /// An answer for a case.
    #[default]
    Answer,
    /// The article without a case.
    Article,
}

impl About {
    /// The word in the database.
    fn name(self) -> &'static str {
        match self {
            Self::Answer => "answer",
            Self::Article => "article",
        }
    }
}

/// One reader's word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Feedback {
    /// An id that nobody can guess.
    pub id: String,
    /// The rule.
    pub rule: String,
    /// What was read.
    pub about: About,
    /// Whether it helped.
    pub helped: bool,
    /// What the reader wrote, masked; may be empty.
    pub comment: String,
    /// Milliseconds since 1970.
    pub created: i64,
}

impl Store {
    /// Keeps a reader's word. The same id again changes nothing.
    pub async fn keep_feedback(&self, feedback: &Feedback) -> Result<(), StoreError> {
        let statement = "INSERT INTO feedback (id, rule, about, helped, comment, created) VALUES ($1, $2, $3, $4, $5, $6) \
            ON CONFLICT (id) DO NOTHING";
        sqlx::query(statement)
            .bind(&feedback.id)
            .bind(&feedback.rule)
            .bind(feedback.about.name())
            .bind(i64::from(feedback.helped))
            .bind(&feedback.comment)
            .bind(feedback.created)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// The latest words about a rule, newest first.
    pub async fn feedback_of(&self, rule: &str, most: i64) -> Result<Vec<Feedback>, StoreError> {
        type Row = (String, String, String, i64, String, i64);
        let statement = "SELECT id, rule, about, helped, comment, created FROM feedback WHERE rule = $1 \
            ORDER BY created DESC, id LIMIT $2";
        let rows: Vec<Row> = sqlx::query_as(statement).bind(rule).bind(most).fetch_all(&self.pool).await?;
        let word = |(id, rule, about, helped, comment, created): Row| Feedback {
            id,
            rule,
            about: if about == About::Article.name() { About::Article } else { About::Answer },
            helped: helped != 0,
            comment,
            created,
        };
        Ok(rows.into_iter().map(word).collect())
    }
}
