//! The capabilities that a handler declares to servers.

use mcp_types::{
    JsonObject, Method,
    v2026_07_28::{
        ClientCapabilities, ClientCapabilitiesElicitation, ClientCapabilitiesSampling,
        CreateMessageRequest, ElicitRequest, ListRootsRequest,
    },
};

/// The client capabilities that a [`Handler`](crate::Handler) supports.
///
/// # Examples
/// ```
/// use mcp_client::HandlerCapabilities;
///
/// let capabilities = HandlerCapabilities::none().form().url();
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[must_use]
pub struct HandlerCapabilities {
    pub(crate) form: bool,
    pub(crate) url: bool,
    pub(crate) sampling: bool,
    pub(crate) tools: bool,
    pub(crate) roots: bool,
}

impl HandlerCapabilities {
    /// Declares no capabilities.
    pub const fn none() -> Self {
        Self { form: false, url: false, sampling: false, tools: false, roots: false }
    }

    /// Adds form mode elicitation: [`Handler::elicit_form`](crate::Handler::elicit_form).
    pub const fn form(self) -> Self {
        Self { form: true, ..self }
    }

    /// Adds URL mode elicitation: [`Handler::elicit_url`](crate::Handler::elicit_url).
    pub const fn url(self) -> Self {
        Self { url: true, ..self }
    }

    /// Adds sampling without tools: [`Handler::create_message`](crate::Handler::create_message).
    pub const fn sampling(self) -> Self {
        Self { sampling: true, ..self }
    }

    /// Adds sampling with tools that the model may use:
    /// [`Handler::create_message`](crate::Handler::create_message).
    pub const fn sampling_with_tools(self) -> Self {
        Self { sampling: true, tools: true, ..self }
    }

    /// Adds roots: [`Handler::list_roots`](crate::Handler::list_roots).
    pub const fn roots(self) -> Self {
        Self { roots: true, ..self }
    }

    /// Returns `true` if the handler supports this method, in any mode.
    pub(crate) fn supports(self, method: &str) -> bool {
        match method {
            ElicitRequest::NAME => self.form || self.url,
            CreateMessageRequest::NAME => self.sampling,
            ListRootsRequest::NAME => self.roots,
            _ => false,
        }
    }

    /// Converts the capabilities to their form on the wire. An elicitation capability without a
    /// mode would stand for forms, so it is left out if no mode is supported (MCP
    /// client/elicitation, "Capabilities").
    pub(crate) fn to_client_capabilities(self) -> ClientCapabilities {
        let present = |supported: bool| supported.then(JsonObject::new);
        let mut elicitation = ClientCapabilitiesElicitation::default();
        (elicitation.form, elicitation.url) = (present(self.form), present(self.url));
        let mut sampling = ClientCapabilitiesSampling::default();
        sampling.tools = present(self.tools);
        let mut capabilities = ClientCapabilities::default();
        capabilities.elicitation = (self.form || self.url).then_some(elicitation);
        capabilities.sampling = self.sampling.then_some(sampling);
        capabilities.roots = present(self.roots);
        capabilities
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_supported_features_are_declared() {
        // LIFE-10, ELIC-01, SAMP-01, ROOT-01, N-ELIC-01
        let none = HandlerCapabilities::none();
        for (capabilities, declared) in [
            (none, "{}"),
            (none.form(), r#"{"elicitation":{"form":{}}}"#),
            (none.url(), r#"{"elicitation":{"url":{}}}"#),
            (none.form().url(), r#"{"elicitation":{"form":{},"url":{}}}"#),
            (none.sampling(), r#"{"sampling":{}}"#),
            (none.sampling_with_tools(), r#"{"sampling":{"tools":{}}}"#),
            (none.roots(), r#"{"roots":{}}"#),
        ] {
            assert_eq!(
                serde_json::to_string(&capabilities.to_client_capabilities()).unwrap(),
                declared
            );
        }
    }
}
