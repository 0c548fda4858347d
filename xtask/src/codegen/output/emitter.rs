//! The context for writing definitions.

use proc_macro2::TokenStream;
use quote::quote;

use crate::codegen::{docs::Docs, methods::Method};

/// The revision that is written, with its documentation and methods.
pub(crate) struct Emitter<'a> {
    pub(crate) revision: &'a str,
    pub(crate) docs: &'a Docs,
    pub(crate) methods: &'a [Method],
}

impl Emitter<'_> {
    /// Returns the text for a path as doc attributes, one for each line.
    pub(crate) fn doc(&self, path: &str) -> TokenStream {
        let lines = self.docs.text(self.revision, path).lines().map(|line| match line {
            "" => String::new(),
            _ => format!(" {line}"),
        });
        quote!(#(#[doc = #lines])*)
    }
}
