//! Writes the Rust of each definition: typify's structs made over, and our own enumerations,
//! unions and methods.

use std::fmt::Write as _;

use anyhow::{Context, Result, ensure};
use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote};
use serde_json::Value;
use syn::Ident;

use crate::{
    docs::Docs,
    model::{pascal, requires, type_name},
    shape::{Arm, Method, Shape},
};

/// The Rust of one definition.
pub(crate) fn definition(
    name: &str,
    schema: &Value,
    shape: &Shape,
    structure: Option<&syn::ItemStruct>,
    docs: &Docs,
) -> Result<String> {
    let path = schema["description"].as_str().unwrap_or(name);
    let doc = doc(docs.text(path));
    let ident = format_ident!("{}", type_name(name));
    match shape {
        Shape::Native(native) if *native == name => Ok(String::new()),
        Shape::Native(native) => {
            let native: syn::Type = syn::parse_str(native)?;
            print(&quote!(#doc pub type #ident = #native;))
        }
        Shape::Method(method) => marker(&ident, method, &doc),
        Shape::Strings(values) => strings(&ident, values, path, &doc, docs),
        Shape::Tagged { tag, arms, default } => {
            let mut lines = arm_lines(arms);
            if let Some(default) = default {
                writeln!(lines, "        else {}", default.variant())?;
            }
            let head = format!("{ident} by {tag:?}");
            Ok(union(&ident, arms, &doc, docs)? + &macro_call("tagged", &head, &lines))
        }
        Shape::Keyed(arms) => {
            let call = macro_call("keyed", &ident.to_string(), &arm_lines(arms));
            Ok(union(&ident, arms, &doc, docs)? + &call)
        }
        Shape::Struct { tag } => {
            let structure = structure.context("typify made no struct of it")?;
            let fields = Fields::of(structure, schema, tag.as_ref())?;
            fields.print(&ident, tag.as_ref(), &doc, docs)
        }
    }
}

fn marker(ident: &Ident, method: &Method, doc: &TokenStream) -> Result<String> {
    let params = format_ident!("{}", type_name(&method.params));
    let name = &method.name;
    let implementation = match &method.result {
        Some(result) => {
            let result = format_ident!("{}", type_name(result));
            quote! {
                impl Method for #ident {
                    const NAME: &'static str = #name;
                    type Params = #params;
                    type Result = #result;
                }
            }
        }
        None => quote! {
            impl NotificationMethod for #ident {
                const NAME: &'static str = #name;
                type Params = #params;
            }
        },
    };
    print(&quote! {
        #doc
        #[derive(Debug, Clone, Copy)]
        pub enum #ident {}
        #implementation
    })
}

fn strings(
    ident: &Ident,
    values: &[String],
    path: &str,
    doc: &TokenStream,
    docs: &Docs,
) -> Result<String> {
    let variants = values.iter().map(|value| {
        let doc = self::doc(docs.text(&format!("{path}.{value}")));
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
    let lines = values.iter().map(|value| format!("        {} = {value:?},\n", pascal(value)));
    Ok(item + &macro_call("string_enum", &ident.to_string(), &lines.collect::<String>()))
}

fn union(ident: &Ident, arms: &[Arm], doc: &TokenStream, docs: &Docs) -> Result<String> {
    let variants = arms.iter().map(|arm| {
        let doc = self::doc(docs.text(&arm.definition));
        let (variant, ty) =
            (format_ident!("{}", arm.variant()), format_ident!("{}", type_name(&arm.definition)));
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

fn arm_lines(arms: &[Arm]) -> String {
    arms.iter()
        .map(|arm| {
            let ty = type_name(&arm.definition);
            format!("        {:?} => {}({ty}),\n", arm.by, arm.variant())
        })
        .collect()
}

/// The fields of a struct, in the order of the schema.
struct Fields(Vec<Field>);

struct Field {
    ident: Ident,
    /// The name on the wire.
    member: String,
    path: String,
    /// The type, without the `Option` of an optional member.
    ty: syn::Type,
    required: bool,
}

impl Fields {
    fn of(
        structure: &syn::ItemStruct,
        schema: &Value,
        tag: Option<&(String, String)>,
    ) -> Result<Self> {
        let fields = structure.fields.iter().map(|field| Field::of(field, schema));
        let mut fields = fields.collect::<Result<Vec<_>>>()?;
        fields.retain(|field| tag.is_none_or(|(tag, _)| *tag != field.member));
        ensure!(fields.iter().all(|field| field.ident != "extra"), "a member is called `extra`");
        fields.sort_by(|a, b| a.member.cmp(&b.member));
        Ok(Self(fields))
    }

    fn print(
        &self,
        ident: &Ident,
        tag: Option<&(String, String)>,
        doc: &TokenStream,
        docs: &Docs,
    ) -> Result<String> {
        let fields = self.0.iter().map(|field| {
            let doc = self::doc(docs.text(&field.path));
            let (ident, ty) = (&field.ident, field.declared());
            quote!(#doc pub #ident: #ty)
        });
        let default = self.0.iter().all(|field| !field.required).then(|| quote!(Default,));
        let constructor = default.is_none().then(|| self.constructor());
        let setters = self.0.iter().filter(|field| !field.required).map(Field::setter);
        let item = print(&quote! {
            #doc
            #[derive(Debug, Clone, #default PartialEq)]
            #[non_exhaustive]
            pub struct #ident {
                #(#fields,)*
                /// Members that this revision does not name.
                pub extra: JsonObject,
            }
            impl #ident {
                #constructor
                #(#setters)*
            }
        })?;
        let head = match tag {
            Some((tag, constant)) => format!("{ident} with {tag:?} = {constant:?}"),
            None => ident.to_string(),
        };
        let lines = self.0.iter().map(Field::line).collect::<String>();
        Ok(item + &macro_call("object", &head, &lines))
    }

    fn constructor(&self) -> TokenStream {
        let mut arguments: Vec<_> = self.0.iter().filter(|field| field.required).collect();
        arguments.sort_by_key(|field| !FIRST.contains(&field.member.as_str()));
        let arguments = arguments.into_iter().map(Field::argument);
        let fields = self.0.iter().map(|field| {
            let ident = &field.ident;
            match (field.required, field.is("String")) {
                (true, true) => quote!(#ident: #ident.into()),
                (true, false) => quote!(#ident),
                (false, _) => quote!(#ident: None),
            }
        });
        quote! {
            /// Makes one of the required members.
            pub fn new(#(#arguments),*) -> Self {
                Self { #(#fields,)* extra: JsonObject::new() }
            }
        }
    }
}

/// Members that are the first argument of a constructor; the others follow as in the schema.
const FIRST: [&str; 4] = ["name", "progressToken", "role", "uri"];

impl Field {
    fn of(field: &syn::Field, schema: &Value) -> Result<Self> {
        let ident = field.ident.clone().context("typify made a field without a name")?;
        let member = wire_name(field).unwrap_or_else(|| ident.to_string());
        let required = requires(schema, &member);
        let ty = shorten(&field.ty);
        let ty = if required {
            ty
        } else {
            optional(&ty).with_context(|| format!("typify lost that `{member}` is optional"))?
        };
        let path = schema["properties"][&member]["description"].as_str();
        let path = path.with_context(|| format!("typify invented `{member}`"))?.to_owned();
        Ok(Self { ident, member, path, ty, required })
    }

    fn declared(&self) -> TokenStream {
        let ty = &self.ty;
        if self.required { ty.to_token_stream() } else { quote!(Option<#ty>) }
    }

    fn argument(&self) -> TokenStream {
        let (ident, ty) = (&self.ident, &self.ty);
        if self.is("String") { quote!(#ident: impl Into<String>) } else { quote!(#ident: #ty) }
    }

    fn setter(&self) -> TokenStream {
        let (ident, argument) = (&self.ident, self.argument());
        let name = format_ident!("with_{}", ident.to_string().trim_end_matches('_'));
        let doc = format!(" Sets [`{ident}`](Self::{ident}).");
        let value = if self.is("String") { quote!(#ident.into()) } else { quote!(#ident) };
        quote! {
            #[doc = #doc]
            pub fn #name(mut self, #argument) -> Self {
                self.#ident = Some(#value);
                self
            }
        }
    }

    /// The line of the `object!` macro.
    fn line(&self) -> String {
        let kind = match (self.required, self.ty.to_token_stream().to_string().as_str()) {
            (true, "f64") => "number",
            (true, _) => "required",
            (false, "f64") => "optional_number",
            (false, "Value") => "nullable",
            (false, _) => "optional",
        };
        format!("        {kind} {} = {:?},\n", self.ident, self.member)
    }

    fn is(&self, ty: &str) -> bool {
        self.ty.to_token_stream().to_string() == ty
    }
}

/// The name that serde gives a field.
fn wire_name(field: &syn::Field) -> Option<String> {
    let mut name = None;
    for attribute in field.attrs.iter().filter(|attribute| attribute.path().is_ident("serde")) {
        // Only `rename` is looked for; what follows it is of no interest.
        let _ = attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("rename") {
                name = Some(meta.value()?.parse::<syn::LitStr>()?.value());
            }
            Ok(())
        });
    }
    name
}

/// A type without the modules that typify writes out.
fn shorten(ty: &syn::Type) -> syn::Type {
    let syn::Type::Path(path) = ty else { return ty.clone() };
    let Some(mut segment) = path.path.segments.last().cloned() else { return ty.clone() };
    if let syn::PathArguments::AngleBracketed(arguments) = &mut segment.arguments {
        for argument in &mut arguments.args {
            if let syn::GenericArgument::Type(inner) = argument {
                *inner = shorten(inner);
            }
        }
        arguments.colon2_token = None;
    }
    match segment.to_token_stream().to_string().as_str() {
        "Map < String , Value >" => syn::parse_quote!(JsonObject),
        _ => syn::parse_quote!(#segment),
    }
}

/// What an `Option` is of.
fn optional(ty: &syn::Type) -> Option<syn::Type> {
    let syn::Type::Path(path) = ty else { return None };
    let segment = path.path.segments.last().filter(|segment| segment.ident == "Option")?;
    let syn::PathArguments::AngleBracketed(arguments) = &segment.arguments else { return None };
    match arguments.args.first()? {
        syn::GenericArgument::Type(inner) => Some(inner.clone()),
        _ => None,
    }
}

/// A text as documentation, line by line.
fn doc(text: &str) -> TokenStream {
    let lines = text.lines().map(|line| match line {
        "" => String::new(),
        _ => format!(" {line}"),
    });
    quote!(#(#[doc = #lines])*)
}

fn print(items: &TokenStream) -> Result<String> {
    let file = syn::parse2(items.clone()).with_context(|| format!("not Rust: {items}"))?;
    Ok(prettyplease::unparse(&file))
}

/// A macro call, which prettyplease would put on one line.
fn macro_call(name: &str, head: &str, lines: &str) -> String {
    format!("{name}! {{\n    {head} {{\n{lines}    }}\n}}\n")
}
