//! A change on a server, and its notifications and subscription filters.

use std::collections::BTreeSet;

use mcp_types::{
    NotificationMethod,
    v2026_07_28::{
        PromptListChangedNotification, ResourceListChangedNotification,
        ResourceUpdatedNotification, SubscriptionFilter, ToolListChangedNotification,
    },
};
use serde_json::value::RawValue;

use crate::{error::Error, result::notification_params};

/// A change on the server. It does not include the new content, which the client must request.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ServerChange {
    /// The list of tools.
    Tools,
    /// The list of prompts.
    Prompts,
    /// The list of resources, or the list of resource templates.
    Resources,
    /// The resource with this URI. It may be a sub-resource of a resource that was subscribed to.
    Resource(String),
}

impl ServerChange {
    /// Reads the change from a notification, if it reports one.
    pub(crate) fn from_notification(method: &str, params: Option<&RawValue>) -> Option<Self> {
        match method {
            ToolListChangedNotification::NAME => Some(Self::Tools),
            PromptListChangedNotification::NAME => Some(Self::Prompts),
            ResourceListChangedNotification::NAME => Some(Self::Resources),
            ResourceUpdatedNotification::NAME => {
                let updated = notification_params::<ResourceUpdatedNotification>(params)?;
                Some(Self::Resource(updated.uri))
            }
            _ => None,
        }
    }

    /// Returns the capability and its flag that declare notifications of this change.
    pub(crate) fn capability(&self) -> (&'static str, &'static str) {
        match self {
            Self::Tools => ("tools", "listChanged"),
            Self::Prompts => ("prompts", "listChanged"),
            Self::Resources => ("resources", "listChanged"),
            Self::Resource(_) => ("resources", "subscribe"),
        }
    }

    /// Returns the method of the notification that reports this change.
    pub(crate) fn notification(&self) -> &'static str {
        match self {
            Self::Tools => ToolListChangedNotification::NAME,
            Self::Prompts => PromptListChangedNotification::NAME,
            Self::Resources => ResourceListChangedNotification::NAME,
            Self::Resource(_) => ResourceUpdatedNotification::NAME,
        }
    }

    /// Returns the error for a subscription to changes that the server does not report.
    pub(crate) fn not_supported(&self, method: &'static str) -> Error {
        let capability = match self {
            Self::Tools => "tools.listChanged",
            Self::Prompts => "prompts.listChanged",
            Self::Resources => "resources.listChanged",
            Self::Resource(_) => "resources.subscribe",
        };
        Error::MissingCapability { method: method.into(), capability }
    }

    /// Returns the changes that a filter includes.
    pub(crate) fn from_filter(filter: SubscriptionFilter) -> BTreeSet<Self> {
        let lists = [
            (filter.tools_list_changed, Self::Tools),
            (filter.prompts_list_changed, Self::Prompts),
            (filter.resources_list_changed, Self::Resources),
        ];
        let lists = lists.into_iter().filter(|(granted, _)| *granted == Some(true));
        let uris = filter.resource_subscriptions.into_iter().flatten();
        lists.map(|(_, list)| list).chain(uris.map(Self::Resource)).collect()
    }

    /// Returns the filter that includes exactly these changes (MCP 2026-07-28,
    /// basic/patterns/subscriptions, "Notification Filter").
    pub(crate) fn to_filter(changes: &BTreeSet<Self>) -> SubscriptionFilter {
        let mut filter = SubscriptionFilter::default();
        for change in changes {
            match change {
                Self::Tools => filter.tools_list_changed = Some(true),
                Self::Prompts => filter.prompts_list_changed = Some(true),
                Self::Resources => filter.resources_list_changed = Some(true),
                Self::Resource(uri) => {
                    filter.resource_subscriptions.get_or_insert_default().push(uri.clone());
                }
            }
        }
        filter
    }
}
