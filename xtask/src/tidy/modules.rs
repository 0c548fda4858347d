//! The modules of a crate, as its `mod` lines declare them.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use syn::{Attribute, Item, Meta, UseTree, Visibility, punctuated::Punctuated, spanned::Spanned};

use super::sources::Sources;

/// The names of a module from the root of its crate: `["transport", "message"]`.
pub(super) type ModulePath = Vec<String>;

/// A module that has a file. Inline modules belong to the file that they stand in.
pub(super) struct Module {
    pub(super) file: PathBuf,
    pub(super) syntax: syn::File,
    /// The modules that it declares, in the order of the `mod` lines, without those of tests.
    pub(super) children: Vec<Child>,
    /// The names of its `use` lines, each with its path.
    pub(super) reexports: BTreeMap<String, String>,
}

/// A `mod` line.
#[derive(Debug)]
pub(super) struct Child {
    pub(super) name: String,
    pub(super) line: usize,
    pub(super) is_public: bool,
}

impl Module {
    /// Returns true if the file is the face of a folder: `lib.rs` or `mod.rs`.
    pub(super) fn is_face(&self) -> bool {
        self.file.ends_with("lib.rs") || self.file.ends_with("mod.rs")
    }

    /// The place of a child among the `mod` lines: 0 is the top.
    pub(super) fn rank(&self, child: &str) -> Option<usize> {
        self.children.iter().position(|each| each.name == child)
    }

    /// Returns true if the file itself defines an item with this name.
    pub(super) fn defines(&self, name: &str) -> bool {
        self.syntax.items.iter().any(|item| defined_name(item).is_some_and(|ident| ident == name))
    }

    fn owns_folder(&self) -> bool {
        self.is_face() || self.file.ends_with("main.rs")
    }
}

/// Reads the modules of the crate in `folder`, from `src/lib.rs` or `src/main.rs` down.
pub(super) fn load(folder: &Path, sources: &Sources) -> Result<BTreeMap<ModulePath, Module>> {
    let roots = [folder.join("src/lib.rs"), folder.join("src/main.rs")];
    let Some(root) = roots.iter().find(|file| sources.contains_key(*file)) else {
        bail!("{} has no src/lib.rs or src/main.rs", folder.display());
    };
    let mut modules = BTreeMap::new();
    add(Vec::new(), root, sources, &mut modules)?;
    Ok(modules)
}

fn add(
    path: ModulePath,
    file: &Path,
    sources: &Sources,
    modules: &mut BTreeMap<ModulePath, Module>,
) -> Result<()> {
    let text = sources.get(file).with_context(|| format!("{} is missing", file.display()))?;
    let syntax =
        syn::parse_file(text).with_context(|| format!("cannot parse {}", file.display()))?;
    let mut module =
        Module { file: file.to_owned(), syntax, children: Vec::new(), reexports: BTreeMap::new() };
    for item in &module.syntax.items {
        match item {
            Item::Mod(item) if item.content.is_none() && !is_test_only(&item.attrs) => {
                module.children.push(Child {
                    name: item.ident.to_string(),
                    line: item.span().start().line,
                    is_public: matches!(item.vis, Visibility::Public(_)),
                });
            }
            Item::Use(item) if !is_test_only(&item.attrs) => {
                names(&item.tree, &mut Vec::new(), &mut module.reexports);
            }
            _ => {}
        }
    }
    let parent = file.parent().unwrap_or(Path::new(""));
    let folder = if module.owns_folder() {
        parent.to_owned()
    } else {
        parent.join(file.file_stem().unwrap_or_default())
    };
    for child in &module.children {
        let candidates =
            [folder.join(format!("{}.rs", child.name)), folder.join(&child.name).join("mod.rs")];
        let Some(file) = candidates.iter().find(|file| sources.contains_key(*file)) else {
            bail!("{}: there is no file for \"mod {};\"", file.display(), child.name);
        };
        let path = path.iter().chain([&child.name]).cloned().collect();
        add(path, file, sources, modules)?;
    }
    modules.insert(path, module);
    Ok(())
}

/// Collects the names that a `use` line brings in, each with its whole path.
fn names(tree: &UseTree, prefix: &mut Vec<String>, found: &mut BTreeMap<String, String>) {
    match tree {
        UseTree::Path(path) => {
            prefix.push(path.ident.to_string());
            names(&path.tree, prefix, found);
            prefix.pop();
        }
        UseTree::Name(name) => {
            let name = name.ident.to_string();
            found.insert(name.clone(), format!("{}::{name}", prefix.join("::")));
        }
        UseTree::Rename(rename) => {
            let path = format!("{}::{}", prefix.join("::"), rename.ident);
            found.insert(rename.rename.to_string(), path);
        }
        UseTree::Group(group) => group.items.iter().for_each(|tree| names(tree, prefix, found)),
        UseTree::Glob(_) => {}
    }
}

fn defined_name(item: &Item) -> Option<&syn::Ident> {
    match item {
        Item::Const(item) => Some(&item.ident),
        Item::Enum(item) => Some(&item.ident),
        Item::Fn(item) => Some(&item.sig.ident),
        Item::Macro(item) => item.ident.as_ref(),
        Item::Static(item) => Some(&item.ident),
        Item::Struct(item) => Some(&item.ident),
        Item::Trait(item) => Some(&item.ident),
        Item::Type(item) => Some(&item.ident),
        _ => None,
    }
}

/// Returns true if the compiler sees an item only when it builds tests.
pub(super) fn is_test_only(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<Meta>().is_ok_and(|condition| needs_test(&condition))
    })
}

fn needs_test(condition: &Meta) -> bool {
    match condition {
        Meta::Path(path) => path.is_ident("test") || path.is_ident("doctest"),
        Meta::List(list) if list.path.is_ident("all") => list
            .parse_args_with(Punctuated::<Meta, syn::Token![,]>::parse_terminated)
            .is_ok_and(|all| all.iter().any(needs_test)),
        _ => false,
    }
}
