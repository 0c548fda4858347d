//! A change on a server, and the notifications and filters that stand for it.

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

/// Something has changed on the server; what it is now has to be asked for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ListChange {
    /// The list of tools.
    Tools,
    /// The list of prompts.
    Prompts,
    /// The list of resources, or that of their templates.
    Resources,
    /// The resource of this URI, which may be part of a resource that is watched.
    Resource(String),
}

impl ListChange {
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

    /// The capability that a server has which tells of it, and the flag that says so.
    pub(crate) fn capability(&self) -> (&'static str, &'static str) {
        match self {
            Self::Tools => ("tools", "listChanged"),
            Self::Prompts => ("prompts", "listChanged"),
            Self::Resources => ("resources", "listChanged"),
            Self::Resource(_) => ("resources", "subscribe"),
        }
    }

    /// The notification that tells of it.
    pub(crate) fn notification(&self) -> &'static str {
        match self {
            Self::Tools => ToolListChangedNotification::NAME,
            Self::Prompts => PromptListChangedNotification::NAME,
            Self::Resources => ResourceListChangedNotification::NAME,
            Self::Resource(_) => ResourceUpdatedNotification::NAME,
        }
    }

    /// The error where nothing else is watched and the server does not tell of it.
    pub(crate) fn not_supported(&self, method: &'static str) -> Error {
        let capability = match self {
            Self::Tools => "tools.listChanged",
            Self::Prompts => "prompts.listChanged",
            Self::Resources => "resources.listChanged",
            Self::Resource(_) => "resources.subscribe",
        };
        Error::MissingCapability { method: method.into(), capability }
    }

    /// The changes that a filter includes.
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

    /// The filter that lets just this through (MCP 2026-07-28, basic/patterns/subscriptions,
    /// "Notification Filter").
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
