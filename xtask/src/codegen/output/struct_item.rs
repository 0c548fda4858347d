//! Writes structs from those of typify, with short types, a constructor, setters and the macro call
//! for serialization.

use anyhow::{Context, Result, ensure};
use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote};
use serde_json::Value;
use syn::{Ident, Type};

use super::{
    emitter::Emitter,
    format::{is_boxed, macro_call, print},
};
use crate::codegen::definitions::requires;

/// Members that are the first arguments of a constructor. The others follow in the order of the
/// schema.
const LEADING_ARGUMENTS: [&str; 6] = ["name", "progressToken", "role", "uri", "taskId", "status"];

/// Members that are only hints. A number out of range must not make the message invalid (MCP
/// 2026-07-28, server/utilities/caching).
const HINTS: [&str; 1] = ["ttlMs"];

/// Members that are optional when read, and their values in a new result. The schema requires them
/// (MCP 2026-07-28, basic, "ResultType"; server/utilities/caching).
const INITIAL_VALUES: [(&str, &str); 3] = [
    ("resultType", r#""complete".to_owned()"#),
    ("ttlMs", "0"),
    ("cacheScope", "CacheScope::Private"),
];

/// The result with another `resultType`.
const INPUT_REQUIRED: &str = "InputRequiredResult";

/// The members of a struct, in the order of the schema.
pub(crate) struct StructFields {
    fields: Vec<Field>,
    /// The constant member, which is not a field.
    tag: Option<(String, String)>,
}

struct Field {
    ident: Ident,
    /// The name on the wire.
    member: String,
    /// The path of the documentation.
    path: String,
    /// The type, without the `Option` of an optional member.
    ty: Type,
    required: bool,
    constant: bool,
}

impl StructFields {
    pub(crate) fn of(
        structure: &syn::ItemStruct,
        schema: &Value,
        tag: Option<&(String, String)>,
    ) -> Result<Self> {
        let fields = structure.fields.iter().map(|field| Field::of(field, schema));
        let mut fields = fields.collect::<Result<Vec<_>>>()?;
        ensure!(fields.iter().all(|field| field.ident != "extra"), "a member is called \"extra\"");
        fields.retain(|field| tag.is_none_or(|(tag, _)| *tag != field.member));
        fields.sort_by(|a, b| a.member.cmp(&b.member));
        Ok(Self { fields, tag: tag.cloned() })
    }

    pub(crate) fn write(&self, ident: &Ident, path: &str, emitter: &Emitter<'_>) -> Result<String> {
        let doc = emitter.doc(path);
        let fields = self.fields.iter().map(|field| {
            let (doc, ident, ty) = (emitter.doc(&field.path), &field.ident, field.declared_type());
            quote!(#doc pub #ident: #ty)
        });
        let is_default = |field: &Field| !field.required && field.initial_value(ident).is_none();
        let default = self.fields.iter().all(is_default).then(|| quote!(Default,));
        let constructor = default.is_none().then(|| self.constructor(ident));
        // No setter for constants: another value would belong to another variant of a union.
        let optional = self.fields.iter().filter(|field| !field.required && !field.constant);
        let setters = optional.map(Field::setter);
        let item = print(&quote! {
            #doc
            #[derive(Debug, Clone, #default PartialEq)]
            #[non_exhaustive]
            pub struct #ident {
                #(#fields,)*
                /// Members that this protocol version does not define.
                pub extra: JsonObject,
            }
            impl #ident {
                #constructor
                #(#setters)*
            }
        })?;
        Ok(item + &self.implementation(ident))
    }

    fn constructor(&self, structure: &Ident) -> TokenStream {
        let mut arguments: Vec<_> = self.fields.iter().filter(|field| field.required).collect();
        let first =
            |field: &&Field| LEADING_ARGUMENTS.iter().position(|first| *first == field.member);
        arguments.sort_by_key(|field| first(field).unwrap_or(LEADING_ARGUMENTS.len()));
        let arguments = arguments.into_iter().map(Field::argument);
        let fields = self.fields.iter().map(|field| {
            let ident = &field.ident;
            match (field.required, field.is_converted(), field.initial_value(structure)) {
                (true, true, _) => quote!(#ident: #ident.into()),
                (true, false, _) => quote!(#ident),
                (false, _, Some(initial_value)) => quote!(#ident: Some(#initial_value)),
                (false, _, None) => quote!(#ident: None),
            }
        });
        let has = |name: &str| self.fields.iter().any(|field| field.member == name);
        let doc = match structure == INPUT_REQUIRED {
            true => " Creates a result without input requests.",
            false if has("ttlMs") => {
                " Creates a complete result from its required members. It is immediately stale."
            }
            false if has("resultType") => " Creates a complete result from its required members.",
            false => " Creates a value from its required members.",
        };
        quote! {
            #[doc = #doc]
            pub fn new(#(#arguments),*) -> Self {
                Self { #(#fields,)* extra: JsonObject::new() }
            }
        }
    }

    fn implementation(&self, ident: &Ident) -> String {
        let head = match &self.tag {
            Some((tag, constant)) => format!("{ident} with {tag:?} = {constant:?}"),
            None => ident.to_string(),
        };
        let lines = self.fields.iter().map(Field::macro_line).collect::<String>();
        macro_call("object", &head, &lines)
    }
}

impl Field {
    fn of(field: &syn::Field, schema: &Value) -> Result<Self> {
        let ident = field.ident.clone().context("typify generated a field without a name")?;
        let member = wire_name(field).unwrap_or_else(|| ident.to_string());
        let path = schema["properties"][&member]["description"].as_str();
        let path = path
            .with_context(|| format!("typify generated the unknown member \"{member}\""))?
            .to_owned();
        let ident = if member.contains('/') { without_prefix(&member) } else { ident };
        let required = requires(schema, &member);
        let constant = schema["properties"][&member].get("const").is_some();
        let mut ty = without_module_paths(&field.ty);
        if !required {
            let lost = || format!("typify lost that \"{member}\" is optional");
            ty = option_argument(&ty).with_context(lost)?;
        }
        Ok(Self { ident, member, path, ty, required, constant })
    }

    /// Returns the value of an optional member in a new struct.
    fn initial_value(&self, structure: &Ident) -> Option<TokenStream> {
        let (_, initial_value) =
            INITIAL_VALUES.iter().find(|(member, _)| *member == self.member)?;
        let initial_value = if structure == INPUT_REQUIRED {
            r#""input_required".to_owned()"#
        } else {
            initial_value
        };
        initial_value.parse().ok()
    }

    fn declared_type(&self) -> TokenStream {
        let ty = &self.ty;
        match (self.required, self.is_boxed()) {
            (true, false) => quote!(#ty),
            (true, true) => quote!(Box<#ty>),
            (false, false) => quote!(Option<#ty>),
            (false, true) => quote!(Option<Box<#ty>>),
        }
    }

    fn argument(&self) -> TokenStream {
        let (ident, ty) = (&self.ident, &self.ty);
        if self.is_string() { quote!(#ident: impl Into<String>) } else { quote!(#ident: #ty) }
    }

    fn setter(&self) -> TokenStream {
        let (ident, argument) = (&self.ident, self.argument());
        let value = if self.is_converted() { quote!(#ident.into()) } else { quote!(#ident) };
        let name = format_ident!("with_{}", ident);
        let doc = format!(" Sets [`{ident}`](Self::{ident}).");
        quote! {
            #[doc = #doc]
            pub fn #name(mut self, #argument) -> Self {
                self.#ident = Some(#value);
                self
            }
        }
    }

    /// Returns the line of the `object!` macro.
    fn macro_line(&self) -> String {
        let kind = match (self.required, self.type_text().as_str()) {
            (true, _) => "required",
            (false, "Value") => "nullable",
            (false, _) if HINTS.contains(&&*self.member) => "hint",
            (false, _) => "optional",
        };
        format!("        {kind} {} = {:?},\n", self.ident, self.member)
    }

    fn is_string(&self) -> bool {
        self.type_text() == "String"
    }

    /// Returns true if a constructor converts the argument.
    fn is_converted(&self) -> bool {
        self.is_string() || self.is_boxed()
    }

    fn is_boxed(&self) -> bool {
        is_boxed(&self.type_text())
    }

    fn type_text(&self) -> String {
        self.ty.to_token_stream().to_string()
    }
}

/// Returns the field name of a member with a prefix, such as `io.modelcontextprotocol/clientInfo`.
fn without_prefix(member: &str) -> Ident {
    let name = member.rsplit('/').next().unwrap_or(member);
    let mut snake = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
    }
    format_ident!("{snake}")
}

/// Returns the name in the serde attribute of a field.
fn wire_name(field: &syn::Field) -> Option<String> {
    let mut name = None;
    for attribute in field.attrs.iter().filter(|attribute| attribute.path().is_ident("serde")) {
        // The rename comes first. Errors in what follows do not matter.
        let _ = attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("rename") {
                name = Some(meta.value()?.parse::<syn::LitStr>()?.value());
            }
            Ok(())
        });
    }
    name
}

/// Removes the module paths that typify writes.
fn without_module_paths(ty: &Type) -> Type {
    let Type::Path(path) = ty else { return ty.clone() };
    let Some(mut last) = path.path.segments.last().cloned() else { return ty.clone() };
    if let syn::PathArguments::AngleBracketed(arguments) = &mut last.arguments {
        for argument in &mut arguments.args {
            if let syn::GenericArgument::Type(inner) = argument {
                *inner = without_module_paths(inner);
            }
        }
    }
    let object: Type = syn::parse_quote!(Map<String, Value>);
    let last: Type = syn::parse_quote!(#last);
    if last.to_token_stream().to_string() == object.to_token_stream().to_string() {
        return syn::parse_quote!(JsonObject);
    }
    last
}

/// Returns the type argument of an `Option`.
fn option_argument(ty: &Type) -> Option<Type> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last().filter(|last| last.ident == "Option")?;
    let syn::PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    match arguments.args.first()? {
        syn::GenericArgument::Type(inner) => Some(inner.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constant_members_are_detected() {
        let structure = syn::parse_quote!(
            struct A {
                mode: Option<String>,
                url: Option<String>,
            }
        );
        let schema = serde_json::json!({ "properties": {
            "mode": { "const": "form", "description": "A.mode" },
            "url": { "description": "A.url" },
        } });
        let fields = StructFields::of(&structure, &schema, None).unwrap().fields;
        let constants: Vec<_> =
            fields.iter().map(|field| (&*field.member, field.constant)).collect();
        assert_eq!(constants, [("mode", true), ("url", false)]);
    }

    #[test]
    fn field_names_have_no_prefix() {
        let field = without_prefix("io.modelcontextprotocol/clientInfo");
        assert_eq!(field.to_string(), "client_info");
    }
}
