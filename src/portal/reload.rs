//! Rules and templates that follow their files.
//!
//! A thread waits for changes, or for somebody who asks. What it loads replaces what is in use only if it has no mistakes; else the last
//! good set stays, which the health page and the log say.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::Duration;

use crate::portal::engine::Engine;
use crate::portal::options::PortalError;
use crate::portal::server::Portal;
use crate::rule::Faultbook;
use crate::rule::reload::WatchedFiles;
use crate::rule::watch::Watch;

/// How long nothing more may be asked before the rules are loaded: a deployment writes many files.
const QUIET: Duration = Duration::from_millis(200);

/// The thread that loads.
pub(crate) struct Reloading {
    asked: Sender<()>,
}

impl Reloading {
    /// Begins to watch the files of a portal, which were looked at before its rules were loaded.
    pub(crate) fn begin(portal: &Arc<Portal>, mut files: WatchedFiles) -> Result<Self, PortalError> {
        let (asked, asking) = mpsc::channel::<()>();
        let mut watch = Watch::new(files.folders())?;
        let changed = asked.clone();
        let weak = Arc::downgrade(portal);
        // while they were loaded
        if files.have_changed() {
            let _ = asked.send(());
        }
        thread::spawn(move || {
            while watch.wait().is_ok() {
                if let Err(error) = watch.follow(files.folders()) {
                    tracing::warn!(%error, "new folders are not watched; a hang-up signal loads their files");
                }
                // the portal's own database may lie beside the rules, and it is written all the time
                if files.have_changed() && changed.send(()).is_err() {
                    return;
                }
            }
        });
        thread::spawn(move || {
            while asking.recv().is_ok() {
                while asking.recv_timeout(QUIET).is_ok() {}
                let Some(portal) = weak.upgrade() else { return };
                // a bug in loading is told by the panic; the files may be changed to something that can be loaded
                if catch_unwind(AssertUnwindSafe(|| load(&portal))).is_err() {
                    tracing::error!("the rules could not be loaded; the last good ones stay in use");
                }
            }
        });
        Ok(Self { asked })
    }

    /// Whoever sends here asks for a load.
    pub(crate) fn sender(&self) -> Sender<()> {
        self.asked.clone()
    }
}

/// Loads the rules, and puts them in use if they are sound.
fn load(portal: &Portal) {
    let faultbook =
        Faultbook::load_with_overlays(&portal.options.rules, &portal.options.templates, &portal.options.overlays);
    if faultbook.has_errors() {
        portal.health.kept(&faultbook);
        portal.metrics.kept();
        for fault in portal.health.loaded().faults() {
            tracing::error!(fault, "the rules have a mistake; the last good ones stay in use");
        }
        return;
    }
    let rules = faultbook.rules().len();
    let engine = match Engine::new(faultbook, portal.redaction_key.clone()) {
        Ok(engine) => engine,
        Err(error) => return tracing::error!(%error, "the articles cannot be indexed; the last good rules stay in use"),
    };
    portal.health.replaced(engine.faultbook());
    portal.metrics.loaded(engine.faultbook());
    tracing::info!(rules, "rules loaded");
    portal.engine.replace(engine);
    portal.history.look();
}
