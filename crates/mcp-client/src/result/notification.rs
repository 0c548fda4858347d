//! Decodes the parameters of notifications.

use mcp_types::NotificationMethod;
use serde_json::value::RawValue;

/// Decodes the parameters of a notification. Returns `None` if they are invalid.
pub(crate) fn notification_params<N: NotificationMethod>(
    params: Option<&RawValue>,
) -> Option<N::Params> {
    serde_json::from_str(params?.get()).ok()
}
