//! Windows against a reference that tries every stretch and every chain of records.

use proptest::prelude::*;

use super::*;
use crate::rule::vocabulary::Comparator::{self, Eq, Gt, Gte, Lt, Lte, Neq};

/// Matches of records that are told as (time, member, value), each of a record of its own.
fn moments(told: &[(i64, usize, usize)]) -> Vec<Moment> {
    let moment =
        |(record, &(time, member, value)): (usize, &(i64, usize, usize))| Moment { time, record, member, value };
    told.iter().enumerate().map(moment).collect()
}

fn judged(
    kind: CorrelationKind,
    timespan: i64,
    comparison: &[(Comparator, u64)],
    told: &[(i64, usize, usize)],
) -> Judged {
    let comparison = Comparison(comparison.to_vec());
    let steps: Vec<usize> = (0..=told.iter().map(|moment| moment.1).max().unwrap_or(0)).collect();
    judge(Wanted { kind, steps: &steps, timespan, comparison: &comparison }, &moments(told))
}

/// What is true of the moments by trying everything: holds, found, and the completing moments.
fn tried(wanted: Wanted<'_>, moments: &[Moment]) -> (bool, usize, Vec<usize>) {
    let fits = |first: usize, last: usize| moments[last].time - moments[first].time <= wanted.timespan;
    let distinct = |numbers: Vec<usize>| numbers.into_iter().collect::<std::collections::BTreeSet<_>>().len();
    let measure = |window: &[Moment]| match wanted.kind {
        CorrelationKind::EventCount => window.len(),
        CorrelationKind::ValueCount => distinct(window.iter().map(|moment| moment.value).collect()),
        _ => distinct(window.iter().map(|moment| moment.member).collect()),
    };
    let ends = 0..moments.len();
    if wanted.kind == CorrelationKind::TemporalOrdered {
        let chains = chains(wanted.steps, moments, wanted.timespan);
        let longest = chains.iter().map(Vec::len).max().unwrap_or(0);
        let complete = chains.iter().filter(|chain| chain.len() == wanted.steps.len());
        let records: Vec<usize> = complete.filter_map(|chain| chain.last()).map(|&at| moments[at].record).collect();
        let is_last = |at: &usize| moments.get(at + 1).is_none_or(|next| next.record != moments[*at].record);
        let completing: Vec<usize> = ends.filter(is_last).filter(|at| records.contains(&moments[*at].record)).collect();
        return (!completing.is_empty(), longest, completing);
    }
    let stretches = ends.clone().flat_map(|last| (0..=last).map(move |first| (first, last)));
    let most =
        stretches.filter(|&(first, last)| fits(first, last)).map(|(first, last)| measure(&moments[first..=last]));
    let found = most.max().unwrap_or(0);
    let ending = |last: usize| {
        let window: Vec<Moment> = (0..=last).filter(|&first| fits(first, last)).map(|at| moments[at]).collect();
        measure(&window)
    };
    if wanted.kind == CorrelationKind::Temporal {
        let holds = found == wanted.steps.len();
        return (holds, found, ends.filter(|&at| ending(at) == wanted.steps.len()).collect());
    }
    let holds = wanted.comparison.allows(found as u64);
    let completing = ends.filter(|&at| holds && wanted.comparison.allows(ending(at) as u64)).collect();
    (holds, found, completing)
}

/// Every chain of moments that goes the first steps, or all, within the time span.
fn chains(steps: &[usize], moments: &[Moment], timespan: i64) -> Vec<Vec<usize>> {
    let mut all: Vec<Vec<usize>> = Vec::new();
    let mut open: Vec<Vec<usize>> = vec![Vec::new()];
    while let Some(chain) = open.pop() {
        let Some(&wanted) = steps.get(chain.len()) else { continue };
        for at in 0..moments.len() {
            let follows = chain.last().is_none_or(|&last| moments[at].record > moments[last].record);
            let fits = chain.first().is_none_or(|&first| moments[at].time - moments[first].time <= timespan);
            if moments[at].member == wanted && follows && fits {
                let longer: Vec<usize> = chain.iter().copied().chain([at]).collect();
                all.push(longer.clone());
                open.push(longer);
            }
        }
    }
    all
}

fn told() -> impl Strategy<Value = Vec<Moment>> {
    // steps between times, so that equal times, edges and gaps all occur; `true` for another match of the same record
    prop::collection::vec((0..4i64, any::<bool>(), 0..3usize, 0..4usize), 0..14).prop_map(|told| {
        let (mut time, mut record) = (0, 0);
        let mut moments: Vec<Moment> = Vec::new();
        for (step, is_same, member, value) in told {
            let is_same = is_same && step == 0 && !moments.is_empty();
            if !is_same {
                time += step;
                record += 1;
            }
            moments.push(Moment { time, record, member, value });
        }
        moments
    })
}

fn comparison() -> impl Strategy<Value = Comparison> {
    let one = (prop::sample::select(vec![Gt, Gte, Lt, Lte, Eq, Neq]), 0..6u64);
    prop::collection::vec(one, 1..3).prop_map(Comparison)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn windows_are_what_trying_every_stretch_and_chain_finds(
        moments in told(),
        comparison in comparison(),
        timespan in 0..8i64,
        kind in prop::sample::select(vec![
            CorrelationKind::EventCount,
            CorrelationKind::ValueCount,
            CorrelationKind::Temporal,
            CorrelationKind::TemporalOrdered,
        ]),
        again in any::<bool>(),
    ) {
        let ordered = kind == CorrelationKind::TemporalOrdered;
        let steps: &[usize] = if ordered && again { &[0, 1, 0] } else { &[0, 1, 2] };
        let wanted = Wanted { kind, steps, timespan, comparison: &comparison };
        let judged = judge(wanted, &moments);
        let (holds, found, completing) = tried(wanted, &moments);
        prop_assert_eq!((judged.holds, judged.found, judged.completing), (holds, found, completing));
        if let Some((first, last)) = judged.window {
            prop_assert!(moments[last].time - moments[first].time <= timespan);
        }
        let temporal = matches!(kind, CorrelationKind::Temporal | CorrelationKind::TemporalOrdered);
        if temporal {
            prop_assert_eq!(judged.missing.len(), steps.len() - found);
        }
    }
}

#[test]
fn a_record_exactly_a_time_span_away_counts_and_one_just_outside_does_not() {
    let three = |last| judged(CorrelationKind::EventCount, 300, &[(Gte, 3)], &[(0, 0, 0), (10, 0, 0), (last, 0, 0)]);
    assert!(three(300).holds);
    assert_eq!((three(301).holds, three(301).found, three(301).window), (false, 2, Some((0, 1))));
    let both = |last| judged(CorrelationKind::Temporal, 300, &[], &[(0, 1, 0), (last, 0, 0)]);
    assert_eq!((both(300).holds, both(301).holds), (true, false));
    let ordered = |last| judged(CorrelationKind::TemporalOrdered, 300, &[], &[(0, 0, 0), (last, 1, 0)]);
    assert_eq!((ordered(300).holds, ordered(301).holds), (true, false));
    let values = |last| judged(CorrelationKind::ValueCount, 300, &[(Gte, 2)], &[(0, 0, 0), (last, 0, 1)]);
    assert_eq!((values(300).holds, values(301).holds), (true, false));
}

#[test]
fn a_sequence_is_found_when_its_first_candidate_is_too_old() {
    let told = [(0, 0, 0), (90, 0, 0), (100, 1, 0)];
    let judged = judged(CorrelationKind::TemporalOrdered, 10, &[], &told);
    assert_eq!((judged.holds, judged.window), (true, Some((1, 2))));
}

#[test]
fn a_sequence_is_found_whose_middle_repeats() {
    // the second 1 belongs to the second 0; the first two are too old for the 2
    let told = [(0, 0, 0), (1, 1, 0), (50, 0, 0), (51, 1, 0), (60, 2, 0)];
    let judged = judged(CorrelationKind::TemporalOrdered, 10, &[], &told);
    assert_eq!((judged.holds, judged.window), (true, Some((2, 4))));
}

#[test]
fn every_edge_of_a_sequence_counts() {
    let told = [(0, 0, 0), (1, 2, 0), (2, 1, 0)];
    let judged = judged(CorrelationKind::TemporalOrdered, 10, &[], &told);
    assert_eq!((judged.holds, judged.found, judged.missing), (false, 2, vec![2]));
}

#[test]
fn a_record_that_matches_two_signatures_is_not_before_itself() {
    let both = [Moment { time: 0, record: 0, member: 0, value: 0 }, Moment { time: 0, record: 0, member: 1, value: 0 }];
    let comparison = Comparison::default();
    let wanted = |kind| Wanted { kind, steps: &[0, 1], timespan: 10, comparison: &comparison };
    assert!(!judge(wanted(CorrelationKind::TemporalOrdered), &both).holds);
    assert!(judge(wanted(CorrelationKind::Temporal), &both).holds);
}

#[test]
fn an_upper_bound_is_about_the_fullest_window() {
    let burst: Vec<(i64, usize, usize)> = (0..30).map(|time| (time, 0, 0)).collect();
    let range = |least, most| judged(CorrelationKind::EventCount, 100, &[(Gt, least), (Lte, most)], &burst).holds;
    assert!(!range(5, 20), "thirty records are not between six and twenty, though some of them are");
    assert!(range(5, 30) && range(29, 30));
}

#[test]
fn no_records_are_zero() {
    assert!(judged(CorrelationKind::EventCount, 10, &[(Lt, 1)], &[]).holds);
    assert!(!judged(CorrelationKind::EventCount, 10, &[(Gte, 1)], &[]).holds);
}

#[test]
fn a_hundred_thousand_records_are_judged_at_once() {
    let told: Vec<(i64, usize, usize)> = (0..100_000).map(|at| (at, at as usize % 3, at as usize)).collect();
    for kind in [CorrelationKind::EventCount, CorrelationKind::ValueCount] {
        assert_eq!(judged(kind, 1_000_000, &[(Gte, 1)], &told).found, 100_000);
    }
    assert_eq!(judged(CorrelationKind::TemporalOrdered, 1_000_000, &[], &told).completing.len(), 33_333);
}
