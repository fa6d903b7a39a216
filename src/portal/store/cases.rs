//! Cases: what is known of an upload. What came from the reader, and what was found in it, is sealed before it comes here.

use serde::Serialize;
use utoipa::ToSchema;

use crate::portal::store::{Store, StoreError};

/// How far a case has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum CaseState {
    /// It is to be diagnosed.
    Waiting,
    /// It is being diagnosed.
    Running,
    /// It was diagnosed.
    Done,
    /// It cannot be diagnosed.
    Failed,
}

impl CaseState {
    /// The word in the database, where nothing is `running`: a server that crashed would leave it so.
    fn stored(self) -> &'static str {
        match self {
            Self::Waiting | Self::Running => "waiting",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }
}

/// A case as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseRow {
    /// SHA-256 of its id.
    pub key: String,
    /// The spool folder with its upload.
    pub folder: String,
    /// How far it has come; never running.
    pub state: CaseState,
    /// Why it failed.
    pub reason: String,
    /// Size of the upload.
    pub bytes: i64,
    /// Milliseconds since 1970.
    pub created: i64,
    /// When it is deleted.
    pub expires: i64,
    /// What was asked, sealed.
    pub asked: String,
    /// What was found, sealed; empty until then, and where it was not asked for.
    pub result: String,
}

impl Store {
    /// Keeps a new case.
    pub async fn keep_case(&self, case: &CaseRow) -> Result<(), StoreError> {
        let statement = "INSERT INTO cases (key, folder, state, reason, bytes, created, expires, asked, result) \
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
        sqlx::query(statement)
            .bind(&case.key)
            .bind(&case.folder)
            .bind(case.state.stored())
            .bind(&case.reason)
            .bind(case.bytes)
            .bind(case.created)
            .bind(case.expires)
            .bind(&case.asked)
            .bind(&case.result)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// A case that has not expired, without its result, which may be large.
    pub async fn case(&self, key: &str, now: i64) -> Result<Option<CaseRow>, StoreError> {
        type Row = (String, String, String, String, i64, i64, i64, String);
        let statement = "SELECT key, folder, state, reason, bytes, created, expires, asked FROM cases \
            WHERE key = $1 AND expires > $2";
        let row: Option<Row> = sqlx::query_as(statement).bind(key).bind(now).fetch_optional(&self.pool).await?;
        Ok(row.map(|(key, folder, state, reason, bytes, created, expires, asked)| CaseRow {
            key,
            folder,
            state: match state.as_str() {
                "done" => CaseState::Done,
                "failed" => CaseState::Failed,
                _ => CaseState::Waiting,
            },
            reason,
            bytes,
            created,
            expires,
            asked,
            result: String::new(),
        }))
    }

    /// What was found in a case, sealed; empty if it is not done.
    pub async fn case_result(&self, key: &str) -> Result<String, StoreError> {
        let result = sqlx::query_scalar("SELECT result FROM cases WHERE key = $1").bind(key).fetch_optional(&self.pool);
        Ok(result.await?.unwrap_or_default())
    }

    /// A case is to be diagnosed again, with other facts.
    pub async fn ask_case_again(&self, key: &str, asked: &str) -> Result<(), StoreError> {
        let statement = "UPDATE cases SET asked = $1, state = 'waiting', reason = '' WHERE key = $2";
        sqlx::query(statement).bind(asked).bind(key).execute(&self.pool).await?;
        Ok(())
    }

    /// A case was diagnosed, or cannot be. One that was deleted meanwhile stays so, and what was found is not the answer to a question that
    /// another server has been asked since.
    pub async fn end_case(
        &self,
        case: &CaseRow,
        state: CaseState,
        reason: &str,
        result: &str,
    ) -> Result<(), StoreError> {
        let statement = "UPDATE cases SET state = $1, reason = $2, result = $3 WHERE key = $4 AND asked = $5";
        let statement = sqlx::query(statement).bind(state.stored()).bind(reason).bind(result);
        statement.bind(&case.key).bind(&case.asked).execute(&self.pool).await?;
        Ok(())
    }

    /// Deletes a case; tells whether it was there.
    pub async fn delete_case(&self, key: &str) -> Result<bool, StoreError> {
        let deleted = sqlx::query("DELETE FROM cases WHERE key = $1").bind(key).execute(&self.pool).await?;
        Ok(deleted.rows_affected() > 0)
    }

    /// Deletes the cases that have expired, and tells how many.
    pub async fn delete_expired_cases(&self, now: i64) -> Result<u64, StoreError> {
        let deleted = sqlx::query("DELETE FROM cases WHERE expires <= $1").bind(now).execute(&self.pool).await?;
        Ok(deleted.rows_affected())
    }

    /// The keys of the cases whose uploads are in a folder.
    pub async fn cases_in(&self, folder: &str) -> Result<Vec<String>, StoreError> {
        Ok(sqlx::query_scalar("SELECT key FROM cases WHERE folder = $1").bind(folder).fetch_all(&self.pool).await?)
    }
}
