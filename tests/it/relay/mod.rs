//! The registry: users, tools, cache, errors.
