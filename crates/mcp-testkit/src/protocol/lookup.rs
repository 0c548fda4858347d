//! Finds the tool, prompt or resource of a request, and checks its parameters.

use mcp_types::{Era, ErrorObject, JsonObject, error_code};
use serde_json::{Value, json};

use super::exchange::Exchange;
use crate::{
    catalog::{Entry, EntryKind, StepHandler, invalid_params_error, match_template},
    state::Call,
};

/// The handler to run, and its arguments.
pub(crate) type Target = (StepHandler, JsonObject);

impl Exchange<'_> {
    pub(crate) fn find_tool(&self, params: &JsonObject) -> Result<Target, ErrorObject> {
        let (name, arguments) = (self.string_param(params, "name")?, self.arguments(params)?);
        let tool = self.find(EntryKind::Tool, name);
        let tool = tool.ok_or_else(|| invalid_params_error(format!("Unknown tool: {name}")))?;
        Ok((tool.handler, arguments))
    }

    pub(crate) fn find_prompt(&self, params: &JsonObject) -> Result<Target, ErrorObject> {
        let (name, arguments) = (self.string_param(params, "name")?, self.arguments(params)?);
        if !arguments.values().all(Value::is_string) {
            return Err(self.invalid_params("arguments"));
        }
        let prompt = self.find(EntryKind::Prompt, name);
        let prompt =
            prompt.ok_or_else(|| invalid_params_error(format!("Unknown prompt: {name}")))?;
        match missing_argument(&prompt, &arguments) {
            Some(missing) => Err(invalid_params_error(format!("Missing argument: {missing}"))),
            None => Ok((prompt.handler, arguments)),
        }
    }

    pub(crate) fn find_resource(&self, call: &Call) -> Result<Target, ErrorObject> {
        let uri = self.string_param(&call.params, "uri")?;
        if let Some(resource) = self.find(EntryKind::Resource, uri) {
            return Ok((resource.handler, JsonObject::new()));
        }
        let templates = self.server.catalog.visible(self.user.as_ref(), EntryKind::Template);
        let found = templates.into_iter().find_map(|template| {
            let variables = match_template(template.key()?.as_str()?, uri)?;
            Some((template.handler, variables))
        });
        found.ok_or_else(|| ErrorObject {
            code: match call.era {
                Era::Stateful => error_code::RESOURCE_NOT_FOUND,
                Era::Stateless => error_code::INVALID_PARAMS,
            },
            message: "Resource not found".to_owned(),
            data: Some(json!({ "uri": uri })),
        })
    }

    /// Returns the result of `completion/complete` (MCP utilities, "Completion").
    pub(crate) fn complete(&self, params: &JsonObject) -> Result<Value, ErrorObject> {
        const MOST: usize = 100;
        let member = |of: &str, name: &str| params.get(of).and_then(|it| it.get(name)?.as_str());
        let target = match member("ref", "type") {
            Some("ref/prompt") => member("ref", "name"),
            Some("ref/resource") => member("ref", "uri"),
            _ => None,
        };
        target.ok_or_else(|| self.invalid_params("ref"))?;
        let argument = member("argument", "name").and(member("argument", "value"));
        argument.ok_or_else(|| self.invalid_params("argument"))?;
        let all =
            self.server.config.completion.as_ref().map(|completion| completion.values(params));
        let all = all.unwrap_or_default();
        let values = all.iter().take(MOST).collect::<Vec<_>>();
        let more = all.len() > MOST;
        Ok(json!({ "completion": { "values": values, "total": all.len(), "hasMore": more } }))
    }

    /// Returns a string parameter.
    pub(crate) fn string_param<'p>(
        &self,
        params: &'p JsonObject,
        name: &str,
    ) -> Result<&'p str, ErrorObject> {
        params.get(name).and_then(Value::as_str).ok_or_else(|| self.invalid_params(name))
    }

    fn find(&self, kind: EntryKind, key: &str) -> Option<Entry> {
        self.server.catalog.find(self.user.as_ref(), kind, key)
    }

    fn arguments(&self, params: &JsonObject) -> Result<JsonObject, ErrorObject> {
        match params.get("arguments") {
            None => Ok(JsonObject::new()),
            Some(Value::Object(arguments)) => Ok(arguments.clone()),
            Some(_) => Err(self.invalid_params("arguments")),
        }
    }
}

fn missing_argument(prompt: &Entry, given: &JsonObject) -> Option<String> {
    let arguments = prompt.definition.get("arguments")?.as_array()?;
    let required = arguments.iter().filter(|argument| argument["required"] == true);
    let mut names = required.filter_map(|argument| argument["name"].as_str());
    names.find(|name| !given.contains_key(*name)).map(str::to_owned)
}
