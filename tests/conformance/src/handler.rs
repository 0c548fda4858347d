//! A handler that accepts all forms.

use futures_util::future::{BoxFuture, FutureExt as _, ready};
use mcp_http::mcp_client::{
    BoxError, Handler, HandlerCapabilities,
    mcp_types::v2026_07_28::{ElicitAction, ElicitRequestFormParams, ElicitResult},
};

/// Accepts every form without values. The library fills in the defaults.
pub(crate) struct AcceptForms;

impl Handler for AcceptForms {
    fn capabilities(&self) -> HandlerCapabilities {
        HandlerCapabilities::none().form()
    }

    fn elicit_form(
        &self,
        _: ElicitRequestFormParams,
    ) -> BoxFuture<'_, Result<ElicitResult, BoxError>> {
        ready(Ok(ElicitResult::new(ElicitAction::Accept))).boxed()
    }
}
