//! What happens to uploads: they are diagnosed one after the other by a few workers, and deleted when their time is over.

use std::fs::File;
use std::io;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use tokio::sync::{Mutex, mpsc};

use crate::diagnose::Known;
use crate::portal::cases::context::context;
use crate::portal::cases::seal::{CaseId, SealedReader};
use crate::portal::cases::{Asked, CaseResult, Job, Live, RESULT_BYTES};
use crate::portal::server::Portal;
use crate::portal::store::{self, CaseState, StoreError};
use crate::report::{self, Batch, Format, ReportOptions};
use crate::rule::{Audience, Rule};
use crate::source::{CaseInput, Limits, Part};

/// How often what has expired is deleted, at most.
const SWEEP_EVERY: Duration = Duration::from_secs(60);
/// Columns of reports.
const WIDTH: usize = 80;

/// Takes jobs for as long as there is a portal.
pub(crate) async fn work(portal: Weak<Portal>, jobs: Arc<Mutex<mpsc::UnboundedReceiver<Job>>>) {
    loop {
        let Some(job) = jobs.lock().await.recv().await else { return };
        let Some(portal) = portal.upgrade() else { return };
        do_job(&portal, job).await;
    }
}

async fn do_job(portal: &Arc<Portal>, job: Job) {
    let Job { id, row, asked, live, _place: place } = job;
    portal.cases.begun.fetch_add(1, Ordering::Relaxed);
    live.state.send_replace(CaseState::Running);
    let diagnosed = tokio::task::spawn_blocking({
        let (portal, live, key) = (Arc::clone(portal), Arc::clone(&live), row.key.clone());
        move || diagnose(&portal, &id, &key, &asked, &live)
    });
    let (state, reason, sealed) = match diagnosed.await {
        Ok(Ok(sealed)) => (CaseState::Done, "", sealed),
        Ok(Err(error)) => {
            tracing::error!(%error, "an upload could not be diagnosed");
            let reason = match error.kind() {
                io::ErrorKind::NotFound => "The upload is not there any more",
                io::ErrorKind::OutOfMemory => "What was found is too much to be kept",
                _ => "The upload could not be read",
            };
            (CaseState::Failed, reason, String::new())
        }
        // a bug, which the log has
        Err(_) => (CaseState::Failed, "The service has a fault", String::new()),
    };
    // what was called off is deleted, or waits for the next server
    if !live.called_off.load(Ordering::Relaxed) {
        if let Err(error) = portal.store.end_case(&row, state, reason, &sealed).await {
            tracing::error!(%error, "what was found could not be kept");
        }
        portal.metrics.case_ended(state);
    }
    drop(place);
    portal.cases.forget(&live, state);
}

/// Diagnoses an upload, and gives what was found, sealed.
fn diagnose(portal: &Portal, id: &CaseId, key: &str, asked: &Asked, live: &Live) -> io::Result<String> {
    let input = || -> io::Result<CaseInput> {
        let file = File::open(portal.cases.spool.path(key))?;
        let length = file.metadata()?.len();
        let text = SealedReader::new(file, length, id, Arc::clone(&live.called_off))?;
        Ok(CaseInput { name: asked.name.clone(), parts: vec![Part::reader(&asked.name, text)] })
    };
    let engine = portal.engine.current();
    let faultbook = engine.faultbook();
    let mut known = Known { facts: asked.facts.clone(), ..Known::default() };
    for (product, version) in &asked.products {
        known.set_product(product, version.clone());
    }
    let started = Instant::now();
    let diagnosis = engine.diagnoser(asked.audience()).diagnose(input()?, &known, &live.progress);
    let rules: Vec<&Rule> = diagnosis.findings.iter().map(|finding| faultbook.rule(finding.rule)).collect();
    portal.metrics.diagnosed(&rules, diagnosis.size.bytes, started.elapsed());
    portal.counts.answered(rules.iter().map(|rule| rule.id.as_str()));
    let limits = Limits::with_settings(faultbook.settings().limits());
    let context = context(&diagnosis, input()?, &limits, faultbook.settings());
    let batch = Batch { diagnoses: vec![diagnosis], notes: Vec::new(), elapsed: None };
    let options = ReportOptions { brief: false, styled: false, width: WIDTH, compact: false };
    let written = |format| -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        report::write(faultbook, &batch, format, &options, &mut out).map_err(io::Error::other)?;
        Ok(out)
    };
    let text = |format| written(format).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let mut report: serde_json::Value = serde_json::from_slice(&written(Format::Json)?)?;
    if asked.audience() != Audience::Internal {
        // an overlay names a file of the site; how many rules there are for others is not told either
        for finding in report["findings"].as_array_mut().into_iter().flatten().filter_map(|one| one.as_object_mut()) {
            finding.remove("overlay");
        }
        report["summary"]["rules"] = engine.diagnoser(asked.audience()).index().rules().count().into();
    }
    let result = CaseResult { report, html: text(Format::Html)?, markdown: text(Format::Markdown)?, context };
    let result = serde_json::to_vec(&result)?;
    match result.len() > RESULT_BYTES {
        true => Err(io::Error::new(io::ErrorKind::OutOfMemory, "the result is too large")),
        false => id.seal(&result),
    }
}

impl super::Cases {
    /// A job is over.
    fn forget(&self, live: &Arc<Live>, state: CaseState) {
        let mut all = self.live.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        all.retain(|_, other| !Arc::ptr_eq(other, live));
        drop(all);
        live.state.send_replace(state);
    }
}

/// Deletes what has expired and what nobody knows, now and again, for as long as there is a portal.
pub(crate) async fn sweep_regularly(portal: Weak<Portal>) {
    loop {
        let Some(portal) = portal.upgrade() else { return };
        if let Err(error) = sweep(&portal).await {
            tracing::error!(%error, "expired uploads could not be deleted");
        }
        let pause = (portal.options.retain / 4).clamp(Duration::from_millis(200), SWEEP_EVERY);
        drop(portal);
        tokio::time::sleep(pause).await;
    }
}

async fn sweep(portal: &Portal) -> Result<(), StoreError> {
    portal.store.delete_expired_cases(store::now()).await?;
    let spool = portal.cases.spool.clone();
    // before the database is asked: a case is known to it before its upload is there
    let uploads = tokio::task::spawn_blocking(move || spool.uploads()).await;
    match uploads {
        Ok(Ok(uploads)) if !uploads.is_empty() => {
            let known = portal.store.cases_in(portal.cases.spool.id()).await?;
            portal.cases.spool.keep_only(uploads, &known);
        }
        Ok(Err(error)) => tracing::error!(%error, "the folder of uploads cannot be read"),
        _ => {}
    }
    Ok(())
}
