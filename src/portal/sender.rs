//! Sends the mails that wait in the database, and decides what becomes of those that could not be sent.
//!
//! SMTP cannot promise that a mail arrives exactly once: between the last byte of a mail and the server's word there is a moment in which only
//! the server knows. A mail is recorded as `delivering` before that moment, so whoever finds it in that state, after a crash or without a
//! word from the server, knows that it may have arrived, and does not send it again. Everything before that moment is safe to repeat.
//! So a mail never comes twice, and is lost only if the machine fails in that very moment. Each try has the same Message-ID.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, watch};

use crate::portal::letters;
use crate::portal::server::Portal;
use crate::portal::smtp::{Conversation, MailServer, Refusal, RefusalKind, SMTP_TIME};
use crate::portal::store::{self, Mail, Settled, StoreError};
use crate::portal::subscriptions::PENDING_TIME;

/// How often to look for mails that others wrote, or that are to be tried again.
const EVERY: Duration = Duration::from_secs(2);
/// Mails that are taken at once.
const BATCH: i64 = 20;
/// How long one sender has a mail: longer than everything that it does with it may take.
const CLAIM_TIME: Duration = SMTP_TIME.saturating_mul(4);
/// Tries of a mail that the server puts off; with the pauses between them nearly four days.
pub const TRIES: i64 = 30;
/// The pause after the first try; each is twice the one before.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(4 * 60 * 60);
/// The longest pause when the server cannot be reached at all.
const LONGEST_SILENCE: Duration = Duration::from_secs(5 * 60);
/// How long a mail may wait in all.
pub const MAIL_TIME: Duration = Duration::from_secs(5 * 24 * 60 * 60);
/// How long it is remembered what was mailed.
const REMEMBERED: Duration = Duration::from_secs(400 * 24 * 60 * 60);
/// How often old things are deleted.
const TIDY_EVERY: Duration = Duration::from_secs(10 * 60);

/// Wakes the sender.
#[derive(Default)]
pub(crate) struct Outbox {
    asked: Arc<Notify>,
}

impl Outbox {
    /// There are mails to send.
    pub(crate) fn wake(&self) {
        self.asked.notify_one();
    }
}

/// What is remembered between two looks.
struct Sender {
    server: MailServer,
    /// Vain tries to reach the server, one after the other, and before when not to try again.
    vain: u32,
    not_before: Instant,
    tidied: Option<Instant>,
}

/// Sends mails, until it is told to stop; the one that is being sent then is finished.
pub(crate) async fn send_regularly(portal: Weak<Portal>, server: MailServer, mut stop: watch::Receiver<bool>) {
    let Some(asked) = portal.upgrade().map(|portal| Arc::clone(&portal.outbox.asked)) else { return };
    let mut sender = Sender { server, vain: 0, not_before: Instant::now(), tidied: None };
    loop {
        {
            let Some(portal) = portal.upgrade() else { return };
            if let Err(error) = sender.look(&portal, &stop).await {
                tracing::warn!(%error, "mails wait: the database cannot be asked");
            }
        }
        tokio::select! {
            () = asked.notified() => {}
            () = tokio::time::sleep(EVERY) => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}

impl Sender {
    /// Sends what is due.
    async fn look(&mut self, portal: &Portal, stop: &watch::Receiver<bool>) -> Result<(), StoreError> {
        self.tidy(portal).await?;
        if Instant::now() < self.not_before {
            return Ok(());
        }
        let mut conversation: Option<Conversation> = None;
        loop {
            let due = portal.store.mails_due(store::now(), BATCH).await?;
            if due.is_empty() {
                break;
            }
            for id in due {
                if *stop.borrow() {
                    break;
                }
                // a mail is claimed when there is somebody to give it to
                let ready = match conversation.take() {
                    Some(ready) => ready,
                    None => match self.server.connect().await {
                        Ok(ready) => ready,
                        Err(refusal) => {
                            self.unreachable(portal, &refusal);
                            return Ok(());
                        }
                    },
                };
                self.vain = 0;
                conversation = match portal.store.claim_mail(&id, store::now() + milliseconds(CLAIM_TIME)).await? {
                    Some(mail) => self.send(portal, &mail, ready).await?,
                    None => Some(ready),
                };
            }
            if *stop.borrow() {
                break;
            }
        }
        if let Some(conversation) = conversation {
            conversation.end().await;
        }
        Ok(())
    }

    /// Waits longer each time.
    fn unreachable(&mut self, portal: &Portal, refusal: &Refusal) {
        let pause = pause(self.vain).min(LONGEST_SILENCE);
        self.vain = self.vain.saturating_add(1);
        self.not_before = Instant::now() + pause;
        let reason = portal.masked(&refusal.reason);
        tracing::warn!(reason, seconds = pause.as_secs(), "mails wait: the mail server cannot be reached");
    }

    /// Sends one mail, and records what became of it. Gives back the connection if it can be used for the next.
    async fn send(
        &self,
        portal: &Portal,
        mail: &Mail,
        mut conversation: Conversation,
    ) -> Result<Option<Conversation>, StoreError> {
        let message = match letters::message(mail, &self.server.from) {
            Ok(message) => message,
            Err(error) => {
                tracing::error!(%error, mail = %mail.id, "a mail cannot be sent");
                settle(portal, mail, Settled::Failed).await?;
                return Ok(Some(conversation));
            }
        };
        if let Err(refusal) = conversation.announce(message.envelope()).await {
            refused(portal, mail, &refusal).await?;
            return Ok(None);
        }
        if !portal.store.deliver_mail(mail).await? {
            // it took so long that somebody else has it now
            return Ok(None);
        }
        match conversation.hand_over(&message.formatted()).await {
            Ok(()) => {
                settle(portal, mail, Settled::Sent).await?;
                Ok(Some(conversation))
            }
            Err(refusal) if refusal.kind == RefusalKind::Silence => {
                tracing::warn!(reason = portal.masked(&refusal.reason), mail = %mail.id, "a mail may have arrived or not; it is not sent again");
                settle(portal, mail, Settled::Unsure).await?;
                Ok(None)
            }
            Err(refusal) => {
                refused(portal, mail, &refusal).await?;
                Ok(None)
            }
        }
    }

    /// Looks after mails whose sender is gone, and deletes what is old.
    async fn tidy(&mut self, portal: &Portal) -> Result<(), StoreError> {
        let now = store::now();
        let (again, unsure) = portal.store.recover_mails(now).await?;
        if again + unsure > 0 {
            tracing::warn!(again, unsure, "mails whose sender is gone; those that may have arrived are not sent again");
            portal.metrics.mailed(Settled::Unsure.name(), unsure);
        }
        if self.tidied.is_some_and(|at| at.elapsed() < TIDY_EVERY) {
            return Ok(());
        }
        let given_up = portal.store.give_up_mails(now - milliseconds(MAIL_TIME)).await?;
        portal.metrics.mailed(Settled::Failed.name(), given_up);
        portal.store.forget_mails(now - milliseconds(REMEMBERED)).await?;
        portal.store.forget_subscriptions(now - milliseconds(PENDING_TIME)).await?;
        self.tidied = Some(Instant::now());
        Ok(())
    }
}

/// Tries a mail again later that the server certainly does not have, or gives it up.
async fn refused(portal: &Portal, mail: &Mail, refusal: &Refusal) -> Result<(), StoreError> {
    if refusal.kind == RefusalKind::Final || mail.tries >= TRIES {
        tracing::warn!(reason = portal.masked(&refusal.reason), mail = %mail.id, "a mail is given up");
        return settle(portal, mail, Settled::Failed).await;
    }
    let pause = pause(u32::try_from(mail.tries - 1).unwrap_or(u32::MAX));
    let reason = portal.masked(&refusal.reason);
    tracing::info!(reason, mail = %mail.id, seconds = pause.as_secs(), "a mail is tried again later");
    portal.store.postpone_mail(mail, store::now() + milliseconds(pause)).await
}

async fn settle(portal: &Portal, mail: &Mail, outcome: Settled) -> Result<(), StoreError> {
    portal.store.settle_mail(mail, outcome).await?;
    portal.metrics.mailed(outcome.name(), 1);
    Ok(())
}

/// The pause after so many others.
fn pause(before: u32) -> Duration {
    FIRST_PAUSE.saturating_mul(2u32.saturating_pow(before)).min(LONGEST_PAUSE)
}

fn milliseconds(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end() {
        assert_eq!([0, 1, 5, 40].map(|before| pause(before).as_secs()), [2, 4, 64, 14_400]);
        let all: Duration = (0..u32::try_from(TRIES).unwrap()).map(pause).sum();
        assert!(all > Duration::from_secs(2 * 86_400) && all < MAIL_TIME, "{all:?}");
    }
}
