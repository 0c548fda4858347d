//! The methods that both eras have.

use mcp_types::{ErrorObject, JsonObject, error_code};
use serde_json::{Value, json};

use crate::{catalog::invalid, exchange::Exchange};

impl Exchange<'_> {
    /// Does what is asked; `None` if the server has no such method.
    pub(crate) fn perform(
        &self,
        method: &str,
        params: &JsonObject,
    ) -> Option<Result<Value, ErrorObject>> {
        Some(match method {
            "tools/list" => self.list_tools(params),
            "tools/call" => self.call_tool(params),
            _ => return None,
        })
    }

    /// The server as it introduces itself.
    pub(crate) fn server_info(&self) -> Value {
        let config = &self.server.config;
        json!({ "name": config.name, "version": config.version })
    }

    pub(crate) fn unknown_method(&self, method: &str) -> ErrorObject {
        self.note("the server has no capability for this method");
        let message = format!("Unknown method: {method}");
        ErrorObject { code: error_code::METHOD_NOT_FOUND, message, data: None }
    }

    fn list_tools(&self, params: &JsonObject) -> Result<Value, ErrorObject> {
        let cursor = match params.get("cursor") {
            None => None,
            Some(Value::String(cursor)) => Some(cursor.as_str()),
            Some(_) => return Err(self.invalid_params("cursor")),
        };
        self.server.tools.page(self.user.as_ref(), cursor, self.server.config.page_size)
    }

    fn call_tool(&self, params: &JsonObject) -> Result<Value, ErrorObject> {
        let Some(Value::String(name)) = params.get("name") else {
            return Err(self.invalid_params("name"));
        };
        let none = JsonObject::new();
        let arguments = match params.get("arguments") {
            None => &none,
            Some(Value::Object(arguments)) => arguments,
            Some(_) => return Err(self.invalid_params("arguments")),
        };
        let tool = self.server.tools.find(self.user.as_ref(), name);
        tool.ok_or_else(|| invalid(format!("Unknown tool: {name}")))?.call(arguments)
    }

    pub(crate) fn invalid_params(&self, member: &str) -> ErrorObject {
        self.note(format_args!("{member} is missing or of the wrong type"));
        invalid(format!("Invalid {member}"))
    }
}
