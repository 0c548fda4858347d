//! Streamable HTTP transport for Model Context Protocol clients, with bearer tokens.
