//! Writes the Rust of each definition: typify's structs made over, and our own enumerations,
//! unions and methods.

use anyhow::{Context, Result};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use serde_json::Value;
use syn::Ident;

use super::{
    emitter::Emitter,
    format::{is_boxed, macro_call, print, type_ident},
    struct_item::Fields,
};
use crate::codegen::{
    definitions::pascal,
    methods::{Method, is_input},
    shape::{Arm, Shape},
};

impl Emitter<'_> {
    /// The Rust of one definition; `structure` is typify's, if it is a struct.
    pub(crate) fn definition(
        &self,
        name: &str,
        schema: &Value,
        shape: &Shape,
        structure: Option<&syn::ItemStruct>,
    ) -> Result<String> {
        let path = schema["description"].as_str().unwrap_or(name);
        let ident = type_ident(name);
        match shape {
            Shape::Native(native) if *native == name => Ok(String::new()),
            Shape::Native(native) => {
                let (doc, native) = (self.doc(path), syn::parse_str::<syn::Type>(native)?);
                print(&quote!(#doc pub type #ident = #native;))
            }
            Shape::Map(values) => {
                let (doc, values) = (self.doc(path), type_ident(values));
                print(&quote!(#doc pub type #ident = BTreeMap<String, #values>;))
            }
            Shape::Method => self.marker(name, path),
            Shape::Strings(values) => self.strings(&ident, path, values),
            Shape::Tagged { tag, texts, arms, default } => {
                let default = default.as_ref().map(|arm| arm_line("else ", arm));
                let lines = arm_lines(arms) + &default.unwrap_or_default();
                let head = format!("{ident} by {tag:?}{}", in_passing(texts));
                let call = macro_call("tagged", &head, &lines);
                Ok(self.union(&ident, path, arms)? + &call)
            }
            Shape::Keyed { texts, arms } => {
                let head = format!("{ident}{}", in_passing(texts));
                let call = macro_call("keyed", &head, &arm_lines(arms));
                Ok(self.union(&ident, path, arms)? + &call)
            }
            Shape::Struct { tag } => {
                let structure = structure.context("typify made no struct of it")?;
                let fields = Fields::of(structure, schema, tag.as_ref())?;
                let item = fields.print(&ident, path, self)?;
                Ok(item + &self.implementations(name, schema)?)
            }
        }
    }

    fn marker(&self, name: &str, path: &str) -> Result<String> {
        let (doc, ident) = (self.doc(path), type_ident(name));
        let implementation = self.method(name)?;
        print(&quote! {
            #doc
            #[derive(Debug, Clone, Copy)]
            pub enum #ident {}
            #implementation
        })
    }

    /// The implementation that ties a method to its types.
    fn method(&self, name: &str) -> Result<TokenStream> {
        let method = self.methods.iter().find(|method| method.definition == name);
        let method = method.context("this is no method")?;
        let (wire, ident, params) = (&method.name, type_ident(name), type_ident(&method.params));
        let result = method.result_type().map(|result| syn::parse_str::<syn::Type>(&result));
        let result = result.transpose()?;
        let of = if result.is_some() { quote!(Method) } else { quote!(NotificationMethod) };
        let result = result.map(|result| quote!(type Result = #result;));
        Ok(quote! {
            impl #of for #ident {
                const NAME: &'static str = #wire;
                type Params = #params;
                #result
            }
        })
    }

    /// What a struct implements beyond reading and writing.
    fn implementations(&self, name: &str, schema: &Value) -> Result<String> {
        let mut implementations = TokenStream::new();
        if is_input(schema) {
            implementations.extend(self.method(name)?);
        }
        let result = |method: &&Method| method.or_input && method.result.as_deref() == Some(name);
        if self.methods.iter().any(|method| result(&method)) {
            let ident = type_ident(name);
            implementations.extend(quote! {
                impl Outcome for #ident {
                    fn kind(&self) -> Option<&str> {
                        self.result_type.as_deref()
                    }
                }
            });
        }
        print(&implementations)
    }

    fn strings(&self, ident: &Ident, path: &str, values: &[String]) -> Result<String> {
        let doc = self.doc(path);
        let variants = values.iter().map(|value| {
            let doc = self.doc(&format!("{path}.{value}"));
            let variant = format_ident!("{}", pascal(value));
            quote!(#doc #variant)
        });
        let item = print(&quote! {
            #doc
            #[derive(Debug, Clone, PartialEq, Eq, Hash)]
            #[non_exhaustive]
            pub enum #ident {
                #(#variants,)*
                /// A value that this revision does not name.
                Unknown(String),
            }
        })?;
        let line = |value: &String| format!("        {} = {value:?},\n", pascal(value));
        let lines = values.iter().map(line).collect::<String>();
        Ok(item + &macro_call("string_enum", &ident.to_string(), &lines))
    }

    fn union(&self, ident: &Ident, path: &str, arms: &[Arm]) -> Result<String> {
        let doc = self.doc(path);
        let variants = arms.iter().map(|arm| {
            let doc = self.doc(&arm.definition);
            let (variant, ty) = (format_ident!("{}", arm.variant()), type_ident(&arm.definition));
            let ty = if is_boxed(&arm.definition) { quote!(Box<#ty>) } else { quote!(#ty) };
            quote!(#doc #variant(#ty))
        });
        print(&quote! {
            #doc
            #[derive(Debug, Clone, PartialEq)]
            #[non_exhaustive]
            pub enum #ident {
                #(#variants,)*
                /// An object that this revision does not know, as it arrived.
                Unknown(JsonObject),
            }
        })
    }
}

fn arm_lines(arms: &[Arm]) -> String {
    arms.iter().map(|arm| arm_line("", arm)).collect()
}

fn arm_line(before: &str, arm: &Arm) -> String {
    let ty = type_ident(&arm.definition);
    format!("        {before}{:?} => {}({ty}),\n", arm.by, arm.variant())
}

/// The members of a union that are read before it is known which arm it is.
fn in_passing(texts: &[String]) -> String {
    let texts: String = texts.iter().map(|text| format!(" {text:?}")).collect();
    if texts.is_empty() { texts } else { format!(", texts{texts}") }
}
