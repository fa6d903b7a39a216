//! Shows a person at a terminal how far reading has come, when it takes long enough to wonder.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use indicatif::{BinaryBytes, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::answer::escape;
use crate::cli::console::Console;
use crate::cli::diagnostics::number;
use crate::source::Progress;

/// Work that ends sooner shows nothing: a line that flashes up and vanishes is worse than none.
const PATIENCE: Duration = Duration::from_millis(500);
/// Between two looks at the progress: smooth to the eye, nothing to the processor.
const TICK: Duration = Duration::from_millis(100);

/// Does `work` and, if standard error is a terminal, shows meanwhile what it adds to `progress`.
pub fn shown<T>(console: &Console, progress: &Progress, work: impl FnOnce() -> T) -> T {
    if !console.talk_is_terminal() {
        return work();
    }
    thread::scope(|scope| {
        // Dropped when the work ends, also by a panic; that is the signal to stop.
        let (_working, ended) = mpsc::channel::<()>();
        scope.spawn(move || watch(progress, &ended));
        work()
    })
}

fn watch(progress: &Progress, ended: &Receiver<()>) {
    let began = Instant::now();
    if ended.recv_timeout(PATIENCE) != Err(RecvTimeoutError::Timeout) {
        return;
    }
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("{spinner} {prefix}  {wide_msg}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
    loop {
        bar.set_prefix(totals(progress, began.elapsed()));
        bar.set_message(escape::terminal(&progress.current()).into_owned());
        bar.tick();
        if ended.recv_timeout(TICK) != Err(RecvTimeoutError::Timeout) {
            break;
        }
    }
    bar.finish_and_clear();
}

/// How much was read so far, and how fast: `1.20 GiB in 340 files, 96.00 MiB/s`.
fn totals(progress: &Progress, elapsed: Duration) -> String {
    let (bytes, files) = (progress.bytes(), usize::try_from(progress.files()).unwrap_or(usize::MAX));
    let rate = bytes as f64 / elapsed.as_secs_f64().max(0.001);
    format!("{} in {}, {}/s", BinaryBytes(bytes), number(files, "file"), BinaryBytes(rate as u64))
}
