//! The tools that a server offers, and who sees which.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
    sync::Mutex,
};

use mcp_types::{ErrorObject, error_code};
use serde_json::{Value, json};

use crate::{bearer::User, server::lock, tool::Tool};

/// All tools: those of everyone, and those of single users.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tools {
    common: Vec<Tool>,
    of_user: HashMap<User, Vec<Tool>>,
}

/// The tools of a running server.
#[derive(Debug)]
pub(crate) struct Catalog(Mutex<Tools>);

impl Tools {
    pub(crate) fn add(&mut self, tool: Tool) {
        put(&mut self.common, tool);
    }

    pub(crate) fn add_for(&mut self, user: User, tool: Tool) {
        put(self.of_user.entry(user).or_default(), tool);
    }
}

impl Catalog {
    pub(crate) fn new(tools: Tools) -> Self {
        Self(Mutex::new(tools))
    }

    pub(crate) fn add(&self, tool: Tool) {
        lock(&self.0).add(tool);
    }

    /// Removes a tool from all lists; tells whether there was one.
    pub(crate) fn remove(&self, name: &str) -> bool {
        let mut tools = lock(&self.0);
        let Tools { common, of_user } = &mut *tools;
        let mut removed = false;
        for list in of_user.values_mut().chain([common]) {
            let before = list.len();
            list.retain(|tool| tool.name().is_none_or(|it| it != name));
            removed |= list.len() < before;
        }
        removed
    }

    pub(crate) fn find(&self, user: Option<&User>, name: &str) -> Option<Tool> {
        self.visible(user).into_iter().find(|tool| tool.name().is_some_and(|it| it == name))
    }

    /// The page of the list that `from` points to, as the result of `tools/list`.
    pub(crate) fn page(
        &self,
        user: Option<&User>,
        from: Option<&str>,
        size: Option<usize>,
    ) -> Result<Value, ErrorObject> {
        let tools = self.visible(user);
        let size = size.unwrap_or(usize::MAX).max(1);
        let start = match from {
            None => 0,
            Some(given) => (0..tools.len().max(1))
                .step_by(size)
                .find(|start| cursor(*start) == given)
                .ok_or_else(|| invalid("Unknown cursor"))?,
        };
        let page = tools.iter().skip(start).take(size).map(Tool::definition).collect::<Vec<_>>();
        let mut result = json!({ "tools": page });
        if start.saturating_add(size) < tools.len() {
            result["nextCursor"] = json!(cursor(start + size));
        }
        Ok(result)
    }

    /// A user's own tool hides the common one of the same name.
    fn visible(&self, user: Option<&User>) -> Vec<Tool> {
        let tools = lock(&self.0);
        let own = user.and_then(|user| tools.of_user.get(user)).into_iter().flatten();
        let mut list = tools.common.clone();
        own.for_each(|tool| put(&mut list, tool.clone()));
        list
    }
}

pub(crate) fn invalid(message: impl Into<String>) -> ErrorObject {
    ErrorObject { code: error_code::INVALID_PARAMS, message: message.into(), data: None }
}

/// The cursor of the page that begins at `start`: hashed, so that no client counts on its form.
pub(crate) fn cursor(start: usize) -> String {
    let mut hasher = DefaultHasher::new();
    ("tools/list", start).hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

fn put(list: &mut Vec<Tool>, tool: Tool) {
    match list.iter_mut().find(|it| it.name() == tool.name()) {
        Some(place) => *place = tool,
        None => list.push(tool),
    }
}
