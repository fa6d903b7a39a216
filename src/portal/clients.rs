//! Clients, as far as an address tells them apart, and what each of them holds at once.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{ConnectInfo, Request};
use axum::http::HeaderMap;

use crate::portal::options::PortalOptions;

/// Who makes a request, as [`network`] has it; every request carries it as an extension. None where nobody can tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Client(pub(crate) Option<IpAddr>);

impl Client {
    /// The peer, or whom a proxy in front of the portal names.
    pub(crate) fn of(options: &PortalOptions, request: &Request) -> Self {
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
        let address = match options.is_behind_proxy {
            true => forwarded(request.headers()).or(peer),
            false => peer,
        };
        Self(address.map(network))
    }
}

/// Of a list the last address counts: that is what the proxy itself has seen.
fn forwarded(headers: &HeaderMap) -> Option<IpAddr> {
    headers.get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?.rsplit(',').next()?.trim().parse().ok()
}

/// What counts as one client: an address, of IPv6 the network that one customer has.
pub(crate) fn network(client: IpAddr) -> IpAddr {
    match client.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
        address => address,
    }
}

/// How many things of one kind each client holds.
#[derive(Default)]
pub(crate) struct Holdings(Mutex<HashMap<IpAddr, usize>>);

impl Holdings {
    /// Counts one more until what it returns is dropped; `None`: the client holds `most` already.
    pub(crate) fn hold(this: &Arc<Self>, client: IpAddr, most: usize) -> Option<Held> {
        let mut counts = this.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.get(&client).copied().unwrap_or_default();
        if count >= most {
            return None;
        }
        counts.insert(client, count + 1);
        Some(Held { holdings: Arc::clone(this), client })
    }
}

/// One thing that is counted.
pub(crate) struct Held {
    holdings: Arc<Holdings>,
    client: IpAddr,
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut counts = self.holdings.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.client) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.client);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_customer_of_ipv6_is_one_client() {
        let one = |address: &str| network(address.parse().unwrap());
        assert_eq!(one("2001:db8:1:2::1"), one("2001:db8:1:2:ffff::9"));
        assert_ne!(one("2001:db8:1:2::1"), one("2001:db8:1:3::1"));
        assert_eq!(one("::ffff:192.0.2.1"), one("192.0.2.1"));
    }

    #[test]
    fn one_client_cannot_hold_everything() {
        let holdings = Arc::new(Holdings::default());
        let [one, other]: [IpAddr; 2] = ["192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap()];
        let mut held: Vec<Held> = (0..3).map(|_| Holdings::hold(&holdings, one, 3).unwrap()).collect();
        assert!(Holdings::hold(&holdings, one, 3).is_none());
        assert!(Holdings::hold(&holdings, other, 3).is_some());
        held.pop();
        assert!(Holdings::hold(&holdings, one, 3).is_some());
        drop(held);
        assert!(holdings.0.lock().unwrap().is_empty());
    }
}
