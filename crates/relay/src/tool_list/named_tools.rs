//! Tools with the names that models see. Equal lists of a server share their memory.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError, Weak},
};

use mcp_client::{InvalidEntry, ToolDefinition, ToolList};

use super::checks::SchemaChecks;
use crate::{conversion::ProviderSchemas, settings::Filter, tool_name};

/// The maximum number of lists that a new list is compared with.
const MAX_COMPARED: usize = 64;

/// A tool with the name that models see.
#[derive(Debug)]
pub(crate) struct NamedTool {
    pub(crate) name: String,
    pub(crate) tool: Arc<ToolDefinition>,
    pub(crate) checks: SchemaChecks,
    pub(crate) schemas: ProviderSchemas,
}

/// A tool list with the names that models see.
#[derive(Debug)]
pub(crate) struct NamedTools {
    pub(crate) entries: Vec<Arc<NamedTool>>,
    by_name: HashMap<String, usize>,
    pub(crate) invalid: Vec<InvalidEntry>,
}

impl NamedTools {
    fn new(server: &str, list: ToolList) -> Self {
        let named = |tool: Arc<ToolDefinition>| {
            let name = tool_name::for_model(server, &tool.name);
            let (checks, schemas) = (SchemaChecks::default(), ProviderSchemas::default());
            Arc::new(NamedTool { name, tool, checks, schemas })
        };
        Self::from_entries(list.tools.into_iter().map(named).collect(), list.invalid)
    }

    fn from_entries(entries: Vec<Arc<NamedTool>>, invalid: Vec<InvalidEntry>) -> Self {
        // A name that models see takes precedence over an equal name on the server.
        let indexes_by = |name: fn(&NamedTool) -> &String| {
            entries.iter().enumerate().map(move |(index, entry)| (name(entry).clone(), index))
        };
        let by_name = indexes_by(|entry| &entry.tool.name).chain(indexes_by(|entry| &entry.name));
        let by_name = by_name.collect();
        Self { by_name, invalid, entries }
    }

    /// Returns the tools that a filter allows.
    pub(crate) fn filtered(&self, filter: &Filter) -> Self {
        let allowed = self.entries.iter().filter(|entry| filter.offers(&entry.tool.name));
        Self::from_entries(allowed.cloned().collect(), self.invalid.clone())
    }

    /// Returns the index of a tool, by the name that models see or by its name on the server.
    pub(crate) fn index(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    /// Returns whether this list was created from the same tools. Tools are compared by address,
    /// which is fast.
    fn is_made_of(&self, list: &ToolList) -> bool {
        let same =
            |(own, other): (&Arc<NamedTool>, &Arc<ToolDefinition>)| Arc::ptr_eq(&own.tool, other);
        self.entries.len() == list.tools.len()
            && self.entries.iter().zip(&list.tools).all(same)
            && self.invalid == list.invalid
    }
}

/// The lists of a server that are in use. The newest list is last.
#[derive(Debug, Default)]
pub(crate) struct NamedToolLists(Mutex<VecDeque<Weak<NamedTools>>>);

impl NamedToolLists {
    /// Returns the tools of `server` with the names that models see. Reuses an equal list.
    pub(crate) fn get(&self, server: &str, list: ToolList) -> Arc<NamedTools> {
        let mut lists = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lists.retain(|named| named.strong_count() > 0);
        if let Some(named) =
            lists.iter().filter_map(Weak::upgrade).find(|named| named.is_made_of(&list))
        {
            return named;
        }
        let named = Arc::new(NamedTools::new(server, list));
        lists.push_back(Arc::downgrade(&named));
        if lists.len() > MAX_COMPARED {
            lists.pop_front();
        }
        named
    }
}
