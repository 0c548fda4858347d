//! Writes the Rust of each definition: structs, enumerations, unions and methods.

use anyhow::{Context, Result};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use serde_json::Value;
use syn::Ident;

use super::{
    emitter::Emitter,
    format::{is_boxed, macro_call, print, type_ident},
    struct_item::StructFields,
};
use crate::codegen::{
    definitions::pascal,
    methods::{Method, is_input},
    shape::{Shape, Variant},
};

impl Emitter<'_> {
    /// Returns the Rust of one definition. `structure` is the struct that typify generated.
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
            Shape::HandWritten(hand_written) if *hand_written == name => Ok(String::new()),
            Shape::HandWritten(hand_written) => {
                let (doc, hand_written) =
                    (self.doc(path), syn::parse_str::<syn::Type>(hand_written)?);
                print(&quote!(#doc pub type #ident = #hand_written;))
            }
            Shape::Map(values) => {
                let (doc, values) = (self.doc(path), type_ident(values));
                print(&quote!(#doc pub type #ident = BTreeMap<String, #values>;))
            }
            Shape::Method => self.method_marker(name, path),
            Shape::StringEnum(values) => self.string_enum(&ident, path, values),
            Shape::Tagged { tag, string_members, variants, default } => {
                let default = default.as_ref().map(|variant| variant_line("else ", variant));
                let lines = variant_lines(variants) + &default.unwrap_or_default();
                let head = format!("{ident} by {tag:?}{}", strings_clause(string_members));
                let call = macro_call("tagged", &head, &lines);
                Ok(self.union_enum(&ident, path, variants)? + &call)
            }
            Shape::Keyed { string_members, variants } => {
                let head = format!("{ident}{}", strings_clause(string_members));
                let call = macro_call("keyed", &head, &variant_lines(variants));
                Ok(self.union_enum(&ident, path, variants)? + &call)
            }
            Shape::Struct { tag } => {
                let structure = structure.context("typify generated no struct")?;
                let fields = StructFields::of(structure, schema, tag.as_ref())?;
                let item = fields.write(&ident, path, self)?;
                Ok(item + &self.extra_impls(name, schema)?)
            }
        }
    }

    fn method_marker(&self, name: &str, path: &str) -> Result<String> {
        let (doc, ident) = (self.doc(path), type_ident(name));
        let implementation = self.method_impl(name)?;
        print(&quote! {
            #doc
            #[derive(Debug, Clone, Copy)]
            pub enum #ident {}
            #implementation
        })
    }

    /// Returns the `impl` that connects a method with its types.
    fn method_impl(&self, name: &str) -> Result<TokenStream> {
        let method = self.methods.iter().find(|method| method.definition == name);
        let method = method.context("this is not a method")?;
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

    /// Returns the `impl` blocks of a struct other than serialization.
    fn extra_impls(&self, name: &str, schema: &Value) -> Result<String> {
        let mut implementations = TokenStream::new();
        if is_input(schema) {
            implementations.extend(self.method_impl(name)?);
        }
        let result =
            |method: &&Method| method.may_require_input && method.result.as_deref() == Some(name);
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

    fn string_enum(&self, ident: &Ident, path: &str, values: &[String]) -> Result<String> {
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
                /// A value that this protocol version does not define.
                Unknown(String),
            }
        })?;
        let line = |value: &String| format!("        {} = {value:?},\n", pascal(value));
        let lines = values.iter().map(line).collect::<String>();
        Ok(item + &macro_call("string_enum", &ident.to_string(), &lines))
    }

    fn union_enum(&self, ident: &Ident, path: &str, variants: &[Variant]) -> Result<String> {
        let doc = self.doc(path);
        let variants = variants.iter().map(|variant| {
            let doc = self.doc(&variant.definition);
            let (name, ty) = (format_ident!("{}", variant.name()), type_ident(&variant.definition));
            let ty = if is_boxed(&variant.definition) { quote!(Box<#ty>) } else { quote!(#ty) };
            quote!(#doc #name(#ty))
        });
        print(&quote! {
            #doc
            #[derive(Debug, Clone, PartialEq)]
            #[non_exhaustive]
            pub enum #ident {
                #(#variants,)*
                /// An unknown object, as received.
                Unknown(JsonObject),
            }
        })
    }
}

fn variant_lines(variants: &[Variant]) -> String {
    variants.iter().map(|variant| variant_line("", variant)).collect()
}

fn variant_line(before: &str, variant: &Variant) -> String {
    let ty = type_ident(&variant.definition);
    format!("        {before}{:?} => {}({ty}),\n", variant.by, variant.name())
}

/// Names the members of a union that are read before its variant is known.
fn strings_clause(string_members: &[String]) -> String {
    let names: String = string_members.iter().map(|name| format!(" {name:?}")).collect();
    if names.is_empty() { names } else { format!(", texts{names}") }
}
