//! Formatting generated code, and the names and pointers that it uses.

use anyhow::{Context, Result};
use proc_macro2::TokenStream;
use quote::format_ident;
use syn::Ident;

use crate::codegen::definitions::type_name;

/// What is kept behind a pointer wherever it is part of something else: rare there, and so large
/// that the usual, such as a text, would be moved around with the room for it.
const BOXED: [&str; 3] = ["Annotations", "EmbeddedResource", "ResourceLink"];

pub(crate) fn is_boxed(definition: &str) -> bool {
    BOXED.contains(&definition)
}

/// Formats items.
pub(crate) fn print(items: &TokenStream) -> Result<String> {
    let file = syn::parse2(items.clone()).with_context(|| format!("not Rust: {items}"))?;
    Ok(prettyplease::unparse(&file))
}

/// Formats the call of a macro, which prettyplease would put on one line.
pub(crate) fn macro_call(name: &str, head: &str, lines: &str) -> String {
    format!("{name}! {{\n    {head} {{\n{lines}    }}\n}}\n")
}

/// The identifier of the Rust type of a definition.
pub(crate) fn type_ident(definition: &str) -> Ident {
    format_ident!("{}", type_name(definition))
}
