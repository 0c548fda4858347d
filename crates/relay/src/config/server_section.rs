//! Parsing of one server section of `relay.toml`.

use std::{collections::BTreeMap, ops::Range, time::Duration};

use mcp_types::Revision;
use toml::{Spanned, Value};

use super::{
    authorization,
    duration::DurationRule,
    entry::{ServerEntry, TransportName},
    position::Position,
    variables::{self, Variables},
};
use crate::{
    error::{Error, error_chain},
    settings::Server,
};

/// A server section of the file, with the context that parsing needs.
pub(crate) struct ServerSection<'a> {
    pub(crate) text: &'a str,
    pub(crate) name: &'a str,
    pub(crate) variables: Variables<'a>,
}

impl ServerSection<'_> {
    /// Returns the server. `span` is the position of its name in the file.
    pub(crate) fn server(&self, entry: ServerEntry, span: Range<usize>) -> Result<Server, Error> {
        let default =
            if entry.command.is_some() { TransportName::Stdio } else { TransportName::Http };
        let server = match entry.transport.as_ref().map_or(default, |name| *name.get_ref()) {
            name @ (TransportName::Http | TransportName::Sse) => {
                self.reject_stdio_keys(&entry)?;
                let url = entry.url.as_ref();
                let url = url.ok_or_else(|| self.error("missing \"url\"", span.clone()))?;
                let url = self.resolved(url)?;
                if name == TransportName::Http { Server::http(url) } else { Server::sse(url) }
            }
            TransportName::Stdio => {
                self.reject_http_keys(&entry)?;
                let missing = || self.error("missing \"command\"", span.clone());
                let command = entry.command.as_ref().ok_or_else(missing)?;
                Server::stdio(self.program(&entry, command)?)
            }
        };
        let server = server.required(entry.required);
        let mut server = server.deny_tools(entry.deny_tools);
        server.shared = entry.shared;
        if let Some(patterns) = entry.allow_tools {
            server = server.allow_tools(patterns);
        }
        server.insecure =
            entry.dangerously_allow_insecure_http.is_some_and(|insecure| *insecure.get_ref());
        server.cookies = entry.cookies.is_none_or(|cookies| *cookies.get_ref());
        server.oauth = self.oauth(entry.oauth.as_ref(), entry.shared)?.map(Box::new);
        // An empty key counts as no key, so that a variable with an empty default turns it off.
        let key = entry.api_key.as_ref().map(|key| self.resolved(key)).transpose()?;
        server.api_key = key.filter(|key| !key.is_empty()).map(Into::into);
        server = self.headers(server, &entry.headers)?;
        if let Some(timeout) = entry.timeout {
            server = server.timeout(self.duration(&DurationRule::seconds("timeout"), &timeout)?);
        }
        if let Some(protocol) = entry.protocol {
            server.protocol = self.protocol(&protocol)?;
        }
        server.check().map_err(|error| {
            let header = match &error {
                mcp_http::Error::InvalidHeader { name, .. } => entry.headers.get(name),
                _ => None,
            };
            let at = header.or(entry.url.as_ref()).map_or(span, Spanned::span);
            self.error(&error_chain(&error), at)
        })?;
        Ok(server)
    }

    /// Returns an error if a key is set that is only for HTTP servers.
    fn reject_http_keys(&self, entry: &ServerEntry) -> Result<(), Error> {
        self.reject(entry.url.as_ref(), "\"url\" is not allowed with transport \"stdio\"")?;
        let headers = "\"headers\" is not allowed with transport \"stdio\"";
        self.reject(entry.headers.values().next(), headers)?;
        let insecure =
            "\"dangerously_allow_insecure_http\" is not allowed with transport \"stdio\"";
        self.reject(entry.dangerously_allow_insecure_http.as_ref(), insecure)?;
        let cookies = "\"cookies\" is not allowed with transport \"stdio\"";
        self.reject(entry.cookies.as_ref(), cookies)?;
        self.reject(entry.oauth.as_ref(), "\"oauth\" is not allowed with transport \"stdio\"")?;
        let key =
            "\"api_key\" is not allowed with transport \"stdio\"; pass credentials in \"env\"";
        self.reject(entry.api_key.as_ref(), key)
    }

    /// Returns the protocol version to use. `None` stands for `auto`.
    fn protocol(&self, protocol: &Spanned<String>) -> Result<Option<Revision>, Error> {
        let name = self.resolved(protocol)?;
        if name == "auto" {
            return Ok(None);
        }
        name.parse().map(Some).map_err(|_| {
            let known = Revision::ALL.iter().map(|known| format!(", \"{known}\""));
            let known: String = known.collect();
            let reason = format!("\"protocol\": expected one of \"auto\"{known}");
            self.error(&reason, protocol.span())
        })
    }

    /// Adds the headers. `Authorization` becomes the credentials of the server.
    fn headers(
        &self,
        mut server: Server,
        headers: &BTreeMap<String, Spanned<String>>,
    ) -> Result<Server, Error> {
        for (name, value) in headers {
            let text = self.resolved(value)?;
            if !name.eq_ignore_ascii_case("authorization") {
                server = server.header(name, text);
                continue;
            }
            let credentials = authorization::credentials(&text)
                .map_err(|reason| self.error(&reason, value.span()))?;
            if credentials.is_some() && server.has_api_key() {
                let reason = "set either \"api_key\" or the header \"Authorization\"";
                return Err(self.error(reason, value.span()));
            }
            server.api_key = server.api_key.or(credentials);
        }
        Ok(server)
    }

    /// Returns a duration, after its variables are replaced.
    pub(crate) fn duration(
        &self,
        rule: &DurationRule,
        value: &Spanned<Value>,
    ) -> Result<Duration, Error> {
        let resolved = match value.get_ref() {
            Value::String(text) => self.resolve(text).map(Value::String),
            other => Ok(other.clone()),
        };
        let duration = resolved.and_then(|value| rule.read(&value));
        duration.map_err(|reason| self.error(&reason, value.span()))
    }

    /// Replaces the variables of a text.
    pub(crate) fn resolve(&self, text: &str) -> Result<String, String> {
        variables::resolve(text, &|name| self.variables.lookup(name))
    }

    /// Returns a string of the file with its variables replaced.
    pub(crate) fn resolved(&self, value: &Spanned<String>) -> Result<String, Error> {
        self.resolve(value.get_ref()).map_err(|reason| self.error(&reason, value.span()))
    }

    pub(crate) fn resolved_values(
        &self,
        values: &BTreeMap<String, Spanned<String>>,
    ) -> Result<Vec<(String, String)>, Error> {
        values.iter().map(|(name, value)| Ok((name.clone(), self.resolved(value)?))).collect()
    }

    /// Returns an error if the value is present.
    pub(crate) fn reject<T>(&self, value: Option<&Spanned<T>>, reason: &str) -> Result<(), Error> {
        value.map_or(Ok(()), |value| Err(self.error(reason, value.span())))
    }

    pub(crate) fn error(&self, reason: &str, at: Range<usize>) -> Error {
        Error::Configuration {
            server: Some(self.name.to_owned()),
            position: Position::at(self.text, at.start).map(Position::into),
            reason: reason.to_owned(),
        }
    }
}
