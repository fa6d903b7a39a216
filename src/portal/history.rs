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
    let contents = {
        let engine = Arc::clone(&engine);
        tokio::task::spawn_blocking(move || contents(&engine)).await.unwrap_or_default()
    };
    let rows = portal.store.articles().await?;
    let is_first = rows.is_empty();
    let mut known: HashMap<String, KnownArticle> = rows.into_iter().map(|row| (row.rule.clone(), row)).collect();
    let mut dates = HashMap::with_capacity(contents.len());
    let (mut recorded, mut mails) = (0usize, 0usize);
    let mut letters = None;
    for (id, content) in contents {
        let rule = engine.faultbook().rule(id);
        let row = known.remove(&rule.id);
        if let Some(row) = row.as_ref().filter(|row| row.content == content.hash) {
            dates.insert(row.rule.clone(), Dates { created: row.created, changed: row.changed });
            continue;
        }
        let now = store::now();
        // the dates that authors gave count for what was there before the portal was
        let first = if is_first { first_dates(rule, now) } else { Dates { created: now, changed: now } };
        let article = CurrentArticle {
            rule: &rule.id,
            content: &content.hash,
            text: &content.text,
            created: first.created,
            changed: first.changed,
        };
        let compose = |before: &str, subscribers: Vec<Subscriber>| {
            let letters = letters.get_or_insert_with(|| Letters::new(engine.faultbook().templates()));
            compose(portal, letters, rule, &content, before, subscribers)
        };
        match portal.store.record_article(&article, compose).await {
            Ok(written) => (recorded, mails) = (recorded + 1, mails + written),
            Err(HistoryError::Store(error)) => return Err(error),
            // a layout of the site's own; without mails the change would be lost, so it stays to be recorded
            Err(error) => tracing::error!(%error, rule = %rule.id, "the mails about a change could not be written"),
        }
        dates.insert(rule.id.clone(), first);
    }
    let gone: Vec<&KnownArticle> = known.values().filter(|row| !row.content.is_empty()).collect();
    for row in &gone {
        portal.store.withdraw_article(&row.rule).await?;
    }
    if recorded + gone.len() > 0 {
        // others may have been first: what they recorded counts
        for row in portal.store.articles().await? {
            if let Some(dates) = dates.get_mut(&row.rule) {
                *dates = Dates { created: row.created, changed: row.changed };
            }
        }
        tracing::info!(articles = recorded, withdrawn = gone.len(), mails, "changes of articles recorded");
    }
    portal.history.dates.store(Arc::new(dates));
    if mails > 0 {
        portal.outbox.wake();
    }
    Ok(())
}

/// The contents of the articles that the public may see; only they can be subscribed to.
fn contents(engine: &Engine) -> Vec<(RuleId, Content)> {
    let public = Filter::of(Audience::Public);
    let book = engine.faultbook();
    let rules = book.rules().iter().filter(|rule| public.accepts(rule));
    rules.filter_map(|rule| Some((book.find(&rule.id)?, Content::of(rule)))).collect()
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
