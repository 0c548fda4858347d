//! Parsing of the keys of a stdio server in `relay.toml`.

use std::time::Duration;

use toml::{Spanned, Value};

use super::{duration::DurationRule, entry::ServerEntry, server_section::ServerSection};
use crate::{error::Error, settings::StdioCommand};

impl ServerSection<'_> {
    /// Returns an error if a key is set that is only for stdio servers.
    pub(crate) fn reject_stdio_keys(&self, entry: &ServerEntry) -> Result<(), Error> {
        let only = |key: &str| format!("\"{key}\" is only allowed with transport \"stdio\"");
        self.reject(entry.command.as_ref(), &only("command"))?;
        self.reject(entry.args.as_ref(), &only("args"))?;
        self.reject(entry.env.values().next(), &only("env"))?;
        self.reject(entry.inherit_env.as_ref(), &only("inherit_env"))?;
        self.reject(entry.cwd.as_ref(), &only("cwd"))?;
        self.reject(entry.idle_timeout.as_ref(), &only("idle_timeout"))?;
        self.reject(entry.probe_timeout.as_ref(), &only("probe_timeout"))
    }

    /// Returns the program with its arguments: `command`, which may be an array, and then `args`.
    pub(crate) fn program(
        &self,
        entry: &ServerEntry,
        command: &Spanned<Value>,
    ) -> Result<StdioCommand, Error> {
        let span = || command.span();
        let mut parts = match command.get_ref() {
            Value::Array(parts) => parts.iter().collect(),
            program => vec![program],
        };
        if !parts.first().is_some_and(|program| program.is_str()) {
            let reason = "\"command\": expected a program, or an array that starts with one";
            return Err(self.error(reason, span()));
        }
        let args = entry.args.iter().flat_map(Spanned::get_ref);
        let placed = parts.drain(..).map(|part| (part, span()));
        let placed = placed.chain(args.map(|arg| (arg.get_ref(), arg.span())));
        let resolve = |(part, span): (&Value, _)| {
            self.argument(part).map_err(|reason| self.error(&reason, span))
        };
        let mut program = StdioCommand::new(placed.map(resolve).collect::<Result<Vec<_>, _>>()?);
        for (name, value) in self.resolved_values(&entry.env)? {
            program = program.env(name, value);
        }
        for name in entry.inherit_env.iter().flat_map(Spanned::get_ref) {
            program = program.inherit_env(name);
        }
        if let Some(folder) = &entry.cwd {
            program = program.current_dir(self.resolved(folder)?);
        }
        if let Some(timeout) = &entry.idle_timeout {
            let rule = DurationRule { zero: true, ..DurationRule::seconds("idle_timeout") };
            program = program.idle_timeout(match self.duration(&rule, timeout)? {
                Duration::ZERO => Duration::MAX,
                timeout => timeout,
            });
        }
        if let Some(timeout) = &entry.probe_timeout {
            let rule = DurationRule::seconds("probe_timeout");
            program = program.probe_timeout(self.duration(&rule, timeout)?);
        }
        Ok(self.variables.redact_values(program))
    }

    /// Returns an argument as text. Tables and arrays become JSON.
    fn argument(&self, value: &Value) -> Result<String, String> {
        match value {
            Value::String(text) => self.resolve(text),
            Value::Datetime(time) => Ok(time.to_string()),
            other => Ok(self.json(other)?.to_string()),
        }
    }

    fn json(&self, value: &Value) -> Result<serde_json::Value, String> {
        use serde_json::Value as Json;
        Ok(match value {
            Value::String(text) => Json::String(self.resolve(text)?),
            Value::Integer(number) => Json::from(*number),
            Value::Float(number) => Json::from(*number),
            Value::Boolean(truth) => Json::Bool(*truth),
            Value::Datetime(time) => Json::String(time.to_string()),
            Value::Array(values) => {
                Json::Array(values.iter().map(|value| self.json(value)).collect::<Result<_, _>>()?)
            }
            Value::Table(members) => {
                let member = |(name, value): (&String, _)| Ok((name.clone(), self.json(value)?));
                Json::Object(members.iter().map(member).collect::<Result<_, String>>()?)
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::{Server, StdioCommand, config::toml_file::tests::read};

    #[test]
    fn reads_all_keys_of_a_stdio_server() {
        let config = read(
            r#"
            [servers.a]
            transport = "stdio"
            command = "npx"
            args = ["-y", 7, true, { key = "${KEY}", list = [1, 2.5] }, ["a", "b"], 1979-05-27]
            env = { TOKEN = "${KEY}" }
            inherit_env = ["LANG"]
            cwd = "/srv/${KEY}"
            timeout = 60
            idle_timeout = 0
            probe_timeout = 2.5
            [servers.b]
            command = ["npx", "-y"]
            args = ["${KEY}"]
            "#,
        )
        .unwrap();
        let structured = r#"{"key":"s3cret","list":[1,2.5]}"#;
        let program = ["npx", "-y", "7", "true", structured, r#"["a","b"]"#, "1979-05-27"];
        let program = StdioCommand::new(program).env("TOKEN", "s3cret").inherit_env("LANG");
        let program = program.current_dir("/srv/s3cret").idle_timeout(Duration::MAX);
        let program = program.probe_timeout(Duration::from_millis(2500)).redact("s3cret");
        let expected = Server::stdio(program).timeout(Duration::from_secs(60));
        assert_eq!(config.servers["a"], expected);
        let program = StdioCommand::new(["npx", "-y", "s3cret"]).redact("s3cret");
        assert_eq!(config.servers["b"], Server::stdio(program));
        assert!(!format!("{config:?}").replace("/srv/s3cret", "").contains("s3cret"));
    }

    #[test]
    fn errors_have_a_position() {
        for (text, expected) in [
            (
                "command = 7",
                r#"line 2, column 11: server "a": "command": expected a program, or an array"#,
            ),
            (
                "command = []",
                r#"line 2, column 11: server "a": "command": expected a program, or an array"#,
            ),
            (
                "command = 'x'\nargs = ['${NONE']",
                r#"line 3, column 9: server "a": missing "}" after "${""#,
            ),
            (
                "command = 'x'\nargs = [{ a = '${NONE' }]",
                r#"line 3, column 9: server "a": missing "}" after "${""#,
            ),
            (
                "command = 'x'\nidle_timeout = -1",
                r#"line 3, column 16: server "a": "idle_timeout" must not be negative"#,
            ),
            (
                "url = ''\nargs = []",
                r#"line 3, column 8: server "a": "args" is only allowed with transport "stdio""#,
            ),
            (
                "url = ''\ncwd = ''",
                r#"line 3, column 7: server "a": "cwd" is only allowed with transport "stdio""#,
            ),
        ] {
            let error = read(&format!("[servers.a]\n{text}")).unwrap_err();
            assert!(error.starts_with(expected), "{text}: {error}");
        }
    }
}
