//! The paths in a file that lead to other modules of its crate.

use proc_macro2::{TokenStream, TokenTree};
use syn::{
    Attribute, Field, ImplItem, Item, ItemMod, ItemUse, Local, Macro, Meta, Path, TraitItem,
    UseTree, Visibility, spanned::Spanned, visit::Visit,
};

use super::modules::{Module, ModulePath, is_test_only};

/// A path that starts with `crate`, `super` or `self`, in a `use` line or inline.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Import {
    pub(super) line: usize,
    /// The path from the root of the crate: modules first, then items. `*` is a glob.
    pub(super) path: ModulePath,
}

/// Collects the imports of a module's file, without those of tests.
pub(super) fn collect(module: &ModulePath, file: &Module) -> Vec<Import> {
    let mut collector = Collector { scope: module.clone(), imports: Vec::new() };
    if !is_test_only(&file.syntax.attrs) {
        collector.visit_file(&file.syntax);
    }
    collector.imports
}

struct Collector {
    /// The module that the visitor is in, inline modules included.
    scope: ModulePath,
    imports: Vec<Import>,
}

impl Collector {
    fn add(&mut self, line: usize, names: &[String]) {
        let Some((first, rest)) = names.split_first() else { return };
        let mut path = match first.as_str() {
            "crate" => Vec::new(),
            "self" => self.scope.clone(),
            "super" => parent(&self.scope),
            _ => return,
        };
        let climbs = rest.iter().take_while(|name| *name == "super").count();
        for _ in 0..climbs {
            path.pop();
        }
        path.extend(rest.iter().skip(climbs).filter(|name| *name != "self").cloned());
        self.imports.push(Import { line, path });
    }

    fn add_use(&mut self, tree: &UseTree, names: &mut Vec<String>) {
        match tree {
            UseTree::Path(path) => {
                names.push(path.ident.to_string());
                self.add_use(&path.tree, names);
                names.pop();
            }
            UseTree::Name(name) => self.add_leaf(name.span(), name.ident.to_string(), names),
            UseTree::Rename(name) => self.add_leaf(name.span(), name.ident.to_string(), names),
            UseTree::Glob(glob) => self.add_leaf(glob.span(), "*".to_owned(), names),
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.add_use(tree, names);
                }
            }
        }
    }

    fn add_leaf(&mut self, span: proc_macro2::Span, leaf: String, names: &mut Vec<String>) {
        names.push(leaf);
        self.add(span.start().line, names);
        names.pop();
    }

    /// Collects the paths in tokens that the parser does not understand.
    fn add_tokens(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut rest = tokens.as_slice();
        while let Some((token, after)) = rest.split_first() {
            rest = after;
            match token {
                TokenTree::Group(group) => self.add_tokens(group.stream()),
                TokenTree::Literal(literal) => self.add_literal(literal),
                TokenTree::Ident(ident) if ident == "crate" || ident == "super" => {
                    rest = self.add_token_path(ident.span(), ident.to_string(), after);
                }
                _ => {}
            }
        }
    }

    /// Collects a path of which the first name is read; returns the tokens after it.
    fn add_token_path<'t>(
        &mut self,
        span: proc_macro2::Span,
        first: String,
        mut rest: &'t [TokenTree],
    ) -> &'t [TokenTree] {
        let mut names = vec![first];
        while let [TokenTree::Punct(one), TokenTree::Punct(two), next, after @ ..] = rest
            && one.as_char() == ':'
            && two.as_char() == ':'
        {
            match next {
                TokenTree::Ident(ident) => names.push(ident.to_string()),
                TokenTree::Group(group) => {
                    self.add_token_group(span, &names, &group.stream());
                    return after;
                }
                _ => break,
            }
            rest = after;
        }
        if names.len() > 1 {
            self.add(span.start().line, &names);
        }
        rest
    }

    /// Collects `{a, b::c}` after a path.
    fn add_token_group(&mut self, span: proc_macro2::Span, names: &[String], tokens: &TokenStream) {
        if let Ok(UseTree::Group(group)) = syn::parse2(quote::quote!({ #tokens })) {
            for tree in &group.items {
                let before = self.imports.len();
                self.add_use(tree, &mut names.to_vec());
                for import in self.imports.iter_mut().skip(before) {
                    import.line = span.start().line;
                }
            }
        }
    }

    /// Collects a path that stands in a string, as serde's `with = "crate::path"`.
    fn add_literal(&mut self, literal: &proc_macro2::Literal) {
        let text = literal.to_string();
        let text = text.trim_matches('"');
        if (text.starts_with("crate::") || text.starts_with("super::"))
            && let Ok(path) = syn::parse_str::<Path>(text)
        {
            self.add(literal.span().start().line, &path_names(&path));
        }
    }
}

impl<'ast> Visit<'ast> for Collector {
    fn visit_item(&mut self, item: &'ast Item) {
        if !is_test_only(attributes(item)) {
            syn::visit::visit_item(self, item);
        }
    }

    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        self.scope.push(item.ident.to_string());
        syn::visit::visit_item_mod(self, item);
        self.scope.pop();
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        if item.leading_colon.is_none() {
            self.add_use(&item.tree, &mut Vec::new());
        }
    }

    fn visit_impl_item(&mut self, item: &'ast ImplItem) {
        let attributes: &[Attribute] = match item {
            ImplItem::Const(item) => &item.attrs,
            ImplItem::Fn(item) => &item.attrs,
            ImplItem::Type(item) => &item.attrs,
            ImplItem::Macro(item) => &item.attrs,
            _ => &[],
        };
        if !is_test_only(attributes) {
            syn::visit::visit_impl_item(self, item);
        }
    }

    fn visit_trait_item(&mut self, item: &'ast TraitItem) {
        let attributes: &[Attribute] = match item {
            TraitItem::Const(item) => &item.attrs,
            TraitItem::Fn(item) => &item.attrs,
            TraitItem::Type(item) => &item.attrs,
            TraitItem::Macro(item) => &item.attrs,
            _ => &[],
        };
        if !is_test_only(attributes) {
            syn::visit::visit_trait_item(self, item);
        }
    }

    fn visit_field(&mut self, field: &'ast Field) {
        if !is_test_only(&field.attrs) {
            syn::visit::visit_field(self, field);
        }
    }

    fn visit_local(&mut self, local: &'ast Local) {
        if !is_test_only(&local.attrs) {
            syn::visit::visit_local(self, local);
        }
    }

    fn visit_path(&mut self, path: &'ast Path) {
        if path.leading_colon.is_none() && path.segments.len() > 1 {
            self.add(path.span().start().line, &path_names(path));
        }
        syn::visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast Macro) {
        self.visit_path(&call.path);
        self.add_tokens(call.tokens.clone());
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        if let Meta::List(list) = &attribute.meta {
            self.add_tokens(list.tokens.clone());
        }
    }

    /// `pub(in crate::module)` imports nothing.
    fn visit_visibility(&mut self, _: &'ast Visibility) {}
}

fn path_names(path: &Path) -> Vec<String> {
    path.segments.iter().map(|segment| segment.ident.to_string()).collect()
}

fn parent(module: &[String]) -> ModulePath {
    module.split_last().map(|(_, parent)| parent.to_vec()).unwrap_or_default()
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Union(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}
