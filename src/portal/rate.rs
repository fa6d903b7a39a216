//! How often one client may ask: a bucket of requests that fills again at a steady rate (the generic cell rate algorithm, of which only one
//! time per client is kept).

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Requests that one client may make at once.
pub const BURST: u32 = 60;
/// Clients that are remembered; beyond it all that have waited long enough are forgotten, and then everybody.
const CLIENTS: usize = 100_000;

/// The rates of all clients.
pub(crate) struct RateLimit {
    /// The time that one request costs; none: no limit.
    cost: Option<Duration>,
    /// When each client's bucket is full again.
    full_at: Mutex<HashMap<IpAddr, Instant>>,
}

impl RateLimit {
    /// So many requests a second for each client; 0: no limit.
    pub(crate) fn new(per_second: u32) -> Self {
        Self { cost: (per_second > 0).then(|| Duration::from_secs(1) / per_second), full_at: Mutex::default() }
    }

    /// Counts a request; if there are too many, the seconds after which another may come.
    pub(crate) fn admit(&self, client: IpAddr, now: Instant) -> Result<(), u32> {
        let Some(cost) = self.cost else { return Ok(()) };
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        if full_at.len() >= CLIENTS {
            full_at.retain(|_, at| *at > now);
            if full_at.len() >= CLIENTS {
                full_at.clear();
            }
        }
        let at = full_at.entry(client).or_insert(now);
        let next = (*at).max(now) + cost;
        match next.saturating_duration_since(now).checked_sub(cost * BURST) {
            Some(wait) if !wait.is_zero() => Err(u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).saturating_add(1)),
            _ => {
                *at = next;
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_taken_then_a_steady_rate() {
        let (limit, begin) = (RateLimit::new(2), Instant::now());
        let client: IpAddr = "192.0.2.1".parse().unwrap();
        assert_eq!((0..BURST + 5).filter(|_| limit.admit(client, begin).is_ok()).count(), BURST as usize);
        assert_eq!(limit.admit(client, begin), Err(1));
        assert_eq!(limit.admit("192.0.2.2".parse().unwrap(), begin), Ok(()));
        let later = begin + Duration::from_secs(3);
        assert_eq!((0..10).filter(|_| limit.admit(client, later).is_ok()).count(), 6);
        let unlimited = RateLimit::new(0);
        assert!((0..1000).all(|_| unlimited.admit(client, begin).is_ok()));
    }
}
