//! Windows of time over the records of one group: how many records, how many values, which signatures one of them holds.
//!
//! A *window* is the stretch of records that ends at one of them and reaches back exactly a time span, both ends included.
//! Every stretch that fits into the span lies in such a window, so looking at these is looking at all. A record
//! *completes* the correlation when the window that ends at it is as wanted. All is done in one pass over records in the order
//! of their times; where records come from and what is done with the outcome is for `correlate`.

use crate::rule::correlation::Comparison;
use crate::rule::vocabulary::CorrelationKind;

/// One match of a record, in the order of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    /// In microseconds.
    pub(crate) time: i64,
    /// A number that matches of the same record share; ascending.
    pub(crate) record: usize,
    /// Which of the correlation's members matched.
    pub(crate) member: usize,
    /// Which value was captured, for `value_count`.
    pub(crate) value: usize,
}

/// What is looked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted<'c> {
    pub(crate) kind: CorrelationKind,
    /// The members in order.
    pub(crate) steps: &'c [usize],
    /// In microseconds, inclusive.
    pub(crate) timespan: i64,
    pub(crate) comparison: &'c Comparison,
}

/// The outcome for one group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Judged {
    /// Whether the best window is as wanted.
    pub(crate) holds: bool,
    /// How many records, values or steps it has.
    pub(crate) found: usize,
    /// Its first and last record; `None` without any records.
    pub(crate) window: Option<(usize, usize)>,
    /// The steps, by position, that it lacks.
    pub(crate) missing: Vec<usize>,
    /// The records that complete the correlation, ascending.
    pub(crate) completing: Vec<usize>,
}

impl Judged {
    /// Notes a window; the first of the best ones is kept.
    fn offer(&mut self, found: usize, first: usize, last: usize) {
        if self.window.is_none() || found > self.found {
            (self.found, self.window) = (found, Some((first, last)));
        }
    }
}

/// Judges the records of a group. Cost: linear in them, times the steps for the temporal kinds.
pub(crate) fn judge(wanted: Wanted<'_>, moments: &[Moment]) -> Judged {
    match wanted.kind {
        CorrelationKind::EventCount => counted(wanted, moments, |_, window| window.len()),
        CorrelationKind::ValueCount => {
            let mut seen = Tally::new(moments.iter().map(|moment| moment.value));
            counted(wanted, moments, move |left, window| {
                left.iter().for_each(|moment| seen.leave(moment.value));
                window.last().iter().for_each(|newest| seen.enter(newest.value));
                seen.distinct
            })
        }
        CorrelationKind::Temporal => together(wanted, moments),
        CorrelationKind::TemporalOrdered => in_order(wanted, moments),
    }
}

/// How often each of some numbers is in a window.
struct Tally {
    counts: Vec<usize>,
    distinct: usize,
}

impl Tally {
    fn new(numbers: impl Iterator<Item = usize>) -> Self {
        Tally { counts: vec![0; numbers.max().map_or(0, |most| most + 1)], distinct: 0 }
    }

    fn enter(&mut self, number: usize) {
        self.distinct += usize::from(self.counts[number] == 0);
        self.counts[number] += 1;
    }

    fn leave(&mut self, number: usize) {
        self.counts[number] -= 1;
        self.distinct -= usize::from(self.counts[number] == 0);
    }
}

/// Counts in every window with `count`, which is given the records that left it and those that are in it, of which the last
/// is new.
fn counted(wanted: Wanted<'_>, moments: &[Moment], mut count: impl FnMut(&[Moment], &[Moment]) -> usize) -> Judged {
    let mut judged = Judged::default();
    let mut counts = Vec::with_capacity(moments.len());
    let mut first = 0;
    for (last, moment) in moments.iter().enumerate() {
        let before = first;
        while moment.time - moments[first].time > wanted.timespan {
            first += 1;
        }
        let found = count(&moments[before..first], &moments[first..=last]);
        judged.offer(found, first, last);
        counts.push(found);
    }
    // The fullest window decides: a window that begins to fill would satisfy any upper bound.
    judged.holds = wanted.comparison.allows(judged.found as u64);
    if judged.holds {
        let is_wanted = |at: &usize| wanted.comparison.allows(counts[*at] as u64);
        judged.completing = (0..counts.len()).filter(is_wanted).collect();
    }
    judged
}

/// Whether every member is in one window.
fn together(wanted: Wanted<'_>, moments: &[Moment]) -> Judged {
    let mut judged = Judged::default();
    let members = wanted.steps.len();
    let mut seen = Tally::new(moments.iter().map(|moment| moment.member));
    let mut first = 0;
    for (last, moment) in moments.iter().enumerate() {
        while moment.time - moments[first].time > wanted.timespan {
            seen.leave(moments[first].member);
            first += 1;
        }
        seen.enter(moment.member);
        judged.offer(seen.distinct, first, last);
        if seen.distinct == members {
            judged.completing.push(last);
        }
    }
    judged.holds = !judged.completing.is_empty();
    let best = judged.window.map_or(&[][..], |(first, last)| &moments[first..=last]);
    let has = |step: &usize| best.iter().any(|moment| moment.member == wanted.steps[*step]);
    judged.missing = (0..members).filter(|step| !has(step)).collect();
    judged
}

/// Whether the steps follow one another in one window, each in a later record than the one before.
///
/// For each step the chain of records up to it is kept that began last: of all chains that lead there, it is the one
/// that stays in a window longest.
fn in_order(wanted: Wanted<'_>, moments: &[Moment]) -> Judged {
    let mut judged = Judged::default();
    let steps = wanted.steps;
    let mut begun: Vec<Option<usize>> = vec![None; steps.len()];
    let mut at = 0;
    for record in moments.chunk_by(|one, next| one.record == next.record) {
        let last = at + record.len() - 1;
        // From the last step, so that no record takes two steps.
        for step in (0..steps.len()).rev() {
            if !record.iter().any(|moment| moment.member == steps[step]) {
                continue;
            }
            let first = if step == 0 { Some(at) } else { begun[step - 1] };
            let first = first.filter(|&first| moments[last].time - moments[first].time <= wanted.timespan);
            // a chain that is too old now will not fit later either
            begun[step] = first.or(begun[step]);
            if let Some(first) = first {
                judged.offer(step + 1, first, last);
                if step + 1 == steps.len() {
                    judged.completing.push(last);
                }
            }
        }
        at += record.len();
    }
    judged.holds = !judged.completing.is_empty();
    judged.missing = (judged.found..steps.len()).collect();
    judged
}

#[cfg(test)]
mod tests;
