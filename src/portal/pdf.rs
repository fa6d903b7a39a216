//! PDF of articles and reports.

use crate::portal::problem::Problem;

/// The PDF of a report.
pub(crate) async fn of_report(_name: String, _markdown: String) -> Result<Vec<u8>, Problem> {
    Err(Problem::internal())
}
