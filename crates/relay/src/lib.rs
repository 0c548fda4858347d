//! The tools of many MCP servers for an LLM, on behalf of many users.
