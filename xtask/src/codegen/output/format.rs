//! Formatting of generated code, names of types, and boxed types.

use anyhow::{Context, Result};
use proc_macro2::TokenStream;
use quote::format_ident;
use syn::Ident;

use crate::codegen::definitions::type_name;

/// Types that other types hold in a `Box`. They are large and rare, and would make every value of
/// those types large.
const BOXED: [&str; 3] = ["Annotations", "EmbeddedResource", "ResourceLink"];

pub(crate) fn is_boxed(definition: &str) -> bool {
    BOXED.contains(&definition)
}

/// Formats items.
pub(crate) fn print(items: &TokenStream) -> Result<String> {
    let file = syn::parse2(items.clone()).with_context(|| format!("not Rust: {items}"))?;
    Ok(prettyplease::unparse(&file))
}

/// Formats a macro call on several lines. prettyplease would put it on one line.
pub(crate) fn macro_call(name: &str, head: &str, lines: &str) -> String {
    format!("{name}! {{\n    {head} {{\n{lines}    }}\n}}\n")
}

/// Returns the identifier of the Rust type of a definition.
pub(crate) fn type_ident(definition: &str) -> Ident {
    format_ident!("{}", type_name(definition))
}
