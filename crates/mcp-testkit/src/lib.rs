//! A scripted Model Context Protocol server for tests and demonstrations.
