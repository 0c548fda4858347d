//! The methods of a revision, with their senders, parameters and results.

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::definitions::{Definitions, is_method, referent};

/// A request or a notification.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Method {
    /// The name on the wire.
    pub(crate) name: String,
    /// The name of the definition.
    pub(crate) definition: String,
    pub(crate) kind: Kind,
    pub(crate) by_client: bool,
    pub(crate) by_server: bool,
    /// The definition of the parameters.
    pub(crate) params: String,
    /// The definition of the result; `None` for a notification.
    pub(crate) result: Option<String>,
    /// True if the result may be `InputRequiredResult` instead.
    pub(crate) may_require_input: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    Request,
    Notification,
    /// A server request inside a result (MCP 2026-07-28, multi-round calls).
    Input,
}

/// Lists the methods of a schema by definition.
pub(crate) fn all(definitions: &Definitions) -> Result<Vec<Method>> {
    let methods = definitions.iter().filter(|(_, schema)| is_method(schema));
    methods.map(|(name, _)| method(name, definitions).with_context(|| name.clone())).collect()
}

fn method(name: &str, definitions: &Definitions) -> Result<Method> {
    let listed = |union| lists(union, name, definitions);
    let input = listed("InputRequest");
    let kind = match name {
        _ if input => Kind::Input,
        _ if listed("ClientRequest") || listed("ServerRequest") => Kind::Request,
        _ => Kind::Notification,
    };
    let by_client = listed("ClientRequest") || listed("ClientNotification");
    let by_server = listed("ServerRequest") || listed("ServerNotification") || input;
    ensure!(by_client || by_server, "it is in no union of client or server messages");
    let params = params(name, kind, definitions).context("the parameters have no definition")?;
    let result = (kind != Kind::Notification).then(|| result(name, definitions)).transpose()?;
    let wire = &definitions[name]["properties"]["method"]["const"];
    Ok(Method {
        name: wire.as_str().unwrap_or_default().to_owned(),
        definition: name.to_owned(),
        kind,
        by_client,
        by_server,
        params,
        may_require_input: may_require_input(name, definitions),
        result,
    })
}

/// Returns true if a union has a definition as a variant.
fn lists(union: &str, name: &str, definitions: &Definitions) -> bool {
    let variants = definitions.get(union).and_then(|union| union["anyOf"].as_array());
    variants.is_some_and(|variants| variants.iter().any(|variant| referent(variant) == Some(name)))
}

fn params(name: &str, kind: Kind, definitions: &Definitions) -> Option<String> {
    let default = match kind {
        Kind::Notification => "NotificationParams",
        Kind::Request | Kind::Input => "RequestParams",
    };
    let params = referent(&definitions[name]["properties"]["params"]).unwrap_or(default);
    definitions.contains_key(params).then(|| params.to_owned())
}

/// Requests with an empty result.
const EMPTY: [&str; 4] =
    ["PingRequest", "SetLevelRequest", "SubscribeRequest", "UnsubscribeRequest"];

fn result(name: &str, definitions: &Definitions) -> Result<String> {
    if EMPTY.contains(&name) {
        return Ok("EmptyResult".to_owned());
    }
    let result = format!("{}Result", name.strip_suffix("Request").unwrap_or(name));
    ensure!(definitions.contains_key(&result), "the result has no definition {result}");
    Ok(result)
}

fn may_require_input(name: &str, definitions: &Definitions) -> bool {
    let response = response(name);
    let result = definitions.get(&response).map(|response| &response["properties"]["result"]);
    let variants = result.and_then(|result| result["anyOf"].as_array());
    variants.is_some_and(|variants| {
        variants.iter().any(|variant| referent(variant) == Some("InputRequiredResult"))
    })
}

/// Returns the name of the definition of the whole response to a request.
pub(crate) fn response(request: &str) -> String {
    format!("{}ResultResponse", request.strip_suffix("Request").unwrap_or(request))
}

impl Method {
    /// Returns the sender as text.
    pub(crate) fn senders(&self) -> &'static str {
        match (self.by_client, self.by_server) {
            (true, true) => "either side",
            (true, false) => "client",
            _ => "server",
        }
    }

    /// Returns the Rust type of the result.
    pub(crate) fn result_type(&self) -> Option<String> {
        let result = self.result.as_deref()?;
        Some(match self.may_require_input {
            true => format!("OrInputRequired<{result}, InputRequiredResult>"),
            false => result.to_owned(),
        })
    }

    /// Returns the definitions that the method needs.
    pub(crate) fn needs(&self) -> impl Iterator<Item = String> + '_ {
        let input = self.may_require_input.then(|| "InputRequiredResult".to_owned());
        [self.definition.clone(), self.params.clone()]
            .into_iter()
            .chain(self.result.clone())
            .chain(input)
    }
}

/// Returns true for the schema of a server request inside a result.
pub(crate) fn is_input(schema: &Value) -> bool {
    schema["x-input"] == true
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::codegen::{
        definitions::reference, prepared_schema::PreparedSchema, revisions::REVISIONS,
    };

    /// The methods of a revision as lines of `<sender> <name>(<params>) -> <result>`.
    fn lines(revision: &str) -> Vec<String> {
        let revision = REVISIONS.iter().find(|each| each.name == revision).unwrap();
        let line = |method: &Method| {
            let (sender, name, params) = (method.senders(), &method.name, &method.params);
            let result = method.result_type().map(|result| format!(" -> {result}"));
            format!("{sender} {name}({params}){}", result.unwrap_or_default())
        };
        PreparedSchema::load(revision).unwrap().methods.iter().map(line).collect()
    }

    #[test]
    fn request_without_a_result_definition_is_an_error() {
        let request = |method: &str| {
            json!({ "properties": { "method": { "const": method },
                "params": reference("RequestParams") } })
        };
        let mut definitions = Definitions::from([
            (
                "ClientRequest".to_owned(),
                json!({ "anyOf":
                [reference("PingRequest"), reference("GreetRequest")] }),
            ),
            ("RequestParams".to_owned(), json!({})),
            ("PingRequest".to_owned(), request("ping")),
            ("GreetRequest".to_owned(), request("greet")),
        ]);
        let error = all(&definitions).unwrap_err();
        let expected = "GreetRequest: the result has no definition GreetResult";
        assert_eq!(format!("{error:#}"), expected);
        definitions.insert("GreetResult".to_owned(), json!({}));
        let results: Vec<_> =
            all(&definitions).unwrap().into_iter().filter_map(|method| method.result).collect();
        assert_eq!(results, ["GreetResult", "EmptyResult"]);
    }

    #[test]
    fn methods_have_senders_parameters_and_results() {
        let old = lines("2025-11-25");
        assert_eq!(old.len(), 31);
        for expected in [
            "either side ping(RequestParams) -> EmptyResult",
            "client tools/call(CallToolRequestParams) -> CallToolResult",
            "server elicitation/create(ElicitRequestParams) -> ElicitResult",
            "client notifications/initialized(NotificationParams)",
        ] {
            assert!(old.iter().any(|line| line == expected), "{expected} is not in {old:#?}");
        }
        let new = lines("2026-07-28");
        assert_eq!(new.len(), 21);
        for expected in [
            "client tools/call(CallToolRequestParams) -> OrInputRequired<CallToolResult, InputRequiredResult>",
            "client tools/list(PaginatedRequestParams) -> ListToolsResult",
            "server elicitation/create(ElicitRequestParams) -> ElicitResult",
            "either side notifications/cancelled(CancelledNotificationParams)",
        ] {
            assert!(new.iter().any(|line| line == expected), "{expected} is not in {new:#?}");
        }
    }
}
