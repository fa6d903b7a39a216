//! When articles changed, and who is told.
//!
//! At the start and after each load of the rules the articles are compared with what the database knows. What an article never was before is
//! news: the mails to its subscribers are written in the very transaction that records it, by whichever server comes first. What it was
//! once is none, so that servers with older and newer rules beside each other do not tell the same again and again. `sender` sends
//! the mails.

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::Notify;

use crate::answer::LayoutError;
use crate::portal::addresses::PublicAddress;
use crate::portal::catalogue::Filter;
use crate::portal::content::{Changes, Content};
use crate::portal::engine::Engine;
use crate::portal::letters::Letters;
use crate::portal::server::Portal;
use crate::portal::store::{self, CurrentArticle, KnownArticle, NewMail, Purpose, StoreError, Subscriber};
use crate::portal::subscriptions::new_token;
use crate::rule::{Audience, Rule, RuleId};

/// How long to wait before the database is asked again when it refused.
const AGAIN: Duration = Duration::from_secs(5);
/// Articles that are recorded in one transaction: each costs a wait for the disk.
const RECORDED_AT_ONCE: usize = 200;
/// A pause between two of them, so that others who write to SQLite get their turn.
const BREATH: Duration = Duration::from_millis(20);

/// When an article was there first and when it became what it is, in milliseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Dates {
    pub(crate) created: i64,
    pub(crate) changed: i64,
}

/// The dates of the articles, and who asks for another look.
#[derive(Default)]
pub(crate) struct History {
    dates: ArcSwap<HashMap<String, Dates>>,
    asked: Arc<Notify>,
}

/// Why a change could not be recorded.
#[derive(Debug, thiserror::Error)]
enum HistoryError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Letter(#[from] LayoutError),
    #[error("no random bits: {0}")]
    Random(#[from] getrandom::Error),
}

impl History {
    /// The rules have changed.
    pub(crate) fn look(&self) {
        self.asked.notify_one();
    }

    /// The dates of an article that the public may see.
    pub(crate) fn dates(&self, rule: &Rule) -> Dates {
        let known = self.dates.load().get(&rule.id).copied();
        // not compared yet: it is loaded at this moment
        let known = known.unwrap_or_else(|| first_dates(rule, store::now()));
        let written = rule.created.and_then(midnight).filter(|&at| at <= known.changed);
        Dates { created: written.unwrap_or(known.created), ..known }
    }
}

/// Compares, and compares again whenever the rules have changed, for as long as there is a portal.
pub(crate) async fn follow(portal: Weak<Portal>) {
    let Some(asked) = portal.upgrade().map(|portal| Arc::clone(&portal.history.asked)) else { return };
    loop {
        asked.notified().await;
        let Some(portal) = portal.upgrade() else { return };
        if let Err(error) = compare(&portal).await {
            tracing::error!(%error, "changes of articles could not be recorded; this is tried again");
            tokio::time::sleep(AGAIN).await;
            asked.notify_one();
        }
    }
}

/// Compares the articles with what is known of them. Cost: linear in their size; the database is written only for those that changed.
pub(crate) async fn compare(portal: &Portal) -> Result<(), StoreError> {
    let engine = portal.engine.current();
    let read = Arc::clone(&engine);
    let Ok(contents) = tokio::task::spawn_blocking(move || contents(&read)).await else {
        // a bug, which the log has: better the articles as they were than none
        return Ok(());
    };
    let known = portal.store.articles().await?;
    let now = store::now();
    // the dates that authors gave count for what was there before the portal was
    let dates_of =
        |rule: &Rule| if known.is_empty() { first_dates(rule, now) } else { Dates { created: now, changed: now } };
    let changed = |(id, content): &(RuleId, Content)| {
        let rule = engine.faultbook().rule(*id);
        let at = known.binary_search_by(|row| row.rule.as_str().cmp(&rule.id));
        at.ok().and_then(|at| known.get(at)).is_none_or(|row| row.content != content.hash)
    };
    let changed: Vec<&(RuleId, Content)> = contents.iter().filter(|one| changed(one)).collect();
    let mails = record(portal, &engine, &changed, dates_of).await?;
    let is_there = |row: &&KnownArticle| {
        let there = |(id, _): &(RuleId, Content)| engine.faultbook().rule(*id).id.as_str().cmp(&row.rule);
        contents.binary_search_by(there).is_ok()
    };
    let gone = known.iter().filter(|row| !row.content.is_empty() && !is_there(row));
    let gone: Vec<&str> = gone.map(|row| row.rule.as_str()).collect();
    if !gone.is_empty() {
        portal.store.withdraw_articles(&gone).await?;
    }
    if changed.len() + gone.len() > 0 {
        tracing::info!(articles = changed.len(), withdrawn = gone.len(), mails, "changes of articles recorded");
    }
    // others may have been first: what they recorded counts
    let known = if changed.is_empty() { known } else { portal.store.articles().await? };
    let dates = known.into_iter().map(|row| (row.rule, Dates { created: row.created, changed: row.changed }));
    portal.history.dates.store(Arc::new(dates.collect()));
    if mails > 0 {
        portal.outbox.wake();
    }
    Ok(())
}

/// Records articles that changed, and says how many mails that gave.
async fn record(
    portal: &Portal,
    engine: &Engine,
    changed: &[&(RuleId, Content)],
    dates_of: impl Fn(&Rule) -> Dates,
) -> Result<usize, StoreError> {
    let mut letters = None;
    let mut mails = 0;
    for chunk in changed.chunks(RECORDED_AT_ONCE) {
        let articles = chunk.iter().map(|one| {
            let (id, content) = *one;
            let rule = engine.faultbook().rule(*id);
            (rule, dates_of(rule), content)
        });
        let articles: Vec<(&Rule, Dates, &Content)> = articles.collect();
        let current: Vec<CurrentArticle<'_>> = articles
            .iter()
            .map(|(rule, dates, content)| CurrentArticle {
                rule: &rule.id,
                content: &content.hash,
                text: &content.text,
                created: dates.created,
                changed: dates.changed,
            })
            .collect();
        let compose = |at: usize, before: &str, subscribers: Vec<Subscriber>| {
            let letters = letters.get_or_insert_with(|| Letters::new(engine.faultbook().templates()));
            match articles.get(at) {
                Some((rule, _, content)) => compose(portal, letters, rule, content, before, subscribers),
                None => Ok(Vec::new()),
            }
        };
        match portal.store.record_articles(&current, compose).await {
            Ok(written) => mails += written,
            Err(HistoryError::Store(error)) => return Err(error),
            // a layout of the site's own; without mails the changes would be lost, so they stay to be recorded
            Err(error) => tracing::error!(%error, "the mails about changes could not be written"),
        }
        if chunk.len() == RECORDED_AT_ONCE {
            tokio::time::sleep(BREATH).await;
        }
    }
    Ok(mails)
}

/// The contents of the articles that the public may see, by their names; only they can be subscribed to.
fn contents(engine: &Engine) -> Vec<(RuleId, Content)> {
    let public = Filter::of(Audience::Public);
    let book = engine.faultbook();
    let rules = book.rules().iter().filter(|rule| public.accepts(rule));
    let mut rules: Vec<&Rule> = rules.collect();
    rules.sort_unstable_by(|a, b| a.id.cmp(&b.id));
    rules.into_iter().filter_map(|rule| Some((book.find(&rule.id)?, Content::of(book, rule)))).collect()
}

/// Writes the mails about a change.
fn compose(
    portal: &Portal,
    letters: &Letters,
    rule: &Rule,
    content: &Content,
    before: &str,
    subscribers: Vec<Subscriber>,
) -> Result<Vec<NewMail>, HistoryError> {
    let Some(address) = portal.options.public_address.as_deref().and_then(PublicAddress::parse) else {
        tracing::warn!(rule = %rule.id, "an article changed, and there is no address of the portal to write into mails");
        return Ok(Vec::new());
    };
    let changes = Changes::between(before, &content.text);
    let mail = |subscriber: Subscriber| {
        let (token, hash) = new_token()?;
        let unsubscribe = address.unsubscribe(&token);
        let letter = letters.changed(rule, &address, &changes, &unsubscribe)?;
        Ok(NewMail {
            id: store::new_id()?,
            about: format!("change {} {} {}", subscriber.subscription, content.hash, rule.id),
            subscription: subscriber.subscription,
            token: (hash, Purpose::End),
            recipient: subscriber.email,
            subject: letter.subject,
            text: letter.text,
            html: letter.html,
            unsubscribe,
            created: store::now(),
        })
    };
    subscribers.into_iter().map(mail).collect()
}

/// The dates of an article that nobody knew: those of its author, if they are not in the future, else now.
fn first_dates(rule: &Rule, now: i64) -> Dates {
    let created = rule.created.and_then(midnight).filter(|&at| at <= now);
    let reviewed = rule.reviewed.and_then(midnight).filter(|&at| at <= now);
    let changed = reviewed.max(created).unwrap_or(now);
    Dates { created: created.unwrap_or(changed), changed }
}

fn midnight(date: jiff::civil::Date) -> Option<i64> {
    date.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|at| at.timestamp().as_millisecond())
}
