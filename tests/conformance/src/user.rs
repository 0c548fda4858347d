//! The user of the client, who agrees to whatever a server asks.

use futures_util::future::{BoxFuture, FutureExt as _, ready};
use mcp_http::mcp_client::{
    BoxError, Handler, Serves,
    mcp_types::v2026_07_28::{ElicitAction, ElicitRequestFormParams, ElicitResult},
};

/// Accepts every form without filling in anything: its defaults are the library's to apply.
pub(crate) struct Agreeable;

impl Handler for Agreeable {
    fn serves(&self) -> Serves {
        Serves::nothing().form()
    }

    fn elicit_form(
        &self,
        _: ElicitRequestFormParams,
    ) -> BoxFuture<'_, Result<ElicitResult, BoxError>> {
        ready(Ok(ElicitResult::new(ElicitAction::Accept))).boxed()
    }
}
