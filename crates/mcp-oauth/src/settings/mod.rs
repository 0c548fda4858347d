//! Settings of an application, and of one MCP server.

mod settings;

pub use mcp_http::OAuthSettings;

pub use self::settings::Settings;
