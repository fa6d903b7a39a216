//! `triage --profile`: where the time went, on standard error.
//!
//! The figures are collected by [`Profile`]; here they are drawn. They come after the report, so that the report is the same with
//! and without them.

use std::time::Duration;

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

use crate::answer::escape;
use crate::cli::console::Console;
use crate::cli::diagnostics::number;
use crate::scan::index::LookedFor;
use crate::scan::profile::{Profile, SignatureCost, Stage};
use crate::scan::{Index, SignatureId};
use crate::source::Progress;

/// Signatures that are listed.
const LISTED: usize = 50;
/// Characters of a needle that are shown.
const NEEDLE_WIDTH: usize = 40;
/// Needles of a signature that are shown.
const NEEDLES_LISTED: usize = 3;

/// What to tell of a run.
pub struct Costs<'c> {
    pub index: &'c Index<'c>,
    pub profile: &'c Profile,
    pub progress: &'c Progress,
    /// How long the report took to write.
    pub render: Duration,
}

impl Costs<'_> {
    /// Tells what each signature cost, the dearest first, and what each stage took.
    pub fn tell(&self, console: &Console) {
        let mut costs: Vec<(SignatureId, SignatureCost)> =
            self.index.signatures().map(|id| (id, self.profile.signature(id))).collect();
        costs.retain(|(_, cost)| cost.candidates > 0);
        let name = |id: SignatureId| {
            let (rule, signature) = self.index.signature(id);
            (&rule.id, &signature.name)
        };
        costs.sort_by(|(one, cost), (other, other_cost)| {
            other_cost.time.cmp(&cost.time).then_with(|| name(*one).cmp(&name(*other)))
        });
        let mut table = table(["RULE", "SIGNATURE", "CANDIDATES", "CONFIRMED", "MATCHES", "TIME", "FILTER", "NEEDLES"]);
        for (id, cost) in costs.iter().take(LISTED) {
            let (rule, signature) = name(*id);
            let (filter, needles) = shown(&self.index.looked_for(*id));
            table.add_row([
                escape::terminal(rule).into_owned(),
                escape::terminal(signature).into_owned(),
                cost.candidates.to_string(),
                cost.confirmations.to_string(),
                cost.matches.to_string(),
                milliseconds(cost.time),
                filter,
                needles,
            ]);
        }
        for column in 2..=5 {
            align_right(&mut table, column);
        }
        console.say("");
        say(console, &table);
        let more = costs.len().saturating_sub(LISTED);
        match costs.len() {
            0 => console.say("no signature had a candidate"),
            _ if more > 0 => console.say(format_args!("and {} more", number(more, "signature"))),
            _ => {}
        }
        console.say("");
        say(console, &self.stages());
    }

    fn stages(&self) -> Table {
        let read = self.progress.read_time().unwrap_or_default();
        let stages = [
            ("read", read, "waiting for files"),
            (
                "inflate",
                self.profile.stage(Stage::Unpack).saturating_sub(read),
                "decompressing, decoding, cutting into records",
            ),
            ("scan", self.profile.stage(Stage::Scan), "the filters over all text"),
            ("confirm", self.profile.stage(Stage::Confirm), "records around what they found"),
            ("render", self.render, "writing the report"),
        ];
        let mut table = table(["STAGE", "TIME", "WHAT"]);
        for (stage, time, what) in stages {
            table.add_row([stage.to_owned(), milliseconds(time), what.to_owned()]);
        }
        align_right(&mut table, 1);
        table
    }
}

/// The filter and the needles of a signature.
fn shown(looked_for: &LookedFor) -> (String, String) {
    match looked_for {
        LookedFor::EveryRecord => ("every record".to_owned(), String::new()),
        LookedFor::WholeFile => ("whole file".to_owned(), String::new()),
        LookedFor::Needles(needles) => {
            let mut filters: Vec<&str> = needles.iter().map(|(_, tier)| tier.name()).collect();
            filters.sort_unstable();
            filters.dedup();
            let mut listed: Vec<String> =
                needles.iter().take(NEEDLES_LISTED).map(|(needle, _)| shortened(&format!("{needle:?}"))).collect();
            if needles.len() > NEEDLES_LISTED {
                listed.push(format!("and {} more", needles.len() - NEEDLES_LISTED));
            }
            (filters.join(", "), listed.join(", "))
        }
    }
}

fn shortened(needle: &str) -> String {
    match needle.char_indices().nth(NEEDLE_WIDTH) {
        Some((end, _)) => format!("{}…\"", &needle[..end]),
        None => needle.to_owned(),
    }
}

fn milliseconds(time: Duration) -> String {
    format!("{:.3} ms", time.as_secs_f64() * 1e3)
}

fn table<const N: usize>(header: [&str; N]) -> Table {
    let mut table = Table::new();
    // lines may be longer than the terminal is wide: figures in pieces cannot be compared
    table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled).set_header(header);
    if let Some(first) = table.column_mut(0) {
        first.set_padding((0, 1));
    }
    table
}

fn align_right(table: &mut Table, column: usize) {
    if let Some(column) = table.column_mut(column) {
        column.set_cell_alignment(CellAlignment::Right);
    }
}

fn say(console: &Console, table: &Table) {
    for line in table.lines() {
        console.say(line.trim_end());
    }
}
