//! Decodes the parameters of notifications.

use mcp_types::NotificationMethod;
use serde_json::value::RawValue;

/// The parameters of a notification; one that makes no sense is passed over.
pub(crate) fn notification_params<N: NotificationMethod>(
    params: Option<&RawValue>,
) -> Option<N::Params> {
    serde_json::from_str(params?.get()).ok()
}
