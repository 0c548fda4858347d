//! Name resolution with an optional filter on addresses.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    task::{self, Poll},
    vec,
};

use futures_util::future::BoxFuture;
use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use mcp_client::BoxError;
use tower_service::Service;

/// Decides whether to connect, by the host of the URL and the IP address to connect to.
pub(super) type AddressFilter = Arc<dyn Fn(&str, IpAddr) -> bool + Send + Sync>;

/// The system's resolver with an optional filter.
#[derive(Clone)]
pub(super) struct Resolver {
    system: GaiResolver,
    filter: Option<AddressFilter>,
}

impl Resolver {
    pub(super) fn new(filter: Option<AddressFilter>) -> Self {
        Self { system: GaiResolver::new(), filter }
    }

    /// Returns whether the filter allows a host that is an IP address, because such a host is not
    /// looked up. Names are always allowed here, and filtered after the lookup.
    pub(super) fn allows_host(&self, host: &str) -> bool {
        let address = host.trim_start_matches('[').trim_end_matches(']').parse();
        match (&self.filter, address) {
            (Some(filter), Ok(address)) => filter(host, address),
            _ => true,
        }
    }
}

/// The client connects to exactly the addresses that the filter has checked. It does not look up a
/// name twice.
impl Service<Name> for Resolver {
    type Response = vec::IntoIter<SocketAddr>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Self::Response, BoxError>>;

    fn poll_ready(&mut self, context: &mut task::Context<'_>) -> Poll<Result<(), BoxError>> {
        self.system.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let lookup = self.system.call(name.clone());
        let filter = self.filter.clone();
        Box::pin(async move {
            let allowed = |address: &SocketAddr| {
                filter.as_ref().is_none_or(|filter| filter(name.as_str(), address.ip()))
            };
            let addresses: Vec<_> = lookup.await?.filter(allowed).collect();
            match addresses.is_empty() {
                true => Err(AddressBlocked.into()),
                false => Ok(addresses.into_iter()),
            }
        })
    }
}

/// The error for a host whose addresses are all rejected by the
/// [filter](crate::HttpClientBuilder::address_filter). It is one of the sources of
/// [`Error::Unreachable`](crate::Error::Unreachable).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the address filter allows no address of the host")]
#[non_exhaustive]
pub struct AddressBlocked;
